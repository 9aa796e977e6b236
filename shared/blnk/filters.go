package blnk

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"cedula/shared/strictjson"
)

// pageParams are the parameters of GET /identities besides its filters.
var pageParams = []string{"cursor", "limit", "offset", "logical_operator", "partial"}

// parseListQuery reads the parameters of GET /identities. It ignores unknown ones.
func parseListQuery(q url.Values) (listParams, error) {
	var l listParams
	var violations []string
	filters := url.Values{}
	for _, name := range slices.Sorted(maps.Keys(q)) {
		field, operator, isFilter := splitParameter(name)
		if slices.Contains(pageParams, name) || !isFilter {
			continue
		}
		for _, value := range q[name] {
			if v := l.add(condition{Field: field, Operator: operator, Values: splitValue(operator, value)}); v != nil {
				violations = append(violations, safeName(name)+" "+v.reason)
			}
			filters.Add(name, value)
		}
	}
	if len(l.Conditions) > maxConditions {
		violations = []string{fmt.Sprintf("a list takes at most %d filters", maxConditions)}
	}
	violations = append(violations, l.parsePage(q)...)
	if l.Any {
		filters.Set("logical_operator", "or")
	}
	l.filterQuery = filters.Encode()
	if len(l.filterQuery) > maxQueryBytes {
		violations = append(violations, fmt.Sprintf("filters in a URL must have at most %d bytes: send them in the body of POST /identities/filter", maxQueryBytes))
	}
	if len(violations) > 0 {
		return l, &apiError{errorCode: invalidRequest, message: strings.Join(violations, "; "), violations: violations}
	}
	return l, nil
}

// splitParameter splits a parameter's name into its longest prefix that is a column, and an operator. Any name that ends
// in an operator is a filter, and so is first_name.eq: ignoring a misspelled filter would list all identities.
func splitParameter(name string) (field, operator string, isFilter bool) {
	if rest, ok := strings.CutPrefix(name, metadataPrefix); ok {
		at := strings.LastIndexByte(rest, '_')
		if at < 0 {
			return name, "", true
		}
		return metadataPrefix + rest[:at], rest[at+1:], true
	}
	if column, rest := splitColumn(name); column != "" {
		return column, strings.TrimPrefix(rest, "_"), true
	}
	at := strings.LastIndexByte(name, '_')
	_, isFilter = operators[strings.ToLower(name[at+1:])]
	return name, "", at >= 0 && isFilter
}

// splitValue parses the values of a parameter: several for in and between.
func splitValue(operator, value string) []string {
	switch operator {
	case "in":
		return strings.Split(value, ",")
	case "between":
		return strings.Split(value, "|")
	case "isnull", "isnotnull":
		if value == "" || value == "true" || value == "1" {
			return nil
		}
	}
	return []string{value}
}

// safeName returns a parameter's name if an error may contain it.
func safeName(name string) string {
	if name == "" || len(name) > 64 || strings.Trim(name, alphanumeric+"_.-") != "" {
		return "a parameter"
	}
	return name
}

// parsePage parses the parameters that are not filters and returns their errors.
func (l *listParams) parsePage(q url.Values) (violations []string) {
	for _, name := range pageParams {
		if len(q[name]) > 1 {
			violations = append(violations, name+" must be sent once")
		}
	}
	if len(violations) > 0 {
		return violations
	}
	usual := defaultLimit
	if len(l.Conditions) == 0 {
		usual = maxLimit
	}
	limit, ok := parseInt(q, "limit")
	if !l.setLimit(limit, usual) || !ok {
		violations = append(violations, limitMessage)
	}
	l.offset, ok = parseInt(q, "offset")
	if !ok || l.offset < 0 || l.offset > maxOffset {
		violations = append(violations, offsetMessage)
	}
	if q.Has("cursor") && q.Has("offset") {
		violations = append(violations, "offset must not be sent with a cursor")
	}
	if !l.setLogicalOperator(q.Get("logical_operator")) {
		violations = append(violations, operatorMessage)
	}
	if !l.setPartial(q) {
		violations = append(violations, partialMessage)
	}
	return violations
}

// parseInt reads an optional integer parameter; absent means 0.
func parseInt(q url.Values, name string) (n int, ok bool) {
	if !q.Has(name) {
		return 0, true
	}
	n, err := strconv.Atoi(q.Get(name))
	return n, err == nil
}

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
	Field    string                      `json:"field"`
	Operator string                      `json:"operator"`
	Value    strictjson.Optional[scalar] `json:"value"`
	Values   []scalar                    `json:"values"`
}

func (f *filterJSON) hasValue() bool { return f.Value.Sent && !f.Value.Null() }

// scalar is a string, a number as it was written, true or false.
type scalar string

// UnmarshalJSON rejects anything else, also null.
func (s *scalar) UnmarshalJSON(data []byte) error {
	switch v := strictjson.Value(data); v.Kind() {
	case '"':
		return strictjson.DecodeString(v, (*string)(s))
	case '0', 't', 'f':
		*s = scalar(data)
		return nil
	}
	return &strictjson.Error{Reason: "must be a string, a number or a boolean"}
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
		if v := l.add(condition{Field: sent.Field, Operator: sent.Operator, Values: sent.values()}); v != nil {
			return l, invalidParamError(fmt.Sprintf("filters.%d.%s", n, sent.describe(v)))
		}
	}
	if !l.setLimit(f.Limit, defaultLimit) {
		return l, invalidParamError(limitMessage)
	}
	return l, l.setSort(f.SortBy, f.SortOrder)
}

// values returns the values of both fields of a filter. An operator without values ignores true.
func (f *filterJSON) values() []string {
	operator, known := operators[f.Operator]
	needless := known && operator.values == 0 && f.Value.Value == "true"
	var values []string
	if f.hasValue() && !needless {
		values = append(values, string(f.Value.Value))
	}
	for _, v := range f.Values {
		values = append(values, string(v))
	}
	return values
}

// describe returns the path of v within the filter, and its reason.
func (f *filterJSON) describe(v *violation) string {
	if v.part == "field" && f.Field == "" {
		return "field is required"
	}
	if _, known := operators[f.Operator]; v.part == "operator" && !known {
		return "operator must be " + operatorNames
	}
	if v.index < 0 {
		return v.part + " " + v.reason
	}
	index := v.index
	if f.hasValue() { // value precedes values
		if index == 0 {
			return "value " + v.reason
		}
		index--
	}
	return fmt.Sprintf("%s.%d %s", v.part, index, v.reason)
}

// setSort sets the order. It ignores an unknown field, as Blnk does.
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
