package conomy_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"cedula/shared/auth"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

// bank is a world whose API gives tokens and whose authorizer takes them, with
// two registered clients of two tenants. Tokens live by the wall clock.
type bank struct {
	*world
	authorizer    *conomy.Authorizer
	client, rival auth.Credentials
}

func newBank(t testing.TB) *bank {
	t.Helper()
	w := newWorld(t)
	signer, err := auth.NewLocalKey()
	if err != nil {
		t.Fatal(err)
	}
	hasher := auth.NewHasher(bytes.Repeat([]byte("s"), 32))
	guard := &auth.Guard{
		Store: w.store, Hasher: hasher,
		Tokens: auth.NewVerifier("https://cedula.example", "cedula", auth.Ring{signer}),
	}
	w.api.Logins = guard
	w.api.Published = auth.Published{Issuer: "https://cedula.example", Keys: auth.Ring{signer}}
	w.api.Tokens = &auth.Issuer{Signer: signer, Issuer: "https://cedula.example", Audience: "cedula"}
	b := &bank{world: w, authorizer: &conomy.Authorizer{Guard: guard}}
	for tenant, shown := range map[string]*auth.Credentials{"acme": &b.client, "other": &b.rival} {
		_, *shown, err = auth.Register(context.Background(), w.store, hasher, auth.NewClient{
			Name: "app", Tenant: tenant, Scopes: auth.Scopes{auth.ScopeIdentityRead, auth.ScopeIdentityWrite},
		}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func login(id, secret, key string) request {
	q := request{operation: "create-token", body: fmt.Sprintf(`{"clientId":%q,"clientSecret":%q}`, id, secret), caller: map[string]any{}}
	return q.with("x-api-key", key)
}

type tokenAnswer struct {
	AccessToken, TokenType string
	ExpiresIn              int
}

func (b *bank) token(c auth.Credentials) string {
	b.Helper()
	got := b.send(login(c.ClientID, c.ClientSecret, c.ConomyKey))
	var answer tokenAnswer
	if err := json.Unmarshal([]byte(got.Body), &answer); err != nil || got.StatusCode != 200 {
		b.Fatalf("%v: %d %s", err, got.StatusCode, got.Body)
	}
	return answer.AccessToken
}

func TestCreateToken(t *testing.T) {
	b := newBank(t)
	got := b.send(login(b.client.ClientID, b.client.ClientSecret, b.client.ConomyKey))
	wantStatus(t, got, 200)
	token, seconds := at(t, got.Body, "accessToken"), at(t, got.Body, "expiresIn")
	if want := `{"accessToken":` + token + `,"tokenType":"Bearer","expiresIn":` + seconds + `}`; got.Body != want {
		t.Errorf("got %s, want %s", got.Body, want)
	}
	if seconds != "3600" && seconds != "3599" {
		t.Errorf("the token lives %s seconds", seconds)
	}
	if strings.Count(token, ".") != 2 {
		t.Errorf("%s is no JWT", token)
	}
	if cache := got.MultiValueHeaders["Cache-Control"]; len(cache) != 1 || cache[0] != "no-store" {
		t.Errorf("a token may be cached: %v", cache)
	}
}

// TestTokenOpensTheAPI goes all the way of a client: token, authorizer, create, fetch.
func TestTokenOpensTheAPI(t *testing.T) {
	b := newBank(t)
	given, err := b.ask(b.token(b.client), b.client.ConomyKey)
	if err != nil {
		t.Fatal(err)
	}
	created := b.send(request{body: minimal, caller: given.Context})
	wantStatus(t, created, 200)
	id := strings.Trim(at(t, created.Body, "id"), `"`)
	wantStatus(t, b.send(get(id).by(given.Context)), 200)
	if status := at(t, created.Body, "status"); status != `"PENDING"` {
		t.Errorf("a client without the scope decided the status: %s", status)
	}

	rival, err := b.ask(b.token(b.rival), b.rival.ConomyKey)
	if err != nil {
		t.Fatal(err)
	}
	wantStatus(t, b.send(get(id).by(rival.Context)), 404)
}

func (b *bank) ask(token, key string) (events.APIGatewayCustomAuthorizerResponse, error) {
	return gateway.AuthorizerHandler(b.authorizer)(context.Background(), events.APIGatewayCustomAuthorizerRequestTypeRequest{
		MethodArn:         "arn:aws:execute-api:us-east-1:1:api/sandbox/POST/identities",
		MultiValueHeaders: map[string][]string{"authorization": {"Bearer " + token}, "x-api-key": {key}},
	})
}

func TestForeignCredentialsStayOutside(t *testing.T) {
	b := newBank(t)
	token, foreign := b.token(b.client), b.token(b.rival)
	b.table.Reset()
	tests := []struct {
		name, token, key string
		denied           bool // by a policy; otherwise 401
	}{
		{"own token, foreign key", token, b.rival.ConomyKey, true},
		{"foreign token, own key", foreign, b.client.ConomyKey, true},
		{"own token, key of the other API", token, b.client.BlnkKey, true},
		{"no token", "", b.client.ConomyKey, false},
		{"no key", token, "", false},
		{"token cut off", token[:len(token)-1], b.client.ConomyKey, false},
		{"made-up key", token, "cak_" + strings.Repeat("0", 63), false},
		{"secret for a token", b.client.ClientSecret, b.client.ConomyKey, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := b.ask(tt.token, tt.key)
			if tt.denied != (err == nil) || tt.denied && got.PolicyDocument.Statement[0].Effect != "Deny" {
				t.Errorf("got %v, %v", got, err)
			}
			if err != nil && err.Error() != "Unauthorized" {
				t.Error(err)
			}
		})
	}
	if b.table.Calls().Get > 0 {
		t.Errorf("%d table calls", b.table.Calls().Get)
	}
}

func TestLoginsAreRefused(t *testing.T) {
	b := newBank(t)
	c, r := b.client, b.rival
	wrong := strings.Repeat("0", 64)
	tests := []struct {
		name string
		request
		status       int
		code, detail string
	}{
		{"wrong secret", login(c.ClientID, wrong, c.ConomyKey), 401, "41", "missing or invalid credentials"},
		{"another client's secret", login(c.ClientID, r.ClientSecret, c.ConomyKey), 401, "41", "missing or invalid credentials"},
		{"malformed secret", login(c.ClientID, canary, c.ConomyKey), 401, "41", "missing or invalid credentials"},
		{"malformed client", login(canary, c.ClientSecret, c.ConomyKey), 401, "41", "missing or invalid credentials"},
		{"no key", login(c.ClientID, c.ClientSecret, ""), 401, "41", "missing or invalid credentials"},
		{"malformed key", login(c.ClientID, c.ClientSecret, canary), 401, "41", "missing or invalid credentials"},
		{"another client's key", login(c.ClientID, c.ClientSecret, r.ConomyKey), 403, "43", "the credentials do not allow this operation"},
		{"key of the other API", login(c.ClientID, c.ClientSecret, c.BlnkKey), 403, "43", "the credentials do not allow this operation"},
		{"no client", login("", c.ClientSecret, c.ConomyKey), 400, "12", "clientId is required"},
		{"no secret", login(c.ClientID, "", c.ConomyKey), 400, "12", "clientSecret is required"},
		{"client is a number", request{operation: "create-token", body: `{"clientId":7361}`}, 400, "11", "clientId must be a string"},
		{"secret is an object", request{operation: "create-token", body: `{"clientId":"a","clientSecret":{}}`}, 400, "11", "clientSecret must be a string"},
		{"client twice", request{operation: "create-token", body: `{"clientId":"a","clientId":"b"}`}, 400, "14", "clientId stands twice in its object"},
		{"no body", request{operation: "create-token"}, 400, "14", "body is empty"},
		{"old spelling", request{operation: "create-token", body: `{"client_id":"a","client_secret":"b"}`}, 400, "12", "clientId is required"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got events.APIGatewayProxyResponse
			output := captured(t, func() { got = b.send(tt.request) })
			if wantStatus(t, got, tt.status); at(t, got.Body, "code") != `"`+tt.code+`"` || at(t, got.Body, "detail") != `"`+tt.detail+`"` {
				t.Errorf("got %s, want %s %s", got.Body, tt.code, tt.detail)
			}
			for _, secret := range []string{c.ClientSecret, r.ClientSecret, c.ConomyKey, r.ConomyKey, c.BlnkKey} {
				if strings.Contains(output+got.Body, secret) {
					t.Error("a credential was shown")
				}
			}
			noCanary(t, output+got.Body)
		})
	}
}

// unable is a guard and an issuer that cannot answer.
type unable struct{ err error }

func (u unable) Login(context.Context, string, string, string) (auth.Client, error) {
	return auth.Client{}, u.err
}

func (u unable) Issue(context.Context, auth.Client) (string, time.Time, error) {
	return "", time.Time{}, u.err
}

// theirs are words of another service, which only the log may hold.
const theirs = "words of another service"

func TestTokenFailures(t *testing.T) {
	b := newBank(t)
	q := login(b.client.ClientID, b.client.ClientSecret, b.client.ConomyKey)
	good := b.api.Logins
	b.api.Tokens = unable{errors.New("kms said " + theirs)}
	for _, logins := range []conomy.Logins{good, unable{context.DeadlineExceeded}} {
		b.api.Logins = logins
		got := b.send(q)
		if wantStatus(t, got, 500); at(t, got.Body, "detail") != `"unexpected error"` {
			t.Error(got.Body)
		}
		if strings.Contains(got.Body, theirs) {
			t.Error(got.Body)
		}
	}
	for _, refused := range []error{auth.ErrExpired, auth.ErrSuspended} {
		b.api.Logins = unable{refused}
		if got := b.send(q); got.StatusCode >= 500 || got.StatusCode < 400 {
			t.Errorf("%v: %d", refused, got.StatusCode)
		}
	}
}
