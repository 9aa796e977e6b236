package blnk_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"cedula/shared/auth"
	"cedula/shared/blnk"
	"cedula/shared/gateway"
	"cedula/shared/table/faulttable"
)

// registeredClient is a registered client: its master key, and the context that the
// authorizer gives for it.
type registeredClient struct {
	w       *testAPI
	master  string
	context map[string]any
}

func (w *testAPI) newClient(tenant string, scopes ...string) *registeredClient {
	w.Helper()
	_, shown, err := w.admin().CreateClient(context.Background(), auth.ClientParams{Name: "test", Tenant: tenant, Scopes: scopes, TestMode: true})
	if err != nil {
		w.Fatal(err)
	}
	c := &registeredClient{w: w, master: shown.Keys["blnk"]}
	c.context = c.authorizerContext(c.master)
	return c
}

func (w *testAPI) admin() *auth.Admin {
	return &auth.Admin{AdminStore: w.store, Hasher: hasher, APIs: []auth.API{blnk.AuthAPI}, Now: func() time.Time { return w.now }}
}

// newAuthenticator remembers nothing, and has the world's clock.
func (w *testAPI) newAuthenticator() *auth.Authenticator {
	return &auth.Authenticator{Store: w.store, Hasher: hasher, CacheTTL: -1, Now: func() time.Time { return w.now }}
}

func (c *registeredClient) mustAuthenticate(key string) auth.Caller {
	c.w.Helper()
	caller, err := c.w.newAuthenticator().AuthenticateKey(context.Background(), blnk.AuthAPI, key)
	if err != nil {
		c.w.Fatal(err)
	}
	return caller
}

// createOperatorKey is a key with scopes of its own that the operator made.
func (c *registeredClient) createOperatorKey(scopes ...string) string {
	c.w.Helper()
	_, text, err := c.w.admin().CreateKey(context.Background(), c.master[4:20], auth.KeyParams{API: blnk.AuthAPI, Scopes: scopes})
	if err != nil {
		c.w.Fatal(err)
	}
	return text
}

// authorizerContext asks the authorizer about a key, as API Gateway does.
func (c *registeredClient) authorizerContext(key string) map[string]any {
	c.w.Helper()
	given, err := gateway.AuthorizerHandler(&blnk.Authorizer{Authenticator: c.w.newAuthenticator()})(context.Background(),
		events.APIGatewayCustomAuthorizerRequestTypeRequest{
			MethodArn: "arn:aws:execute-api:us-east-1:1:api/sandbox/POST/api-keys", MultiValueHeaders: map[string][]string{"X-Blnk-Key": {key}},
		})
	if err != nil || given.PolicyDocument.Statement[0].Effect != "Allow" {
		c.w.Fatalf("authorizer returned %+v, %v, want Allow", given, err)
	}
	c.w.table.Reset()
	return given.Context
}

// keyRequest is a request for a key in few words.
type keyRequest struct {
	Name    string   `json:"name"`
	Owner   string   `json:"owner"`
	Scopes  []string `json:"scopes"`
	Expires string   `json:"expires_at"`
}

func (n keyRequest) request() request {
	n = keyRequest{orDefault(n.Name, "svc"), orDefault(n.Owner, "team-a"), n.Scopes, orDefault(n.Expires, "2099-01-01T00:00:00Z")}
	if n.Scopes == nil {
		n.Scopes = []string{"identities:read"}
	}
	body, _ := json.Marshal(n)
	return request{operation: "create-api-key", body: string(body)}
}

func orDefault(text, usual string) string {
	if text == "" {
		return usual
	}
	return text
}

// mustCreateKey is the text of a new key of the client's master key.
func (c *registeredClient) mustCreateKey(n keyRequest) string {
	c.w.Helper()
	return createdKey(c.w, c.w.send(n.request().withCaller(c.context)))
}

func createdKey(w *testAPI, created events.APIGatewayProxyResponse) string {
	w.Helper()
	wantStatus(w, created, 201)
	return strings.Trim(jsonAt(w, created.Body, "key"), `"`)
}

// firstElement is the first element of a list.
func firstElement(t testing.TB, body string) string {
	t.Helper()
	var list []json.RawMessage
	if err := json.Unmarshal([]byte(body), &list); err != nil || len(list) == 0 {
		t.Fatalf("%v in %s", err, body)
	}
	return string(list[0])
}

func listKeysRequest(caller map[string]any, query ...string) request {
	q := request{operation: "list-api-keys", caller: caller}
	if len(query) > 0 {
		q.query = map[string]string{"owner": query[0]}
	}
	return q
}

func revokeKeyRequest(caller map[string]any, id string, query ...string) request {
	q := listKeysRequest(caller, query...)
	q.operation, q.id = "revoke-api-key", id
	return q
}

// keyID is the id that this dialect gives to a key.
func keyID(text string) string { return "api_key_" + text[4:28] }

// maskKeys puts a name in place of what is random in a key, wherever it was told.
func (w *testAPI) maskKeys(texts ...string) {
	told := w.transcript.String()
	for n, text := range texts {
		told = strings.ReplaceAll(told, text[28:], fmt.Sprintf("_<secret %d>", n+1))
		told = strings.ReplaceAll(told, text[4:28], fmt.Sprintf("<id %d>", n+1))
	}
	w.transcript.Reset()
	w.transcript.WriteString(told)
}

// TestAPIKeys pins whole answers in the life of two keys, and what each costs.
func TestAPIKeys(t *testing.T) {
	w := newTestAPI(t)
	c := w.newClient("acme", auth.ScopeAll)
	steps := func(q request, status int, want faulttable.Calls) events.APIGatewayProxyResponse {
		t.Helper()
		w.table.Reset()
		got := w.send(q)
		wantStatus(t, got, status)
		w.wantCalls(want)
		w.now = w.now.Add(time.Minute)
		return got
	}
	steps(listKeysRequest(c.context), 200, faulttable.Calls{Query: 1})
	one := createdKey(w, steps(keyRequest{Scopes: []string{"identities:read", "ledgers:*"}}.request().withCaller(c.context), 201, faulttable.Calls{Query: 1, Write: 1}))
	two := createdKey(w, steps(keyRequest{Name: "<b>", Owner: "team-b", Scopes: []string{"*:*"}, Expires: "2030-01-01T01:00:00.9+01:00"}.request().withCaller(c.context), 201, faulttable.Calls{Query: 1, Write: 1}))
	steps(listKeysRequest(c.context), 200, faulttable.Calls{Query: 1})
	steps(listKeysRequest(c.context, "team-a"), 200, faulttable.Calls{Query: 1})
	steps(revokeKeyRequest(c.context, keyID(one), "team-a"), 204, faulttable.Calls{Get: 1, Query: 1, Write: 1})
	steps(revokeKeyRequest(c.context, keyID(one)), 204, faulttable.Calls{Query: 1})
	steps(listKeysRequest(c.context), 200, faulttable.Calls{Query: 1})
	steps(listKeysRequest(c.authorizerContext(two)), 200, faulttable.Calls{Query: 1})
	steps(revokeKeyRequest(c.context, keyID(two), "team-a"), 404, faulttable.Calls{Query: 1})
	w.maskKeys(one, two)
	w.checkGolden("api-keys")
	if _, err := w.newAuthenticator().AuthenticateKey(context.Background(), blnk.AuthAPI, one); !errors.Is(err, auth.ErrExpired) {
		t.Errorf("the revoked key: %v", err)
	}
	if caller := c.mustAuthenticate(two); caller.Scopes.Has(auth.ScopeClientAdmin) || !caller.Scopes.Has(auth.ScopeIdentityDelete) {
		t.Errorf("the other key: %v", caller)
	}
}

func TestCreateKeyErrors(t *testing.T) {
	const good, invalid = `{"name":"n","owner":"o","scopes":["identities:read"],"expires_at":"2099-01-01T00:00:00Z"}`, "GEN_VALIDATION_ERROR"
	without := func(member string) string { return strings.Replace(good, `"`+member+`"`, `"x"`, 1) }
	with := func(was, is string) string { return strings.Replace(good, was, is, 1) }
	w := newTestAPI(t)
	c := w.newClient("acme", auth.ScopeAll)
	for _, tt := range []struct{ name, body, code, text string }{
		{"no name", without("name"), invalid, "name is required"},
		{"no owner", without("owner"), invalid, "owner is required"},
		{"no scopes", without("scopes"), invalid, "scopes is required"},
		{"no end", without("expires_at"), invalid, "expires_at is required"},
		{"null scope", with(`"identities:read"`, "null"), invalid, "scopes.0 must be a resource and an action in lower case, such as identities:read"},
		{"date", with("T00:00:00Z", ""), invalid, "expires_at must be a date-time such as 2030-01-31T00:00:00Z"},
		{"no zone", with("00Z", "00"), invalid, "expires_at must be a date-time such as 2030-01-31T00:00:00Z"},
		{"no day", with("01-01T", "02-30T"), invalid, "expires_at must be a date-time such as 2030-01-31T00:00:00Z"},
		{"year 1", with("2099-01-01T00:00:00Z", "0001-01-01T00:00:00Z"), invalid, "expires_at must lie in the future"},
		{"year 1, elsewhere", with("2099-01-01T00:00:00Z", "0000-12-31T23:00:00.9-01:00"), invalid, "expires_at must lie in the future"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wantError(t, w.send(request{operation: "create-api-key", body: tt.body, caller: c.context}), 400, tt.code, tt.text)
		})
	}
	w.wantCalls(faulttable.Calls{})
	wantStatus(t, w.send(request{operation: "create-api-key", body: good, caller: c.context}), 201)
}

// TestUnknownKeysAreNotFound answer alike, whatever is there for others.
func TestUnknownKeysAreNotFound(t *testing.T) {
	w := newTestAPI(t)
	c, fellow, stranger := w.newClient("acme", auth.ScopeAll), w.newClient("acme", auth.ScopeAll), w.newClient("other", auth.ScopeAll)
	scoped, theirs := c.mustCreateKey(keyRequest{Scopes: []string{"api-keys:*"}}), c.mustCreateKey(keyRequest{Owner: "team-b"})
	for name, q := range map[string]request{
		"another client's":        revokeKeyRequest(c.context, keyID(fellow.mustCreateKey(keyRequest{}))),
		"another tenant's":        revokeKeyRequest(c.context, keyID(stranger.mustCreateKey(keyRequest{}))),
		"by another tenant":       revokeKeyRequest(stranger.context, keyID(theirs)),
		"the master key":          revokeKeyRequest(c.context, keyID(c.master)),
		"the master key, scoped":  revokeKeyRequest(c.authorizerContext(scoped), keyID(c.master)),
		"another owner's, scoped": revokeKeyRequest(c.authorizerContext(scoped), keyID(theirs)),
		"another owner's":         revokeKeyRequest(c.context, keyID(theirs), "team-a"),
		"the operator's":          revokeKeyRequest(c.context, keyID(c.createOperatorKey(auth.ScopeKeyRead))),
		"unknown":                 revokeKeyRequest(c.context, "api_key_"+c.master[4:20]+"00000000"),
		"id without its prefix":   revokeKeyRequest(c.context, theirs[4:28]),
		"prefix alone":            revokeKeyRequest(c.context, "api_key_"),
		"a key's text":            revokeKeyRequest(c.context, "api_key_"+theirs),
		"empty":                   revokeKeyRequest(c.context, ""),
		"odd":                     revokeKeyRequest(c.context, "api_key_%00%ff#"),
	} {
		t.Run(name, func(t *testing.T) { wantError(t, w.send(q), 404, "GEN_NOT_FOUND", "API key not found") })
	}
	c.mustAuthenticate(theirs)
	c.mustAuthenticate(c.master)
	for _, operation := range []string{"list-api-keys", "revoke-api-key"} {
		twice := request{operation: operation, id: keyID(theirs), values: map[string][]string{"owner": {"team-a", "team-b"}}, caller: c.context}
		wantError(t, w.send(twice), 400, "GEN_BAD_REQUEST", "owner must be sent once")
	}
	if got := w.send(listKeysRequest(c.authorizerContext(c.createOperatorKey(auth.ScopeKeyRead)))); strings.Count(got.Body, "api_key_id") != 2 {
		t.Errorf("listed by an operator's key: %s", got.Body)
	}
	for name, q := range map[string]request{
		"another client's": listKeysRequest(fellow.context), "another tenant's": listKeysRequest(stranger.context), "by owner": listKeysRequest(c.context, "nobody"),
	} {
		if got := w.send(q); strings.Contains(got.Body, theirs[4:20]) || got.StatusCode != 200 || name == "by owner" && got.Body != "[]" {
			t.Errorf("%s: status = %d, want 200 and no key of another client: %s", name, got.StatusCode, got.Body)
		}
	}
}

func TestListShowsThePrefixOfAKeyOnly(t *testing.T) {
	w := newTestAPI(t)
	c := w.newClient("acme", auth.ScopeAll)
	text := c.mustCreateKey(keyRequest{})
	listed := w.send(listKeysRequest(c.context)).Body
	wantEqual(t, "key", jsonAt(t, firstElement(t, listed), "key"), `"`+text[:28]+`"`)
	wantEqual(t, "the master key is listed", strings.Contains(listed, c.master[:28]), false)
}
