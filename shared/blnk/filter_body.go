package blnk

import (
	"fmt"
	"strings"

	"cedula/shared/strictjson"
)

// filterRequest is the body of POST /identities/filter.
type filterRequest struct {
	Filters         []filterJSON `json:"filters"`
	LogicalOperator string       `json:"logical_operator"`
	Limit           int          `json:"limit"`
	Offset          int          `json:"offset"`
	SortBy          string       `json:"sort_by"`
	SortOrder       string       `json:"sort_order"`
	IncludeCount    bool         `json:"include_count"`
}

type filterJSON struct {
	Field    string           `json:"field"`
	Operator string           `json:"operator"`
	Value    scalar           `json:"value"`
	Values   *[]nonNullScalar `json:"values"`
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

// listParams checks the request. An error names the field by its path.
func (f *filterRequest) listParams() (listParams, error) {
	l := listParams{offset: f.Offset, includeCount: f.IncludeCount, fromBody: true}
	if !l.setLogicalOperator(f.LogicalOperator) {
		return l, invalidParamError(operatorMessage)
	}
	if f.Offset < 0 || f.Offset > maxOffset {
		return l, invalidParamError(offsetMessage)
	}
	if len(f.Filters) > maxConditions {
		return l, invalidParamError(fmt.Sprintf("filters must have at most %d elements", maxConditions))
	}
	for n := range f.Filters {
		sent := &f.Filters[n]
		c := condition{Field: sent.Field, Operator: sent.Operator, Values: sent.values()}
		if v := c.normalize(); v != nil {
			return l, invalidParamError(fmt.Sprintf("filters.%d.%s", n, sent.describe(v)))
		}
		l.Conditions = append(l.Conditions, c)
	}
	if !l.setLimit(f.Limit, defaultLimit) {
		return l, invalidParamError(limitMessage)
	}
	return l, l.setSort(f.SortBy, f.SortOrder)
}

// values returns the values of a filter, whichever field they came in. Where none is needed,
// true is none.
func (f *filterJSON) values() []string {
	count, known := operatorValueCounts[f.Operator]
	needless := known && count == 0 && f.Value.text == "true"
	var values []string
	if f.Value.sent && !needless {
		values = append(values, f.Value.text)
	}
	if f.Values != nil {
		for _, v := range *f.Values {
			values = append(values, string(v))
		}
	}
	return values
}

// describe returns the path of what is wrong within a filter, and the reason.
func (f *filterJSON) describe(v *violation) string {
	if v.part == "field" && f.Field == "" {
		return "field is required"
	}
	if _, known := operatorValueCounts[f.Operator]; v.part == "operator" && !known {
		return "operator must be " + operatorNames
	}
	if v.index < 0 {
		return v.part + " " + v.reason
	}
	index := v.index
	if f.Value.sent { // the value counts as the first of the values
		if index == 0 {
			return "value " + v.reason
		}
		index--
	}
	return fmt.Sprintf("%s.%d %s", v.part, index, v.reason)
}

// setSort reads how to sort. A field that a list cannot be sorted by is ignored, as in Blnk.
func (l *listParams) setSort(by, direction string) error {
	if _, known := columns()[by]; known && by != metadataColumn {
		l.SortBy = by
	}
	switch strings.ToLower(direction) {
	case "", "desc":
		return nil
	case "asc":
		l.Ascending = true
		return nil
	}
	return invalidParamError("sort_order must be asc or desc")
}
