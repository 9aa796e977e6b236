package blnk

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Limits of a filter.
const (
	maxConditions = 20
	maxValues     = 100
	maxValueChars = 1000
)

// operators are the tests of a filter, and how many values each takes; -1 is
// any number but none.
var operators = map[string]int{
	"eq": 1, "ne": 1, "neq": 1, "gt": 1, "gte": 1, "lt": 1, "lte": 1, "like": 1, "ilike": 1,
	"in": -1, "between": 2, "isnull": 0, "isnotnull": 0,
}

const operatorNames = "eq, ne, gt, gte, lt, lte, in, between, like, ilike, isnull or isnotnull"

const metadataPrefix = "meta_data."

var metadataName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]*$`)

// reserved are the parameters of GET /identities that are no filters.
var reserved = []string{"cursor", "limit", "offset", "logical_operator"}

// listQuery reads the parameters of GET /identities. A parameter that begins
// like no member of an identity passes unseen.
func listQuery(q url.Values) (listing, error) {
	l := listing{limit: maxLimit}
	var faults []string
	filters := url.Values{}
	for _, name := range slices.Sorted(maps.Keys(q)) {
		column, operator, isFilter := splitParameter(name)
		if slices.Contains(reserved, name) || !isFilter {
			continue
		}
		for _, value := range q[name] {
			c := condition{Field: column, Operator: operator, Values: splitValue(operator, value)}
			if err := c.check(name); err != nil {
				faults = append(faults, err.Error())
			}
			l.Conditions = append(l.Conditions, c)
			filters.Add(name, value)
		}
	}
	if len(l.Conditions) > maxConditions {
		faults = []string{fmt.Sprintf("a list takes at most %d filters", maxConditions)}
	}
	faults = append(faults, l.readPage(q)...)
	if len(faults) > 0 {
		return l, &refusal{problem: invalidRequest, text: strings.Join(faults, "; "), list: faults}
	}
	if l.Any {
		filters.Set("logical_operator", "or")
	}
	l.query = filters.Encode()
	return l, nil
}

// splitParameter takes a parameter's name apart: the longest member of an
// identity that it begins with, and an operator.
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
		if ok && len(known) > len(column) && (rest == "" || rest[0] == '_') {
			column, operator = known, strings.TrimPrefix(rest, "_")
		}
	}
	return column, operator, column != ""
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

// readPage reads the parameters that are no filters and returns what is wrong
// with them.
func (l *listing) readPage(q url.Values) (faults []string) {
	if len(l.Conditions) > 0 {
		l.limit = defaultLimit
	}
	if text := q.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			faults = append(faults, "limit must be a whole number from 1 to 100")
		} else if n <= maxLimit {
			l.limit = n
		}
	}
	if text := q.Get("offset"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > maxOffset {
			faults = append(faults, offsetText)
		}
		l.offset = n
	}
	isOr, ok := logical(q.Get("logical_operator"))
	if !ok {
		faults = append(faults, "logical_operator must be and or or")
	}
	l.Any = isOr
	return faults
}

const offsetText = "offset must be a whole number from 0 to 10000; to go further, follow the header Link"

func logical(text string) (isOr, ok bool) {
	switch strings.ToLower(text) {
	case "", "and":
		return false, true
	case "or":
		return true, true
	}
	return false, false
}

func invalid(text string) error { return &refusal{problem: invalidRequest, text: text} }
