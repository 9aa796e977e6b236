package blnk_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cedula/shared/auth"
)

// grants is what each word of Blnk's is worth here, written out.
var grants = map[string]string{
	"identities:read":       "identity:read",
	"identities:write":      "identity:write",
	"identities:delete":     "identity:delete",
	"identities:detokenize": "identity:detokenize",
	"identities:*":          "identity:delete identity:detokenize identity:read identity:write",
	"api-keys:read":         "key:read",
	"api-keys:write":        "key:write",
	"api-keys:delete":       "key:delete",
	"api-keys:*":            "key:delete key:read key:write",
	"*:read":                "identity:read key:read",
	"*:write":               "identity:write key:write",
	"*:delete":              "identity:delete key:delete",
	"*:detokenize":          "identity:detokenize",
	"*:*":                   "identity:delete identity:detokenize identity:read identity:write key:delete key:read key:write",

	"ledgers:read": "", "balances:write": "", "accounts:*": "", "transactions:write": "", "hooks:delete": "", "search:read": "",
	"reconciliation:write": "", "metadata:write": "", "backup:read": "", "multi-search:read": "", "bulk_jobs2:approve": "", "*:approve": "",
}

var words = slices.Sorted(maps.Keys(grants))

// worth is what words grant together.
func worth(list ...string) auth.Scopes {
	var all []string
	for _, word := range list {
		all = append(all, grants[word])
	}
	return auth.ParseScopes(strings.Join(all, " "))
}

func TestScopeMatrix(t *testing.T) {
	w := newWorld(t)
	for _, held := range words {
		client := w.client("acme", append(worth(held), auth.ScopeKeyWrite)...)
		maker := client.made(newKey{Scopes: []string{held, "api-keys:write"}})
		for _, asked := range words {
			client.allows(maker, []string{asked})
		}
	}
}

func TestScopesOfAnySet(t *testing.T) {
	w := newWorld(t)
	some := rapid.SliceOfN(rapid.SampledFrom(words), 1, 4)
	rapid.Check(t, func(r *rapid.T) {
		client := w.client("acme", auth.ScopeAll)
		maker := client.made(newKey{Scopes: append(some.Draw(r, "held"), "api-keys:write")})
		client.allows(maker, some.Draw(r, "asked"))
	})
}

// allows lets a key ask for another. It must get it just when it holds all that
// the words are worth, and the new key must hold no more than that.
func (c *client) allows(maker string, asked []string) {
	c.w.Helper()
	held, want := c.callerOf(maker).Scopes, worth(asked...)
	got := c.w.send(newKey{Scopes: asked}.request().by(c.contextOf(maker)))
	if slices.ContainsFunc(want, func(s string) bool { return !held.Has(s) }) {
		wantError(c.w, got, 403, "AUTH_INSUFFICIENT_PERMISSIONS",
			"An API key can be given neither more scopes than the key that makes it nor another owner")
		return
	}
	wantStatus(c.w, got, 201)
	if scopes := c.callerOf(textOf(c.w, got)).Scopes; !slices.Equal(scopes, want) {
		c.w.Errorf("%v asked for %v: the key may %v, want %v", held, asked, scopes, want)
	}
}

// TestNoKeyIsAdmin: whoever makes it, and whatever it asks for.
func TestNoKeyIsAdmin(t *testing.T) {
	w := newWorld(t)
	client := w.client("acme", auth.ScopeAll)
	scopes := client.callerOf(client.made(newKey{Scopes: words})).Scopes
	for _, never := range []string{auth.ScopeAll, auth.ScopeClientAdmin, auth.ScopeIdentityStatusWrite, auth.ScopeIdentityReview} {
		if scopes.Has(never) {
			t.Errorf("%v holds %s", scopes, never)
		}
	}
}

func TestMalformedScopes(t *testing.T) {
	const form = "must be a resource and an action in lower case, such as identities:read"
	w := newWorld(t)
	master := w.client("acme", auth.ScopeAll)
	for _, tt := range []struct{ scope, want string }{
		{"", form},
		{"*", form},
		{":", form},
		{"identities", form},
		{"identities:", form},
		{":read", form},
		{"Identities:read", form},
		{"identities:READ", form},
		{"identities:read:all", form},
		{"identities: read", form},
		{" identities:read", form},
		{"identities:read,write", form},
		{"identities:**", form},
		{"ident*:read", form},
		{"idéntities:read", form},
		{"identity:read\u202e", form},
		{"identities:approve", "must name an action of identities: read, write, delete, detokenize or *"},
		{"identities:search", "must name an action of identities: read, write, delete, detokenize or *"},
		{"api-keys:detokenize", "must name an action of api-keys: read, write, delete or *"},
		{"identity:read", "must be identities:read: identity is no resource of this API"},
		{"identity:*", "must be identities:*: identity is no resource of this API"},
		{"identity:search", "must name an action of identities: read, write, delete, detokenize or *"},
		{"identity:review", "must name an action of identities: read, write, delete, detokenize or *"},
		{"key:write", "must be api-keys:write: key is no resource of this API"},
		{"keys:read", "must be api-keys:read: keys is no resource of this API"},
		{"api-key:delete", "must be api-keys:delete: api-key is no resource of this API"},
		{"api_key:read", "must be api-keys:read: api_key is no resource of this API"},
		{"api_keys:read", "must be api-keys:read: api_keys is no resource of this API"},
		{"apikey:read", "must be api-keys:read: apikey is no resource of this API"},
		{"apikeys:*", "must be api-keys:*: apikeys is no resource of this API"},
		{"client:admin", "must be of identities or api-keys: a key cannot be given client"},
		{"clients:*", "must be of identities or api-keys: a key cannot be given clients"},
		{"ledgers:" + strings.Repeat("r", 57), "must have at most 64 bytes of printable text"},
	} {
		got := w.send(newKey{Scopes: []string{"ledgers:read", tt.scope}}.request().by(master.context))
		wantError(t, got, 400, "GEN_VALIDATION_ERROR", "scopes.1 "+tt.want)
	}
	if w.table.writes != 1 || w.table.queries > 0 {
		t.Error("the table was asked")
	}
}

// TestShownScopesAreThoseSent: in their words and order, those that grant nothing too.
func TestShownScopesAreThoseSent(t *testing.T) {
	w := newWorld(t)
	c := w.client("acme", auth.ScopeAll)
	for _, list := range [][]string{{"ledgers:read"}, {"identities:write", "*:read", "identities:write"}, {"*:*"}} {
		w.now = w.now.Add(time.Second)
		want := `["` + strings.Join(list, `","`) + `"]`
		created := w.send(newKey{Scopes: list}.request().by(c.context))
		if got := at(t, created.Body, "scopes"); got != want {
			t.Errorf("created with %s, want %s", got, want)
		}
		listed := w.send(request{operation: "list-api-keys", caller: c.context})
		if got := at(t, first(t, listed.Body), "scopes"); got != want {
			t.Errorf("listed with %s, want %s", got, want)
		}
	}
}
