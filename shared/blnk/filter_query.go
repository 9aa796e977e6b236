package blnk

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// pageParams are the parameters of GET /identities that are no filters.
var pageParams = []string{"cursor", "limit", "offset", "logical_operator"}

// parseListQuery reads the parameters of GET /identities. One that is neither of pageParams
// nor a filter is ignored.
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
			c := condition{Field: field, Operator: operator, Values: splitValue(operator, value)}
			if v := c.normalize(); v != nil {
				violations = append(violations, safeName(name)+" "+v.reason)
			}
			l.Conditions = append(l.Conditions, c)
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

// splitParameter splits a parameter's name into the longest column that it begins with, and an
// operator. Any name that ends in an operator is a filter, also if it begins like no column,
// and so are first_name.eq and first_name[eq]: to ignore a misspelt one would list everything.
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
	_, isFilter = operatorValueCounts[strings.ToLower(name[at+1:])]
	return name, "", at >= 0 && isFilter
}

// splitValue reads the values of a parameter: several for in and between.
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

// safeNamePattern matches a parameter's name that an error may repeat.
var safeNamePattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`) })

func safeName(name string) string {
	if safeNamePattern().MatchString(name) {
		return name
	}
	return "a parameter"
}

// parsePage reads the parameters that are no filters and returns what is wrong with them.
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
