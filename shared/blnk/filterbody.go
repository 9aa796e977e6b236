package blnk

import (
	"fmt"
	"strings"

	"cedula/shared/strictjson"
)

// filterRequest is the body of POST /identities/filter.
type filterRequest struct {
	Filters []struct {
		Field    string           `json:"field"`
		Operator string           `json:"operator"`
		Value    scalar           `json:"value"`
		Values   *[]nonNullScalar `json:"values"`
	} `json:"filters"`
	LogicalOperator string `json:"logical_operator"`
	Limit           int    `json:"limit"`
	Offset          int    `json:"offset"`
	SortBy          string `json:"sort_by"`
	SortOrder       string `json:"sort_order"`
	IncludeCount    bool   `json:"include_count"`
}

// scalar is a text, a number as it was written, or true or false.
type scalar struct {
	text string
	sent bool
}

// UnmarshalJSON refuses objects and arrays. Null is none.
func (p *scalar) UnmarshalJSON(data []byte) error {
	switch v := strictjson.Value(data); v.Kind() {
	case 'n':
		return nil
	case '"':
		var text string
		if err := strictjson.DecodeString(v, &text); err != nil {
			return err
		}
		*p = scalar{text, true}
		return nil
	case '0', 't', 'f':
		*p = scalar{string(data), true}
		return nil
	}
	return errNotScalar
}

var errNotScalar = &strictjson.Error{Reason: "must be a string, a number or a boolean"}

// nonNullScalar is a scalar among others, where null would be taken for a text
// that is empty.
type nonNullScalar string

// UnmarshalJSON refuses null too.
func (s *nonNullScalar) UnmarshalJSON(data []byte) error {
	var p scalar
	err := p.UnmarshalJSON(data)
	if err == nil && !p.sent {
		return errNotScalar
	}
	*s = nonNullScalar(p.text)
	return err
}

// listParams checks the request. An error names the member by its place.
func (f *filterRequest) listParams() (listParams, error) {
	l := listParams{offset: f.Offset, includeCount: f.IncludeCount, fromBody: true}
	var ok bool
	if l.Any, ok = parseLogicalOperator(f.LogicalOperator); !ok {
		return l, invalidParamError("logical_operator must be and or or")
	}
	if f.Offset < 0 || f.Offset > maxOffset {
		return l, invalidParamError(offsetMessage)
	}
	if len(f.Filters) > maxConditions {
		return l, invalidParamError(fmt.Sprintf("filters must have at most %d elements", maxConditions))
	}
	for n := range f.Filters {
		c := condition{Field: f.Filters[n].Field, Operator: f.Filters[n].Operator, Values: f.values(n)}
		if fault := c.check(); fault != nil {
			return l, f.violationError(n, fault)
		}
		l.Conditions = append(l.Conditions, c)
	}
	if !l.setLimit(f.Limit, defaultLimit) {
		return l, invalidParamError(limitMessage)
	}
	return l, l.setSort(f.SortBy, f.SortOrder)
}

// violationError tells what is wrong with a filter, and where it stands.
func (f *filterRequest) violationError(n int, wrong *violation) error {
	place, reason := fmt.Sprintf("filters.%d.%s", n, wrong.part), wrong.reason
	_, known := operatorValueCounts[f.Filters[n].Operator]
	switch at := wrong.index; {
	case wrong.part == "field" && f.Filters[n].Field == "":
		reason = "is required"
	case wrong.part == "operator" && !known:
		reason = "must be " + operatorNames
	case at == 0 && f.Filters[n].Value.sent:
		place = fmt.Sprintf("filters.%d.value", n)
	case at > 0 && f.Filters[n].Value.sent: // the value counts as the first of the values
		place = fmt.Sprintf("%s.%d", place, at-1)
	case at >= 0:
		place = fmt.Sprintf("%s.%d", place, at)
	}
	return invalidParamError(place + " " + reason)
}

// values are those of a filter, whichever member they came in. Where none is
// needed, true is none.
func (f *filterRequest) values(n int) []string {
	count, known := operatorValueCounts[f.Filters[n].Operator]
	var texts []string
	needless := known && count == 0 && f.Filters[n].Value.text == "true"
	if v := f.Filters[n].Value; v.sent && !needless {
		texts = append(texts, v.text)
	}
	if f.Filters[n].Values != nil {
		for _, v := range *f.Filters[n].Values {
			texts = append(texts, string(v))
		}
	}
	return texts
}

// setSort reads how to sort. A member that nobody can sort by is ignored, as Blnk does.
func (l *listParams) setSort(by, direction string) error {
	if _, known := columns[by]; known && by != "meta_data" {
		l.SortBy = by
	}
	switch strings.ToLower(direction) {
	case "", "desc":
	case "asc":
		l.Ascending = true
	default:
		return invalidParamError("sort_order must be asc or desc")
	}
	return nil
}
