package auth_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"cedula/shared/auth"
)

func TestParseScopes(t *testing.T) {
	for text, want := range map[string]auth.Scopes{
		"":                {},
		"   ":             {},
		"b a":             {"a", "b"},
		" a  a b ":        {"a", "b"},
		"*":               {"*"},
		"a\tb c":          {"c"},
		"a\nb":            {},
		`a" b\ c`:         {"c"},
		"é a":             {"a"},
		"! ~ a\x7f":       {"!", "~"},
		"identity:read A": {"A", "identity:read"},
	} {
		got := auth.ParseScopes(text)
		if diff := cmp.Diff(want, got); diff != "" || got == nil {
			t.Errorf("ParseScopes(%q): difference (-want +got):\n%s", text, diff)
		}
	}
}

func TestScopesHas(t *testing.T) {
	for fact, tt := range map[string]struct {
		scopes auth.Scopes
		scope  string
		want   bool
	}{
		"held":                 {auth.Scopes{"a", "b"}, "b", true},
		"not held":             {auth.Scopes{"a"}, "b", false},
		"all":                  {auth.Scopes{"*"}, "b", true},
		"none":                 {nil, "a", false},
		"prefix of one held":   {auth.Scopes{"identity:status:write"}, "identity:status", false},
		"no wildcard in parts": {auth.Scopes{"identity:*"}, "identity:read", false},
		"no scope named":       {auth.Scopes{"*"}, "", false},
		"star asked of few":    {auth.Scopes{"a"}, "*", false},
		"other case":           {auth.Scopes{"a"}, "A", false},
		"who reads searches":   {auth.Scopes{"identity:read"}, "identity:search", true},
		"not the reverse":      {auth.Scopes{"identity:search"}, "identity:read", false},
		"nor does who writes":  {auth.Scopes{"identity:write"}, "identity:search", false},
	} {
		if tt.scopes.Has(tt.scope) != tt.want {
			t.Errorf("%s: Has(%q) = %v, want %v", fact, tt.scope, !tt.want, tt.want)
		}
	}
}

func TestIntersectGrantsWhatBothHold(t *testing.T) {
	some := rapid.SliceOf(rapid.SampledFrom([]string{"a", "b", "c", "d", "*", "identity:read", "identity:search"}))
	rapid.Check(t, func(t *rapid.T) {
		a := auth.ParseScopes(strings.Join(some.Draw(t, "a"), " "))
		b := auth.ParseScopes(strings.Join(some.Draw(t, "b"), " "))
		both := a.Intersect(b)
		for _, scope := range []string{"a", "b", "c", "d", "*", "else", "identity:read", "identity:search"} {
			if got, want := both.Has(scope), a.Has(scope) && b.Has(scope); got != want {
				t.Fatalf("Intersect of %v and %v has %s = %v, want %v", a, b, scope, got, want)
			}
		}
		if both == nil || !slices.Equal(both, auth.ParseScopes(both.String())) {
			t.Fatalf("Intersect of %v and %v = %v, want it sorted and without duplicates", a, b, both)
		}
	})
}
