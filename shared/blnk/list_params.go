package blnk

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"cedula/shared/identity"
	"cedula/shared/registry"
	"cedula/shared/strictjson"
)

// Limits of a page.
const (
	defaultLimit  = 20 // as Blnk has it; where Blnk lists everything, a page is maxLimit
	maxLimit      = 100
	maxOffset     = 10_000
	maxQueryBytes = 6000 // bytes of filters in a URL: a cursor carries them, and must go into one too
)

const (
	limitMessage    = "limit must be a whole number from 1 to 100"
	offsetMessage   = "offset must be a whole number from 0 to 10000; to go further, follow the header Link"
	operatorMessage = "logical_operator must be and or or"
)

// listParams is what a client asks of a list. Its JSON is what a cursor's fingerprint is
// computed from: a field that is renamed there invalidates the cursors in use.
type listParams struct {
	Conditions []condition `json:"Conditions"`
	Any        bool        `json:"Any"`    // one condition suffices
	SortBy     string      `json:"SortBy"` // a column; empty: created_at
	Ascending  bool        `json:"Ascending"`

	limit        int
	offset       int
	includeCount bool
	filterQuery  string // the filters of a URL, for the next page's link
	fromBody     bool   // the filters came in a body
}

// fingerprint distinguishes lists by their filters and order.
func (l *listParams) fingerprint() string {
	sum := sha256.Sum256(strictjson.Encode(l))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// setLimit sets how many identities a page has at most. 0 asks for the usual number, and more
// than there can be for as many as can be; it returns false for less.
func (l *listParams) setLimit(asked, usual int) bool {
	l.limit = min(cmp.Or(asked, usual), maxLimit)
	return asked >= 0
}

// setLogicalOperator reads how the conditions are joined; false if s is no operator.
func (l *listParams) setLogicalOperator(s string) bool {
	s = strings.ToLower(s)
	l.Any = s == "or"
	return l.Any || s == "and" || s == ""
}

// query returns what the registry is to look for. What the conditions say of ids, emails,
// phones and the time of creation narrows what is read.
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
