package auth

import (
	"slices"
	"strings"
)

// The scopes that routes ask for. A client may also hold "*", which is all.
const (
	ScopeAll                 = "*"
	ScopeIdentityRead        = "identity:read"
	ScopeIdentityWrite       = "identity:write"
	ScopeIdentityStatusWrite = "identity:status:write" // to set a status by oneself
	ScopeIdentityDelete      = "identity:delete"
	ScopeIdentitySearch      = "identity:search" // part of ScopeIdentityRead
	ScopeIdentityDetokenize  = "identity:detokenize"
	ScopeIdentityReview      = "identity:review"
	ScopeClientAdmin         = "client:admin"
	ScopeKeyRead             = "key:read"   // to list the client's keys
	ScopeKeyWrite            = "key:write"  // to make keys, of no more than one's own scopes
	ScopeKeyDelete           = "key:delete" // to revoke keys
)

// AllScopes are those that there are.
var AllScopes = Scopes{
	ScopeAll, ScopeClientAdmin, ScopeIdentityDelete, ScopeIdentityDetokenize, ScopeIdentityRead, ScopeIdentityReview,
	ScopeIdentitySearch, ScopeIdentityStatusWrite, ScopeIdentityWrite, ScopeKeyDelete, ScopeKeyRead, ScopeKeyWrite,
}

// Scopes are what a credential may do: sorted and unique. Empty means nothing.
type Scopes []string

// ParseScopes reads space-separated scopes. What is no scope-token of RFC 6749,
// section 3.3, grants nothing and is left out. The answer is never nil.
func ParseScopes(s string) Scopes {
	return NewScopes(strings.Split(s, " "))
}

// NewScopes returns the scopes in list that are valid, sorted and without duplicates.
func NewScopes(list []string) Scopes {
	scopes := make(Scopes, 0, len(list))
	for _, s := range list {
		if validScope(s) {
			scopes = append(scopes, s)
		}
	}
	slices.Sort(scopes)
	return slices.Compact(scopes)
}

// Has tells whether scope is among them or part of one. The empty scope is held by nobody, so
// that a route which forgot to name one stays shut.
func (s Scopes) Has(scope string) bool {
	return scope != "" && (slices.Contains(s, scope) || slices.Contains(s, ScopeAll) ||
		scope == ScopeIdentitySearch && slices.Contains(s, ScopeIdentityRead))
}

// Intersect returns the scopes that both hold; never nil, and no memory shared.
func (s Scopes) Intersect(other Scopes) Scopes {
	both := make([]string, 0, max(len(s), len(other)))
	for _, scope := range s {
		if other.Has(scope) {
			both = append(both, scope)
		}
	}
	for _, scope := range other {
		if s.Has(scope) {
			both = append(both, scope)
		}
	}
	return NewScopes(both)
}

// String is the form that ParseScopes reads.
func (s Scopes) String() string { return strings.Join(s, " ") }

// validScope: one or more of %x21, %x23-5B, %x5D-7E (RFC 6749, section 3.3).
func validScope(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < 0x21 || c > 0x7e || c == '"' || c == '\\' {
			return false
		}
	}
	return s != ""
}
