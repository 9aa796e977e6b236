package auth

import (
	"slices"
	"strings"
)

// The scopes that routes require. ScopeAll includes all others.
const (
	ScopeAll                 = "*"
	ScopeIdentityRead        = "identity:read"
	ScopeIdentityWrite       = "identity:write"
	ScopeIdentityStatusWrite = "identity:status:write" // to set a status directly
	ScopeIdentityDelete      = "identity:delete"
	ScopeIdentitySearch      = "identity:search" // part of ScopeIdentityRead
	ScopeIdentityDetokenize  = "identity:detokenize"
	ScopeIdentityReview      = "identity:review"
	ScopeClientAdmin         = "client:admin"
	ScopeKeyRead             = "key:read"   // to list the client's keys
	ScopeKeyWrite            = "key:write"  // to create keys with at most the scopes of the caller
	ScopeKeyDelete           = "key:delete" // to revoke keys
)

// AllScopes lists the scopes.
var AllScopes = Scopes{
	ScopeAll, ScopeClientAdmin, ScopeIdentityDelete, ScopeIdentityDetokenize, ScopeIdentityRead, ScopeIdentityReview,
	ScopeIdentitySearch, ScopeIdentityStatusWrite, ScopeIdentityWrite, ScopeKeyDelete, ScopeKeyRead, ScopeKeyWrite,
}

// Scopes are what a credential allows, sorted and without duplicates. Empty allows nothing.
type Scopes []string

// ParseScopes reads space-separated scopes. It omits what is not a scope-token of RFC 6749, section 3.3. The result is
// never nil.
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

// Has reports whether the scopes include scope. They never include the empty scope, so that a route without a scope
// admits no caller.
func (s Scopes) Has(scope string) bool {
	if scope == "" {
		return false
	}
	if scope == ScopeIdentitySearch && slices.Contains(s, ScopeIdentityRead) {
		return true
	}
	return slices.Contains(s, scope) || slices.Contains(s, ScopeAll)
}

// Intersect returns the scopes that both include. The result is never nil and shares no memory with them.
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

// String returns the form that ParseScopes reads.
func (s Scopes) String() string { return strings.Join(s, " ") }

// validScope requires one or more of %x21, %x23-5B, %x5D-7E (RFC 6749, section 3.3).
func validScope(s string) bool {
	invalid := func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }
	return s != "" && !strings.ContainsFunc(s, invalid)
}
