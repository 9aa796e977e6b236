package blnk

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"cedula/shared/identity"
	"cedula/shared/registry"
	"cedula/shared/strictjson"
)

// Limits of a page.
const (
	defaultLimit  = 20 // as in Blnk; where Blnk does not paginate, a page has maxLimit
	maxLimit      = 100
	maxOffset     = 10_000
	maxQueryBytes = 6000 // of filters in a URL: the cursor contains them and must fit into one too
)

const (
	limitMessage    = "limit must be a whole number from 1 to 100"
	offsetMessage   = "offset must be a whole number from 0 to 10000; to go further, follow the header Link"
	operatorMessage = "logical_operator must be and or or"
	partialMessage  = "partial must be true or false"
)

// listParams is a request for a page of a list. The fingerprint in a cursor is a hash of its JSON: renaming a field
// invalidates the cursors in use.
type listParams struct {
	Conditions []condition `json:"Conditions"`
	Any        bool        `json:"Any"`    // one condition is enough
	SortBy     string      `json:"SortBy"` // a column; empty: created_at
	Ascending  bool        `json:"Ascending"`

	limit        int
	offset       int
	includeCount bool
	filterQuery  string // the filters of a URL, for the next page's link
	fromBody     bool   // the filters came in a body
	patternChars int    // of all like and ilike
	partial      bool   // the client accepts pages that are not full, and goes on with the next
}

// add normalizes a condition and adds it. It returns a violation or nil.
func (l *listParams) add(c condition) *violation {
	v := c.normalize()
	l.Conditions = append(l.Conditions, c)
	if v != nil || !c.isPattern() {
		return v
	}
	l.patternChars += utf8.RuneCountInString(c.Values[0])
	if l.patternChars > maxValueChars {
		return &violation{"values", 0, fmt.Sprintf("and the other patterns must have at most %d characters together", maxValueChars)}
	}
	return nil
}

// fingerprint distinguishes lists by their filters and order.
func (l *listParams) fingerprint() string {
	sum := sha256.Sum256(strictjson.Encode(l))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// setLimit sets the limit, at most maxLimit; 0 means usual, the default. It returns false for a negative limit.
func (l *listParams) setLimit(asked, usual int) bool {
	l.limit = min(cmp.Or(asked, usual), maxLimit)
	return asked >= 0
}

// setLogicalOperator sets how the conditions are joined; it returns false for an unknown operator.
func (l *listParams) setLogicalOperator(s string) bool {
	s = strings.ToLower(s)
	l.Any = s == "or"
	return l.Any || s == "and" || s == ""
}

// setPartial sets whether partial pages are accepted; it returns false for an unknown value.
func (l *listParams) setPartial(q url.Values) bool {
	sent := q["partial"]
	l.partial = slices.Equal(sent, []string{"true"})
	return l.partial || len(sent) == 0 || slices.Equal(sent, []string{"false"})
}

// query returns the registry's query for the list.
func (l *listParams) query(s *registry.Registry, tenant string) registry.Query {
	q := registry.Query{Tenant: tenant, Limit: l.limit, Ascending: l.Ascending, CountTotal: l.includeCount}
	if l.SortBy != "" && l.SortBy != "created_at" {
		q.SortBy = columns()[l.SortBy].value
	}
	if len(l.Conditions) == 0 {
		return q
	}
	q.Match = l.match(s)
	useIndexes(&q, l.Conditions, l.Any)
	return q
}

func (l *listParams) match(s *registry.Registry) func(*identity.Identity) bool {
	tests := make([]func(*identity.Identity) bool, len(l.Conditions))
	for n := range l.Conditions {
		tests[n] = l.Conditions[n].predicate(s)
	}
	return func(i *identity.Identity) bool {
		for _, satisfied := range tests {
			if satisfied(i) == l.Any {
				return l.Any
			}
		}
		return !l.Any
	}
}

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
	maxValueChars = 1000 // also of all patterns together, because matching them costs most
)

const alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// validMetadataName accepts letters, digits and "_" after a letter.
func validMetadataName(s string) bool {
	return s != "" && strings.Trim(s, alphanumeric+"_") == "" && strings.IndexByte(alphanumeric[:52], s[0]) >= 0
}

// column returns the condition's column; for metadata, name is the field of it.
func (c *condition) column() (col column, name string, known bool) {
	if name, ok := strings.CutPrefix(c.Field, metadataPrefix); ok {
		return columns()[metadataColumn], name, validMetadataName(name)
	}
	col, known = columns()[c.Field]
	return col, "", known && col.value != nil
}

// violation is an error in a condition.
type violation struct {
	part   string // field, operator, value or values
	index  int    // of the value; -1 for another part or the number of values
	reason string // the end of a sentence
}

// normalize normalizes dates and times for comparison. It returns a violation or nil.
func (c *condition) normalize() *violation {
	col, _, known := c.column()
	if !known {
		return &violation{"field", -1, "is not a field that can be filtered"}
	}
	if _, known := operators[c.Operator]; !known {
		return &violation{"operator", -1, "needs an operator: " + operatorNames}
	}
	if v := c.checkCount(); v != nil {
		return v
	}
	if col.normalize != nil && c.isPattern() {
		return &violation{"operator", -1, "must not be like or ilike for a date"}
	}
	for n, v := range c.Values {
		if !utf8.ValidString(v) || strings.ContainsRune(v, 0) || utf8.RuneCountInString(v) > maxValueChars {
			return &violation{"values", n, fmt.Sprintf("must be text of at most %d characters", maxValueChars)}
		}
		if col.normalize == nil {
			continue
		}
		normalized, ok := col.normalize(v)
		if !ok {
			return &violation{"values", n, "must be a date such as 1990-01-15 or 1990-01-15T00:00:00Z"}
		}
		c.Values[n] = normalized
	}
	return nil
}

// checkCount returns a violation if the number of values is wrong, or nil.
func (c *condition) checkCount() *violation {
	want, sent := operators[c.Operator].values, len(c.Values)
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

// predicate returns the condition as a function. It compares the displayed value of a tokenized field, and for equality
// of an email address or phone number also the stored value.
func (c *condition) predicate(s *registry.Registry) func(*identity.Identity) bool {
	col, name, _ := c.column()
	op := operators[c.Operator]
	if c.isPattern() {
		pattern := newLikePattern(c.Values[0], c.Operator == opILike)
		op.holds = func(o operand, _ []string) bool { return pattern.match(o.text) }
	}
	return func(i *identity.Identity) bool {
		o := c.operand(s, i, col, name)
		return (!op.ordered || !o.incomparable) && op.holds(o, c.Values)
	}
}

func (c *condition) isPattern() bool { return c.Operator == opLike || c.Operator == opILike }

func (c *condition) operand(s *registry.Registry, i *identity.Identity, col column, name string) operand {
	if col.value == nil {
		return metadataOperand(strictjson.Field(strictjson.Value(i.Metadata), name))
	}
	value := col.value(i)
	o := operand{text: value, isNull: value == ""}
	if col.normalize != nil && value == "" {
		o.incomparable = true
		o.isDate = true
	}
	if col.field == identity.FieldEmail || col.field == identity.FieldPhone {
		o.equalFunc = func(v string) bool { return s.HasValue(i, col.field, v) }
	}
	return o
}

// useIndexes limits what the registry reads for a query. If one condition is enough, every condition must have lookups,
// all of the same kind.
func useIndexes(q *registry.Query, conditions []condition, anyOf bool) {
	if anyOf {
		useIndexesForAny(q, conditions)
		return
	}
	for n := range conditions {
		c := &conditions[n]
		if c.Field == "created_at" {
			c.limitCreation(q)
			continue
		}
		ids, indexes := c.lookups(q.Tenant)
		if q.IDs == nil {
			q.IDs = ids
		}
		if q.Indexes == nil {
			q.Indexes = indexes
		}
	}
}

func useIndexesForAny(q *registry.Query, conditions []condition) {
	var ids []string
	var indexes []identity.Index
	for n := range conditions {
		moreIDs, moreIndexes := conditions[n].lookups(q.Tenant)
		if moreIDs == nil && moreIndexes == nil {
			return
		}
		ids = append(ids, moreIDs...)
		indexes = append(indexes, moreIndexes...)
	}
	if len(indexes) == 0 {
		q.IDs = ids
	} else if len(ids) == 0 {
		q.Indexes = indexes
	}
}

// lookups returns ids or indexes that contain all identities that satisfy the condition; neither if no index applies.
// Indexes do not contain placeholders of tokenized fields.
func (c *condition) lookups(tenant string) (ids []string, indexes []identity.Index) {
	none := func(v string) bool { return v == "" || strings.HasPrefix(v, tokenPrefix) }
	if c.Operator != "eq" && c.Operator != "in" || slices.ContainsFunc(c.Values, none) {
		return nil, nil
	}
	for _, v := range c.Values {
		switch c.Field {
		case "identity_id":
			ids = append(ids, v)
		case "email_address":
			indexes = append(indexes, identity.Index{Tenant: tenant, Email: v}.Forms()...)
		case "phone_number":
			indexes = append(indexes, identity.Index{Tenant: tenant, Phone: v})
		}
	}
	return ids, indexes
}

// limitCreation limits the query to the time range of a condition on created_at.
func (c *condition) limitCreation(q *registry.Query) {
	at := func(n int) time.Time {
		t, _ := time.Parse(time.RFC3339Nano, c.Values[n])
		return t
	}
	var from, until time.Time
	switch c.Operator {
	case "gt", "gte":
		from = at(0)
	case "lt", "lte":
		until = at(0)
	case "eq", "between":
		from = at(0)
		until = at(len(c.Values) - 1)
	}
	if from.After(q.CreatedFrom) {
		q.CreatedFrom = from
	}
	if !until.IsZero() && (q.CreatedUntil.IsZero() || until.Before(q.CreatedUntil)) {
		q.CreatedUntil = until
	}
}
