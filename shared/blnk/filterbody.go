package blnk

import (
	"fmt"
	"strings"

	"cedula/shared/strictjson"
)

// filterRequest is the body of POST /identities/filter.
type filterRequest struct {
	Filters []struct {
		Field    string      `json:"field"`
		Operator string      `json:"operator"`
		Value    plainValue  `json:"value"`
		Values   *[]someText `json:"values"`
	} `json:"filters"`
	LogicalOperator string `json:"logical_operator"`
	Limit           int    `json:"limit"`
	Offset          int    `json:"offset"`
	SortBy          string `json:"sort_by"`
	SortOrder       string `json:"sort_order"`
	IncludeCount    bool   `json:"include_count"`
}

// plainValue is a text, a number as it was written, or true or false.
type plainValue struct {
	text string
	sent bool
}

// UnmarshalJSON refuses objects and arrays. Null is none.
func (p *plainValue) UnmarshalJSON(data []byte) error {
	switch v := strictjson.Value(data); v.Kind() {
	case 'n':
		return nil
	case '"':
		var text string
		if err := strictjson.Text(v, &text); err != nil {
			return err
		}
		*p = plainValue{text, true}
		return nil
	case '0', 't', 'f':
		*p = plainValue{string(data), true}
		return nil
	}
	return errPlain
}

var errPlain = &strictjson.Error{Reason: "must be a string, a number or a boolean"}

// someText is a plainValue among others, where null would be taken for a text
// that is empty.
type someText string

// UnmarshalJSON refuses null too.
func (s *someText) UnmarshalJSON(data []byte) error {
	var p plainValue
	err := p.UnmarshalJSON(data)
	if err == nil && !p.sent {
		return errPlain
	}
	*s = someText(p.text)
	return err
}

// listing checks the request. An error names the member by its place.
func (f *filterRequest) listing() (listing, error) {
	l := listing{offset: f.Offset, count: f.IncludeCount, posted: true}
	var ok bool
	if l.Any, ok = logical(f.LogicalOperator); !ok {
		return l, invalid("logical_operator must be and or or")
	}
	if f.Offset < 0 || f.Offset > maxOffset {
		return l, invalid(offsetText)
	}
	if len(f.Filters) > maxConditions {
		return l, invalid(fmt.Sprintf("filters must have at most %d elements", maxConditions))
	}
	for n := range f.Filters {
		c := condition{Field: f.Filters[n].Field, Operator: f.Filters[n].Operator, Values: f.values(n)}
		if fault := c.check(); fault != nil {
			return l, f.refusal(n, fault)
		}
		l.Conditions = append(l.Conditions, c)
	}
	if !l.setLimit(f.Limit, defaultLimit) {
		return l, invalid(limitText)
	}
	return l, l.order(f.SortBy, f.SortOrder)
}

// refusal tells what is wrong with a filter, and where it stands.
func (f *filterRequest) refusal(n int, wrong *fault) error {
	place, reason := fmt.Sprintf("filters.%d.%s", n, wrong.part), wrong.reason
	_, known := operators[f.Filters[n].Operator]
	switch at := wrong.at; {
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
	return invalid(place + " " + reason)
}

// values are those of a filter, whichever member they came in. Where none is
// needed, true is none.
func (f *filterRequest) values(n int) []string {
	count, known := operators[f.Filters[n].Operator]
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

// order reads how to sort. A member that nobody can sort by is ignored, as Blnk does.
func (l *listing) order(by, direction string) error {
	if _, known := columns[by]; known && by != "meta_data" {
		l.SortBy = by
	}
	switch strings.ToLower(direction) {
	case "", "desc":
	case "asc":
		l.Ascending = true
	default:
		return invalid("sort_order must be asc or desc")
	}
	return nil
}
