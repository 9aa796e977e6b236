package blnk_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"cedula/shared/auth"
	"cedula/shared/table/faulttable"
)

// grants maps each scope of Blnk to the registry's scopes.
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

// wantScopes returns the registry's scopes for those of Blnk.
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

// checkGrant creates a key with another key, which must have all requested scopes. The new key has exactly those.
func (c *registeredClient) checkGrant(maker string, asked []string) {
	c.w.Helper()
	held, want := c.mustAuthenticate(maker).Scopes, wantScopes(asked...)
	got := c.w.Send(createKeyRequest(c.authorizerContext(maker), keyRequest{Scopes: asked}))
	if slices.ContainsFunc(want, func(s string) bool { return !held.Has(s) }) {
		wantError(c.w, got, 403, "AUTH_INSUFFICIENT_PERMISSIONS",
			"An API key cannot have more scopes than the key that creates it, or another owner")
		return
	}
	wantStatus(c.w, got, 201)
	if scopes := c.mustAuthenticate(createdKey(c.w, got)).Scopes; !slices.Equal(scopes, want) {
		c.w.Errorf("a key with %v asked for %v and got %v, want %v", held, asked, scopes, want)
	}
}

func TestMalformedScopes(t *testing.T) {
	const form, identityActions = "must be a resource and an action in lower case, such as identities:read",
		"must name an action of identities: read, write, delete, detokenize or *"
	w := newTestAPI(t)
	master := w.newClient("acme", auth.ScopeAll)
	malformed := map[string][]string{
		form: {
			"", "*", ":", "identities", "identities:", ":read", "Identities:read", "identities:READ", "identities:read:all", "identities: read",
			" identities:read", "identities:read,write", "identities:**", "ident*:read", "idéntities:read", "identity:read\u202e",
		},
		identityActions: {"identities:approve", "identities:search", "identity:search", "identity:review"},
		"must name an action of api-keys: read, write, delete or *":        {"api-keys:detokenize"},
		"must be of identities or api-keys: a key cannot be given client":  {"client:admin"},
		"must be of identities or api-keys: a key cannot be given clients": {"clients:*"},
		"must have at most 64 bytes of printable text":                     {"ledgers:" + strings.Repeat("r", 57)},
	}
	for sent, meant := range map[string]string{
		"identity:read": "identities:read", "identity:*": "identities:*", "key:write": "api-keys:write", "keys:read": "api-keys:read", "apikey:read": "api-keys:read",
		"api-key:delete": "api-keys:delete", "api_key:read": "api-keys:read", "api_keys:read": "api-keys:read", "apikeys:*": "api-keys:*",
	} {
		resource, _, _ := strings.Cut(sent, ":")
		malformed["must be "+meant+": "+resource+" is not a resource of this API"] = []string{sent}
	}
	for want, scopes := range malformed {
		for _, scope := range scopes {
			got := w.Send(createKeyRequest(master.context, keyRequest{Scopes: []string{"ledgers:read", scope}}))
			wantError(t, got, 400, "GEN_VALIDATION_ERROR", "scopes.1 "+want)
		}
	}
	w.WantCalls(faulttable.Calls{})
}
