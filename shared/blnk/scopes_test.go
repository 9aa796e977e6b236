package blnk_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cedula/shared/auth"
	"cedula/shared/table/faulttable"
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

var blnkScopes = slices.Sorted(maps.Keys(grants))

// wantScopes is what words grant together.
func wantScopes(list ...string) auth.Scopes {
	var all []string
	for _, word := range list {
		all = append(all, grants[word])
	}
	return auth.ParseScopes(strings.Join(all, " "))
}

func TestScopeMatrix(t *testing.T) {
	w := newTestAPI(t)
	for _, held := range blnkScopes {
		client := w.newClient("acme", append(wantScopes(held), auth.ScopeKeyWrite)...)
		maker := client.mustCreateKey(keyRequest{Scopes: []string{held, "api-keys:write"}})
		for _, asked := range blnkScopes {
			client.checkGrant(maker, []string{asked})
		}
	}
}

func TestRandomScopeSets(t *testing.T) {
	w := newTestAPI(t)
	some := rapid.SliceOfN(rapid.SampledFrom(blnkScopes), 1, 4)
	rapid.Check(t, func(r *rapid.T) {
		client := w.newClient("acme", auth.ScopeAll)
		maker := client.mustCreateKey(keyRequest{Scopes: append(some.Draw(r, "held"), "api-keys:write")})
		client.checkGrant(maker, some.Draw(r, "asked"))
	})
}

// checkGrant lets a key ask for another. It must get it just when it holds all that
// the words are worth, and the new key must hold no more than that.
func (c *registeredClient) checkGrant(maker string, asked []string) {
	c.w.Helper()
	held, want := c.mustAuthenticate(maker).Scopes, wantScopes(asked...)
	got := c.w.send(keyRequest{Scopes: asked}.request().withCaller(c.authorizerContext(maker)))
	if slices.ContainsFunc(want, func(s string) bool { return !held.Has(s) }) {
		wantError(c.w, got, 403, "AUTH_INSUFFICIENT_PERMISSIONS",
			"An API key can be given neither more scopes than the key that makes it nor another owner")
		return
	}
	wantStatus(c.w, got, 201)
	if scopes := c.mustAuthenticate(createdKey(c.w, got)).Scopes; !slices.Equal(scopes, want) {
		c.w.Errorf("%v asked for %v: the key may %v, want %v", held, asked, scopes, want)
	}
}

// TestKeyNeverHasAdminScopes: whoever makes it, and whatever it asks for.
func TestKeyNeverHasAdminScopes(t *testing.T) {
	w := newTestAPI(t)
	client := w.newClient("acme", auth.ScopeAll)
	scopes := client.mustAuthenticate(client.mustCreateKey(keyRequest{Scopes: blnkScopes})).Scopes
	for _, never := range []string{auth.ScopeAll, auth.ScopeClientAdmin, auth.ScopeIdentityStatusWrite, auth.ScopeIdentityReview} {
		if scopes.Has(never) {
			t.Errorf("%v holds %s", scopes, never)
		}
	}
}

func TestMalformedScopes(t *testing.T) {
	const form = "must be a resource and an action in lower case, such as identities:read"
	w := newTestAPI(t)
	master := w.newClient("acme", auth.ScopeAll)
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
		got := w.send(keyRequest{Scopes: []string{"ledgers:read", tt.scope}}.request().withCaller(master.context))
		wantError(t, got, 400, "GEN_VALIDATION_ERROR", "scopes.1 "+tt.want)
	}
	w.wantCalls(faulttable.Calls{})
}

// TestScopesAreReturnedAsSent: in their words and order, those that grant nothing too.
func TestScopesAreReturnedAsSent(t *testing.T) {
	w := newTestAPI(t)
	c := w.newClient("acme", auth.ScopeAll)
	for _, list := range [][]string{{"ledgers:read"}, {"identities:write", "*:read", "identities:write"}, {"*:*"}} {
		w.now = w.now.Add(time.Second)
		want := `["` + strings.Join(list, `","`) + `"]`
		created := w.send(keyRequest{Scopes: list}.request().withCaller(c.context))
		if got := jsonAt(t, created.Body, "scopes"); got != want {
			t.Errorf("created with %s, want %s", got, want)
		}
		listed := w.send(request{operation: "list-api-keys", caller: c.context})
		if got := jsonAt(t, firstElement(t, listed.Body), "scopes"); got != want {
			t.Errorf("listed with %s, want %s", got, want)
		}
	}
}
