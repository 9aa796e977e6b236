package blnk

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"cedula/shared/identity"
	"cedula/shared/registry"
	"cedula/shared/strictjson"
)

// condition is one test of a filter. Cursors contain a hash of its JSON.
type condition struct {
	Field    string   `json:"Field"` // a column, or a field of the metadata
	Operator string   `json:"Operator"`
	Values   []string `json:"Values"`
}

// Limits of a filter.
const (
	maxConditions = 20
	maxValues     = 100
	maxValueChars = 1000
)

// operatorValueCounts are the operators, and how many values each takes; -1 is any number but
// none.
var operatorValueCounts = map[string]int{
	"eq": 1, "ne": 1, "neq": 1, "gt": 1, "gte": 1, "lt": 1, "lte": 1, "like": 1, "ilike": 1,
	"in": -1, "between": 2, "isnull": 0, "isnotnull": 0,
}

const operatorNames = "eq, ne, gt, gte, lt, lte, in, between, like, ilike, isnull or isnotnull"

// Expressions are compiled when they are first needed: most functions need none, and each
// would cost every cold start its share.
var metadataNamePattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]*$`) })

// column returns the condition's column; for metadata, name is the field of it.
func (c *condition) column() (col column, name string, known bool) {
	if name, ok := strings.CutPrefix(c.Field, metadataPrefix); ok {
		return columns()[metadataColumn], name, metadataNamePattern().MatchString(name)
	}
	col, known = columns()[c.Field]
	return col, "", known && col.kind != kindMetadata
}

// violation says what is wrong with a condition.
type violation struct {
	part   string // field, operator, value or values
	index  int    // which value; -1 for their number, or if it is none of them
	reason string // the end of a sentence
}

// normalize returns what is wrong, or nil, and gives the values of dates and times the form in
// which they are compared.
func (c *condition) normalize() *violation {
	col, _, known := c.column()
	if !known {
		return &violation{"field", -1, "names no member to filter by"}
	}
	if _, known := operatorValueCounts[c.Operator]; !known {
		return &violation{"operator", -1, "needs an operator: " + operatorNames}
	}
	if v := c.checkCount(); v != nil {
		return v
	}
	if (col.kind == kindDate || col.kind == kindTimestamp) && strings.HasSuffix(c.Operator, "like") {
		return &violation{"operator", -1, "must not be like or ilike for a date"}
	}
	for n, v := range c.Values {
		if !utf8.ValidString(v) || strings.ContainsRune(v, 0) || utf8.RuneCountInString(v) > maxValueChars {
			return &violation{"values", n, fmt.Sprintf("must be text of at most %d characters", maxValueChars)}
		}
		normalized, ok := col.normalize(v)
		if !ok {
			return &violation{"values", n, "must be a date such as 1990-01-15 or 1990-01-15T00:00:00Z"}
		}
		c.Values[n] = normalized
	}
	return nil
}

// checkCount returns what is wrong with the number of values, or nil.
func (c *condition) checkCount() *violation {
	want, sent := operatorValueCounts[c.Operator], len(c.Values)
	if want < 0 && (sent == 0 || sent > maxValues) {
		return &violation{"values", -1, fmt.Sprintf("must have from 1 to %d values", maxValues)}
	}
	if want < 0 || sent == want {
		return nil
	}
	switch want {
	case 0:
		return &violation{"value", -1, "must have no value, or true"}
	case 1:
		return &violation{"value", -1, "must have one value"}
	}
	return &violation{"values", -1, fmt.Sprintf("must have %d values", want)}
}

// predicate returns the condition as a function of an identity.
//
// A tokenized field is compared as it is shown. Only for equality of an email address or a
// phone number is its value found too.
func (c *condition) predicate(s *registry.Registry) func(*identity.Identity) bool {
	col, name, _ := c.column()
	return func(i *identity.Identity) bool {
		return c.operand(s, i, col, name).satisfies(c.Operator, c.Values)
	}
}

// operand returns what an identity has in the condition's column.
func (c *condition) operand(s *registry.Registry, i *identity.Identity, col column, name string) operand {
	if col.kind == kindMetadata {
		return metadataOperand(strictjson.Field(strictjson.Value(i.Metadata), name))
	}
	value := col.value(i)
	o := operand{text: value, isNull: value == ""}
	if col.kind == kindDate && value == "" {
		o.incomparable = true
		o.isDate = true
	}
	if col.field == identity.FieldEmail || col.field == identity.FieldPhone {
		o.equalFunc = func(v string) bool { return s.HasValue(i, col.field, v) }
	}
	return o
}
