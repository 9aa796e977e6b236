package blnk_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"cedula/shared/auth"
	"cedula/shared/blnk"
	"cedula/shared/gateway"
	"cedula/shared/table/faulttable"
)

// registeredClient is a client with its master key and the authorizer context for that key.
type registeredClient struct {
	w       *testAPI
	master  string
	context map[string]any
}

func (w *testAPI) newClient(tenant string, scopes ...string) *registeredClient {
	w.Helper()
	_, shown, err := w.admin().CreateClient(w.Context(), auth.ClientParams{Name: "test", Tenant: tenant, Scopes: scopes, TestMode: true})
	if err != nil {
		w.Fatal(err)
	}
	c := &registeredClient{w: w, master: shown.Keys["blnk"]}
	c.context = c.authorizerContext(c.master)
	return c
}

func (w *testAPI) admin() *auth.Admin {
	return &auth.Admin{AdminStore: w.Store, Hasher: hasher, APIs: []auth.API{blnk.AuthAPI}, Now: w.Identities.Now}
}

// newAuthenticator returns an authenticator without a cache.
func (w *testAPI) newAuthenticator() *auth.Authenticator {
	return &auth.Authenticator{Store: w.Store, Hasher: hasher, CacheTTL: -1, Now: w.Identities.Now}
}

func (c *registeredClient) mustAuthenticate(key string) auth.Caller {
	c.w.Helper()
	caller, err := c.w.newAuthenticator().AuthenticateKey(c.w.Context(), blnk.AuthAPI, key)
	if err != nil {
		c.w.Fatal(err)
	}
	return caller
}

// authorizerContext returns the authorizer context for a key.
func (c *registeredClient) authorizerContext(key string) map[string]any {
	c.w.Helper()
	given, err := gateway.AuthorizerHandler(&blnk.Authorizer{Authenticator: c.w.newAuthenticator()})(c.w.Context(),
		events.APIGatewayCustomAuthorizerRequestTypeRequest{
			MethodArn: "arn:aws:execute-api:us-east-1:1:api/sandbox/POST/api-keys", MultiValueHeaders: map[string][]string{"X-Blnk-Key": {key}},
		})
	if err != nil || given.PolicyDocument.Statement[0].Effect != "Allow" {
		c.w.Fatalf("authorizer returned %+v, %v, want Allow", given, err)
	}
	c.w.Table.Reset()
	return given.Context
}

// keyRequest is the body of a request to create a key. Empty fields have defaults.
type keyRequest struct {
	Name    string   `json:"name"`
	Owner   string   `json:"owner"`
	Scopes  []string `json:"scopes"`
	Expires string   `json:"expires_at"`
}

func createKeyRequest(caller map[string]any, n keyRequest) request {
	n = keyRequest{cmp.Or(n.Name, "svc"), cmp.Or(n.Owner, "team-a"), n.Scopes, cmp.Or(n.Expires, "2099-01-01T00:00:00Z")}
	if n.Scopes == nil {
		n.Scopes = []string{"identities:read"}
	}
	body, _ := json.Marshal(n)
	return newRequest("create-api-key", "", string(body)).WithCaller(caller)
}

// mustCreateKey returns a new key, created with the client's master key.
func (c *registeredClient) mustCreateKey(n keyRequest) string {
	c.w.Helper()
	return createdKey(c.w, c.w.Send(createKeyRequest(c.context, n)))
}

func createdKey(w *testAPI, created events.APIGatewayProxyResponse) string {
	w.Helper()
	wantStatus(w, created, 201)
	return text(w, created.Body, "key")
}

func listKeysRequest(caller map[string]any, query string) request {
	return request{Operation: "list-api-keys", Query: query, Caller: caller}
}

func revokeKeyRequest(caller map[string]any, id, query string) request {
	q := newRequest("revoke-api-key", id, "").WithCaller(caller)
	q.Query = query
	return q
}

// keyID returns the id of a key in this API.
func keyID(key string) string { return "api_key_" + key[4:28] }

func TestAPIKeys(t *testing.T) {
	w := newTestAPI(t)
	c := w.newClient("acme", auth.ScopeAll)
	send := func(q request, status int, want faulttable.Calls) events.APIGatewayProxyResponse {
		t.Helper()
		w.Table.Reset()
		got := w.Send(q)
		wantStatus(t, got, status)
		w.WantCalls(want)
		w.Now = w.Now.Add(time.Minute)
		return got
	}
	query, create := faulttable.Calls{Query: 1}, faulttable.Calls{Query: 1, Write: 1}
	send(listKeysRequest(c.context, ""), 200, query)
	one := createdKey(w, send(createKeyRequest(c.context, keyRequest{Scopes: []string{"identities:read", "ledgers:*"}}), 201, create))
	second := keyRequest{Name: "<b>", Owner: "team-b", Scopes: []string{"*:*"}, Expires: "2030-01-01T01:00:00.9+01:00"}
	two := createdKey(w, send(createKeyRequest(c.context, second), 201, create))
	send(listKeysRequest(c.context, ""), 200, query)
	send(listKeysRequest(c.context, "owner=team-a"), 200, query)
	send(revokeKeyRequest(c.context, keyID(one), "owner=team-a"), 204, faulttable.Calls{Get: 1, Query: 1, Write: 1})
	send(revokeKeyRequest(c.context, keyID(one), ""), 204, query)
	send(listKeysRequest(c.context, ""), 200, query)
	send(listKeysRequest(c.authorizerContext(two), ""), 200, query)
	send(revokeKeyRequest(c.context, keyID(two), "owner=team-a"), 404, query)
	w.CheckGolden("api-keys", one[28:], "_<secret 1>", one[4:28], "<id 1>", two[28:], "_<secret 2>", two[4:28], "<id 2>")
	if _, err := w.newAuthenticator().AuthenticateKey(t.Context(), blnk.AuthAPI, one); !errors.Is(err, auth.ErrExpired) {
		t.Errorf("AuthenticateKey(revoked key) = %v, want ErrExpired", err)
	}
	if scopes := c.mustAuthenticate(two).Scopes; scopes.Has(auth.ScopeClientAdmin) || !scopes.Has(auth.ScopeIdentityDelete) {
		t.Errorf("scopes of *:* = %v, want identity:delete and not client:admin", scopes)
	}
}

func TestCreateKeyErrors(t *testing.T) {
	const valid = `{"name":"n","owner":"o","scopes":["identities:read"],"expires_at":"2099-01-01T00:00:00Z"}`
	const invalidDate, past = "expires_at must be a date-time such as 2030-01-31T00:00:00Z", "expires_at must be in the future"
	w := newTestAPI(t)
	c := w.newClient("acme", auth.ScopeAll)
	for _, tt := range []struct{ name, old, replacement, text string }{
		{"no name", `"name"`, `"x"`, "name is required"},
		{"no owner", `"owner"`, `"x"`, "owner is required"},
		{"blank name", `"n"`, `" "`, "name is required"},
		{"invisible owner", `"o"`, `"\u200b\u3164"`, "owner is required"},
		{"no scopes", `"scopes"`, `"x"`, "scopes is required"},
		{"no end", `"expires_at"`, `"x"`, "expires_at is required"},
		{"null scope", `"identities:read"`, "null", "scopes.0 must be a resource and an action in lower case, such as identities:read"},
		{"date", "T00:00:00Z", "", invalidDate},
		{"year 1", "2099-01-01T00:00:00Z", "0001-01-01T00:00:00Z", past},
		{"before the year 1", "2099-01-01T00:00:00Z", "0000-12-31T23:00:00.9-01:00", past},
	} {
		t.Run(tt.name, func(t *testing.T) {
			body := strings.Replace(valid, tt.old, tt.replacement, 1)
			got := w.Send(newRequest("create-api-key", "", body).WithCaller(c.context))
			wantError(t, got, 400, "GEN_VALIDATION_ERROR", tt.text)
		})
	}
	w.WantCalls(faulttable.Calls{})
}

// TestUnknownKeysAreNotFound checks that other clients' keys look absent.
func TestUnknownKeysAreNotFound(t *testing.T) {
	w := newTestAPI(t)
	c, stranger := w.newClient("acme", auth.ScopeAll), w.newClient("other", auth.ScopeAll)
	scoped, theirs := c.mustCreateKey(keyRequest{Scopes: []string{"api-keys:*"}}), c.mustCreateKey(keyRequest{Owner: "team-b"})
	for name, q := range map[string]request{
		"of another tenant":            revokeKeyRequest(c.context, keyID(stranger.mustCreateKey(keyRequest{})), ""),
		"master key":                   revokeKeyRequest(c.context, keyID(c.master), ""),
		"of another owner, scoped key": revokeKeyRequest(c.authorizerContext(scoped), keyID(theirs), ""),
		"of another owner":             revokeKeyRequest(c.context, keyID(theirs), "owner=team-a"),
		"unknown":                      revokeKeyRequest(c.context, "api_key_"+c.master[4:20]+"00000000", ""),
		"id without its prefix":        revokeKeyRequest(c.context, theirs[4:28], ""),
		"prefix alone":                 revokeKeyRequest(c.context, "api_key_", ""),
		"malformed":                    revokeKeyRequest(c.context, "api_key_%00%ff#", ""),
	} {
		t.Run(name, func(t *testing.T) { wantError(t, w.Send(q), 404, "GEN_NOT_FOUND", "API key not found") })
	}
	c.mustAuthenticate(theirs)
	c.mustAuthenticate(c.master)
	for _, q := range []request{listKeysRequest(c.context, "owner=a&owner=b"), revokeKeyRequest(c.context, keyID(theirs), "owner=a&owner=b")} {
		wantError(t, w.Send(q), 400, "GEN_BAD_REQUEST", "owner must be sent once")
	}
	for _, q := range []request{listKeysRequest(c.context, "owner=absent"), listKeysRequest(w.newClient("acme", auth.ScopeAll).context, "")} {
		if got := w.Send(q); got.Body != "[]" {
			t.Errorf("keys listed for ?%s = %s, want none", q.Query, got.Body)
		}
	}
}
