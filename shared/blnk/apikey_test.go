package blnk_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"cedula/shared/auth"
	"cedula/shared/blnk"
	"cedula/shared/gateway"
)

// client is a registered client: its master key, and the context that the
// authorizer gives for it.
type client struct {
	w       *world
	master  string
	context map[string]any
}

func (w *world) client(tenant string, scopes ...string) *client {
	w.Helper()
	_, shown, err := auth.Register(context.Background(), w.store, hasher, auth.NewClient{Name: "test", Tenant: tenant, Scopes: scopes}, w.now)
	if err != nil {
		w.Fatal(err)
	}
	c := &client{w: w, master: shown.BlnkKey}
	c.context = c.contextOf(c.master)
	return c
}

// guard remembers nothing, and has the world's clock.
func (w *world) guard() *auth.Guard {
	return &auth.Guard{Store: w.store, Hasher: hasher, TTL: -1, Now: func() time.Time { return w.now }}
}

func (c *client) callerOf(key string) auth.Caller {
	c.w.Helper()
	caller, err := c.w.guard().Key(context.Background(), key)
	if err != nil {
		c.w.Fatal(err)
	}
	return caller
}

// given is a key with scopes of its own that the operator made.
func (c *client) given(scopes ...string) string {
	c.w.Helper()
	o := auth.Operator{Registry: c.w.store, Hasher: hasher, Now: func() time.Time { return c.w.now }}
	_, text, err := o.CreateKey(context.Background(), c.master[4:20], auth.NewKey{Use: auth.UseBlnk, Scopes: scopes})
	if err != nil {
		c.w.Fatal(err)
	}
	return text
}

// contextOf asks the authorizer about a key, as API Gateway does.
func (c *client) contextOf(key string) map[string]any {
	c.w.Helper()
	given, err := gateway.AuthorizerHandler(&blnk.Authorizer{Guard: c.w.guard()})(context.Background(),
		events.APIGatewayCustomAuthorizerRequestTypeRequest{
			MethodArn: "arn:aws:execute-api:us-east-1:1:api/sandbox/POST/api-keys", MultiValueHeaders: map[string][]string{"X-Blnk-Key": {key}},
		})
	if err != nil || given.PolicyDocument.Statement[0].Effect != "Allow" {
		c.w.Fatal(given, err)
	}
	c.w.table.gets = 0
	return given.Context
}

// newKey is a request for a key in few words.
type newKey struct {
	Name    string   `json:"name"`
	Owner   string   `json:"owner"`
	Scopes  []string `json:"scopes"`
	Expires string   `json:"expires_at"`
}

func (n newKey) request() request {
	n = newKey{orElse(n.Name, "svc"), orElse(n.Owner, "team-a"), n.Scopes, orElse(n.Expires, "2099-01-01T00:00:00Z")}
	if n.Scopes == nil {
		n.Scopes = []string{"identities:read"}
	}
	body, _ := json.Marshal(n)
	return request{operation: "create-api-key", body: string(body)}
}

func orElse(text, usual string) string {
	if text == "" {
		return usual
	}
	return text
}

// made is the text of a new key of the client's master key.
func (c *client) made(n newKey) string {
	c.w.Helper()
	return textOf(c.w, c.w.send(n.request().by(c.context)))
}

func textOf(w *world, created events.APIGatewayProxyResponse) string {
	w.Helper()
	wantStatus(w, created, 201)
	return strings.Trim(at(w, created.Body, "key"), `"`)
}

// first is the first element of a list.
func first(t testing.TB, body string) string {
	t.Helper()
	var list []json.RawMessage
	if err := json.Unmarshal([]byte(body), &list); err != nil || len(list) == 0 {
		t.Fatalf("%v in %s", err, body)
	}
	return string(list[0])
}

func list(caller map[string]any, query ...string) request {
	q := request{operation: "list-api-keys", caller: caller}
	if len(query) > 0 {
		q.query = map[string]string{"owner": query[0]}
	}
	return q
}

func revoke(caller map[string]any, id string, query ...string) request {
	q := list(caller, query...)
	q.operation, q.id = "revoke-api-key", id
	return q
}

// idOf is the id that this dialect gives to a key.
func idOf(text string) string { return "api_key_" + text[4:28] }

// hide puts a name in place of what is random in a key, wherever it was told.
func (w *world) hide(texts ...string) {
	told := w.told.String()
	for n, text := range texts {
		told = strings.ReplaceAll(told, text[28:], fmt.Sprintf("_<secret %d>", n+1))
		told = strings.ReplaceAll(told, text[4:28], fmt.Sprintf("<id %d>", n+1))
	}
	w.told.Reset()
	w.told.WriteString(told)
}

// TestAPIKeys pins whole answers in the life of two keys, and what each costs.
func TestAPIKeys(t *testing.T) {
	w := newWorld(t)
	c := w.client("acme", auth.ScopeAll)
	steps := func(q request, status int, want counted) events.APIGatewayProxyResponse {
		t.Helper()
		w.table.gets, w.table.queries, w.table.writes = 0, 0, 0
		got := w.send(q)
		wantStatus(t, got, status)
		if w.table.gets != want.gets || w.table.queries != want.queries || w.table.writes != want.writes {
			t.Errorf("%s: %d gets, %d queries, %d writes", q.operation, w.table.gets, w.table.queries, w.table.writes)
		}
		w.now = w.now.Add(time.Minute)
		return got
	}
	steps(list(c.context), 200, counted{queries: 1})
	one := textOf(w, steps(newKey{Scopes: []string{"identities:read", "ledgers:*"}}.request().by(c.context), 201, counted{queries: 1, writes: 1}))
	two := textOf(w, steps(newKey{Name: "<b>", Owner: "team-b", Scopes: []string{"*:*"}, Expires: "2030-01-01T01:00:00.9+01:00"}.request().by(c.context), 201, counted{queries: 1, writes: 1}))
	steps(list(c.context), 200, counted{queries: 1})
	steps(list(c.context, "team-a"), 200, counted{queries: 1})
	steps(revoke(c.context, idOf(one), "team-a"), 204, counted{gets: 1, queries: 1, writes: 1})
	steps(revoke(c.context, idOf(one)), 204, counted{queries: 1})
	steps(list(c.context), 200, counted{queries: 1})
	steps(list(c.contextOf(two)), 200, counted{queries: 1})
	steps(revoke(c.context, idOf(two), "team-a"), 404, counted{queries: 1})
	w.hide(one, two)
	w.golden("api-keys")
	if _, err := w.guard().Key(context.Background(), one); !errors.Is(err, auth.ErrExpired) {
		t.Errorf("the revoked key: %v", err)
	}
	if caller := c.callerOf(two); caller.Scopes.Has(auth.ScopeClientAdmin) || !caller.Scopes.Has(auth.ScopeIdentityDelete) {
		t.Errorf("the other key: %v", caller)
	}
}

func TestKeyRequests(t *testing.T) {
	const good, invalid = `{"name":"n","owner":"o","scopes":["identities:read"],"expires_at":"2099-01-01T00:00:00Z"}`, "GEN_VALIDATION_ERROR"
	without := func(member string) string { return strings.Replace(good, `"`+member+`"`, `"x"`, 1) }
	with := func(was, is string) string { return strings.Replace(good, was, is, 1) }
	w := newWorld(t)
	c := w.client("acme", auth.ScopeAll)
	for _, tt := range []struct{ name, body, code, text string }{
		{"no name", without("name"), invalid, "name is required"},
		{"no owner", without("owner"), invalid, "owner is required"},
		{"no scopes", without("scopes"), invalid, "scopes is required"},
		{"no end", without("expires_at"), invalid, "expires_at is required"},
		{"nothing", "{}", invalid, "name is required"},
		{"null name", with(`"n"`, "null"), invalid, "name is required"},
		{"empty scopes", with(`["identities:read"]`, "[]"), invalid, "scopes is required"},
		{"null scopes", with(`["identities:read"]`, "null"), invalid, "scopes is required"},
		{"null scope", with(`"identities:read"`, "null"), invalid, "scopes.0 must be a resource and an action in lower case, such as identities:read"},
		{"33 scopes", with(`"identities:read"`, `"a:b"`+strings.Repeat(`,"a:b"`, 32)), invalid, "scopes must have at most 32 entries"},
		{"long name", with(`"n"`, `"`+strings.Repeat("n", 129)+`"`), invalid, "name must have at most 128 bytes of printable text"},
		{"escape in the owner", with(`"o"`, `"\u001b"`), invalid, "owner must have at most 128 bytes of printable text"},
		{"date", with("T00:00:00Z", ""), invalid, "expires_at must be a date-time such as 2030-01-31T00:00:00Z"},
		{"no zone", with("00Z", "00"), invalid, "expires_at must be a date-time such as 2030-01-31T00:00:00Z"},
		{"no day", with("01-01T", "02-30T"), invalid, "expires_at must be a date-time such as 2030-01-31T00:00:00Z"},
		{"past", with("2099", "1999"), invalid, "expires_at must lie in the future"},
		{"year 1", with("2099-01-01T00:00:00Z", "0001-01-01T00:00:00Z"), invalid, "expires_at must lie in the future"},
		{"year 1, elsewhere", with("2099-01-01T00:00:00Z", "0000-12-31T23:00:00.9-01:00"), invalid, "expires_at must lie in the future"},
		{"year 10000", with("2099-01-01T00:00:00Z", "9999-12-31T23:59:59-01:00"), invalid, "expires_at must lie before the year 10000"},
		{"name is a number", with(`"n"`, "5"), malformed, "name must be a string"},
		{"scopes are a text", with(`["identities:read"]`, `"identities:read"`), malformed, "scopes must be an array"},
		{"end is a number", with(`"2099-01-01T00:00:00Z"`, "4070908800"), malformed, "expires_at must be a string"},
		{"name twice", with(`"owner"`, `"name"`), malformed, "name stands twice in its object"},
		{"no body", "", malformed, "body is empty"},
		{"list", "[]", malformed, "body must be an object"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wantError(t, w.send(request{operation: "create-api-key", body: tt.body, caller: c.context}), 400, tt.code, tt.text)
		})
	}
	if w.table.queries > 0 || w.table.writes != 1 {
		t.Error("the table was asked")
	}
	wantStatus(t, w.send(request{operation: "create-api-key", body: good, caller: c.context}), 201)
}

// TestKeysThatAreNotThere answer alike, whatever is there for others.
func TestKeysThatAreNotThere(t *testing.T) {
	w := newWorld(t)
	c, fellow, stranger := w.client("acme", auth.ScopeAll), w.client("acme", auth.ScopeAll), w.client("other", auth.ScopeAll)
	scoped, theirs := c.made(newKey{Scopes: []string{"api-keys:*"}}), c.made(newKey{Owner: "team-b"})
	for name, q := range map[string]request{
		"another client's":        revoke(c.context, idOf(fellow.made(newKey{}))),
		"another tenant's":        revoke(c.context, idOf(stranger.made(newKey{}))),
		"by another tenant":       revoke(stranger.context, idOf(theirs)),
		"the master key":          revoke(c.context, idOf(c.master)),
		"the master key, scoped":  revoke(c.contextOf(scoped), idOf(c.master)),
		"another owner's, scoped": revoke(c.contextOf(scoped), idOf(theirs)),
		"another owner's":         revoke(c.context, idOf(theirs), "team-a"),
		"the operator's":          revoke(c.context, idOf(c.given(auth.ScopeKeyRead))),
		"unknown":                 revoke(c.context, "api_key_"+c.master[4:20]+"00000000"),
		"id without its prefix":   revoke(c.context, theirs[4:28]),
		"prefix alone":            revoke(c.context, "api_key_"),
		"a key's text":            revoke(c.context, "api_key_"+theirs),
		"empty":                   revoke(c.context, ""),
		"odd":                     revoke(c.context, "api_key_%00%ff#"),
	} {
		t.Run(name, func(t *testing.T) { wantError(t, w.send(q), 404, "GEN_NOT_FOUND", "API key not found") })
	}
	c.callerOf(theirs)
	c.callerOf(c.master)
	for _, operation := range []string{"list-api-keys", "revoke-api-key"} {
		twice := request{operation: operation, id: idOf(theirs), values: map[string][]string{"owner": {"team-a", "team-b"}}, caller: c.context}
		wantError(t, w.send(twice), 400, "GEN_BAD_REQUEST", "owner must be sent once")
	}
	if got := w.send(list(c.contextOf(c.given(auth.ScopeKeyRead)))); strings.Count(got.Body, "api_key_id") != 2 {
		t.Errorf("listed by an operator's key: %s", got.Body)
	}
	for name, q := range map[string]request{
		"another client's": list(fellow.context), "another tenant's": list(stranger.context), "by owner": list(c.context, "nobody"),
	} {
		if got := w.send(q); strings.Contains(got.Body, theirs[4:20]) || got.StatusCode != 200 || name == "by owner" && got.Body != "[]" {
			t.Errorf("%s: %d %s", name, got.StatusCode, got.Body)
		}
	}
}

// TestKeyRoutesAskForTheirScope: each of the three for its own.
func TestKeyRoutesAskForTheirScope(t *testing.T) {
	w := newWorld(t)
	c := w.client("acme", auth.ScopeAll)
	victim := c.made(newKey{})
	operations := map[string]struct {
		request
		status int
	}{
		"api-keys:write":  {newKey{Scopes: []string{"a:b"}}.request(), 201},
		"api-keys:read":   {list(nil), 200},
		"api-keys:delete": {revoke(nil, idOf(victim)), 204},
	}
	for held := range operations {
		caller := c.contextOf(c.made(newKey{Scopes: []string{held, "identities:*"}}))
		for asked, operation := range operations {
			status := operation.status
			if asked != held {
				status = 403
			}
			if got := w.send(operation.by(caller)); got.StatusCode != status {
				t.Errorf("%s with %s: %d %s", asked, held, got.StatusCode, got.Body)
			}
		}
	}
}

// TestScopedKeyMakesKeys: no more than its own, no longer, for no other owner.
func TestScopedKeyMakesKeys(t *testing.T) {
	const refusal = "An API key can be given neither more scopes than the key that makes it nor another owner"
	w := newWorld(t)
	c := w.client("acme", auth.ScopeAll)
	end := "2098-01-01T00:00:00Z"
	caller := c.contextOf(c.made(newKey{Scopes: []string{"api-keys:write", "identities:read"}, Expires: end}))
	child := textOf(w, w.send(newKey{Scopes: []string{"identities:read"}, Expires: end}.request().by(caller)))
	wantStatus(t, w.send(get("idt_c415a4dc-4231-453d-a837-a9a50b1070e0").by(c.contextOf(child))), 404) // it may read
	wantError(t, w.send(newKey{}.request().by(caller)), 400, "GEN_VALIDATION_ERROR",
		"expires_at must not be later than that of the key that makes it")
	for _, n := range []newKey{{Scopes: []string{"identities:write"}}, {Scopes: []string{"*:read"}}, {Owner: "team-b"}} {
		n.Expires = end
		wantError(t, w.send(n.request().by(caller)), 403, "AUTH_INSUFFICIENT_PERMISSIONS", refusal)
	}
	w.now = time.Date(2098, 1, 1, 0, 0, 0, 0, time.UTC)
	if _, err := w.guard().Key(context.Background(), child); !errors.Is(err, auth.ErrExpired) {
		t.Errorf("at its end: %v", err)
	}
}

func TestLimitOfKeys(t *testing.T) {
	w := newWorld(t)
	c := w.client("acme", auth.ScopeAll)
	for range auth.MaxLiveKeys {
		c.made(newKey{})
	}
	wantError(t, w.send(newKey{}.request().by(c.context)), 409, "GEN_CONFLICT",
		"A client has at most 100 live API keys, and 1000 with those that ended within 30 days")
}

// TestKeysDoNotLeak makes, lists and revokes keys and looks for secrets, hashes
// and labels where they must not stand.
func TestKeysDoNotLeak(t *testing.T) {
	w := newWorld(t)
	c := w.client("acme", auth.ScopeAll)
	var text string
	var answers []events.APIGatewayProxyResponse
	output := captured(t, func() {
		text = c.made(newKey{Name: canary, Owner: canary})
		id := idOf(text)
		for _, q := range []request{list(c.context), list(c.context, canary), revoke(c.context, id, canary), revoke(c.context, canary), list(c.context, canary)} {
			answers = append(answers, w.send(q))
		}
		w.send(newKey{Name: canary, Scopes: []string{canary}}.request().by(c.context))
	})
	noCanary(t, output)
	for _, key := range []string{text, c.master} {
		h := hasher.Hash(key)
		secrets := []string{key[28:], key[29:61], hex.EncodeToString(h[:8]), base64.StdEncoding.EncodeToString(h[:9]), "[hash]"}
		for _, secret := range secrets {
			if strings.Contains(output, secret) || slices.ContainsFunc(answers, func(a events.APIGatewayProxyResponse) bool { return strings.Contains(a.Body, secret) }) {
				t.Errorf("%s stands where it must not", secret)
			}
		}
	}
	if got := at(t, first(t, answers[1].Body), "key"); got != `"`+text[:28]+`"` {
		t.Errorf("listed as %s", got)
	}
	if strings.Contains(answers[0].Body, c.master[:28]) {
		t.Error("the master key is listed")
	}
}
