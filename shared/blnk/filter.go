package blnk

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Limits of a filter.
const (
	maxConditions = 20
	maxValues     = 100
	maxValueChars = 1000
)

// operatorValueCounts are the tests of a filter, and how many values each takes; -1 is
// any number but none.
var operatorValueCounts = map[string]int{
	"eq": 1, "ne": 1, "neq": 1, "gt": 1, "gte": 1, "lt": 1, "lte": 1, "like": 1, "ilike": 1,
	"in": -1, "between": 2, "isnull": 0, "isnotnull": 0,
}

const operatorNames = "eq, ne, gt, gte, lt, lte, in, between, like, ilike, isnull or isnotnull"

const metadataPrefix = "meta_data."

// Expressions are compiled when they are first needed: most functions need none,
// and each would cost every cold start its share.
var metadataNamePattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]*$`) })

// reservedParams are the parameters of GET /identities that are no filters.
var reservedParams = []string{"cursor", "limit", "offset", "logical_operator"}

// parseListQuery reads the parameters of GET /identities. One that is neither
// reserved nor a filter passes unseen.
func parseListQuery(q url.Values) (listParams, error) {
	var l listParams
	var faults []string
	filters := url.Values{}
	for _, name := range slices.Sorted(maps.Keys(q)) {
		column, operator, isFilter := splitParameter(name)
		if slices.Contains(reservedParams, name) || !isFilter {
			continue
		}
		for _, value := range q[name] {
			c := condition{Field: column, Operator: operator, Values: splitValue(operator, value)}
			if f := c.check(); f != nil {
				faults = append(faults, safeName(name)+" "+f.reason)
			}
			l.Conditions = append(l.Conditions, c)
			filters.Add(name, value)
		}
	}
	if len(l.Conditions) > maxConditions {
		faults = []string{fmt.Sprintf("a list takes at most %d filters", maxConditions)}
	}
	faults = append(faults, l.parsePaging(q)...)
	if l.Any {
		filters.Set("logical_operator", "or")
	}
	if l.filterQuery = filters.Encode(); len(l.filterQuery) > maxQueryBytes {
		faults = append(faults, fmt.Sprintf("filters in a URL must have at most %d bytes: send them in the body of POST /identities/filter", maxQueryBytes))
	}
	if len(faults) > 0 {
		return l, &apiError{errorCode: invalidRequest, message: strings.Join(faults, "; "), violations: faults}
	}
	return l, nil
}

// splitParameter takes a parameter's name apart: the longest member of an
// identity that it begins with, and an operator. Any name that ends in an
// operator is a filter, also if it begins like no member, and so are
// first_name.eq and first_name[eq]: to pass over a misspelt one would list
// everything.
func splitParameter(name string) (column, operator string, isFilter bool) {
	if rest, ok := strings.CutPrefix(name, metadataPrefix); ok {
		at := strings.LastIndexByte(rest, '_')
		if at < 0 {
			return name, "", true
		}
		return metadataPrefix + rest[:at], rest[at+1:], true
	}
	for known := range columns {
		rest, ok := strings.CutPrefix(name, known)
		if ok && len(known) > len(column) && (rest == "" || strings.ContainsRune("_.[", rune(rest[0]))) {
			column, operator = known, strings.TrimPrefix(rest, "_")
		}
	}
	if column != "" {
		return column, operator, true
	}
	at := strings.LastIndexByte(name, '_')
	_, isFilter = operatorValueCounts[strings.ToLower(name[at+1:])]
	return name, "", at >= 0 && isFilter
}

// safeNamePattern is a parameter's name that an error may tell.
var safeNamePattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`) })

func safeName(name string) string {
	if safeNamePattern().MatchString(name) {
		return name
	}
	return "a parameter"
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

// parsePaging reads the parameters that are no filters and returns what is wrong
// with them.
func (l *listParams) parsePaging(q url.Values) (faults []string) {
	for _, name := range reservedParams {
		if len(q[name]) > 1 {
			faults = append(faults, name+" must be sent once")
		}
	}
	if len(faults) > 0 {
		return faults
	}
	limit, ok := parseInt(q, "limit")
	usual := defaultLimit
	if len(l.Conditions) == 0 {
		usual = maxLimit
	}
	if !l.setLimit(limit, usual) || !ok {
		faults = append(faults, limitMessage)
	}
	if l.offset, ok = parseInt(q, "offset"); !ok || l.offset < 0 || l.offset > maxOffset {
		faults = append(faults, offsetMessage)
	}
	if q.Has("cursor") && q.Has("offset") {
		faults = append(faults, "offset must not be sent with a cursor")
	}
	if l.Any, ok = parseLogicalOperator(q.Get("logical_operator")); !ok {
		faults = append(faults, "logical_operator must be and or or")
	}
	return faults
}

// parseInt reads a parameter; 0 if it is not sent.
func parseInt(q url.Values, name string) (n int, ok bool) {
	if !q.Has(name) {
		return 0, true
	}
	n, err := strconv.Atoi(q.Get(name))
	return n, err == nil
}

// setLimit sets how many a page has at most. 0 asks for the usual number, and
// more than there can be for as many as can be; less is refused.
func (l *listParams) setLimit(asked, usual int) bool {
	l.limit = min(cmp.Or(asked, usual), maxLimit)
	return asked >= 0
}

const limitMessage = "limit must be a whole number from 1 to 100"

const offsetMessage = "offset must be a whole number from 0 to 10000; to go further, follow the header Link"

func parseLogicalOperator(text string) (isOr, ok bool) {
	switch strings.ToLower(text) {
	case "", "and":
		return false, true
	case "or":
		return true, true
	}
	return false, false
}

func invalidParamError(text string) error { return &apiError{errorCode: invalidRequest, message: text} }
