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

	"cedula/infra/privacytest"
	"cedula/shared/auth"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

// tokenAPI is a world whose API gives tokens and whose authorizer takes them, with
// two registered clients of two tenants. Tokens live by the wall clock.
type tokenAPI struct {
	*testAPI
	authorizer          *conomy.Authorizer
	client, otherClient auth.Credentials
}

func newTokenAPI(t testing.TB) *tokenAPI {
	t.Helper()
	w := newTestAPI(t)
	signer, err := auth.NewLocalKey()
	if err != nil {
		t.Fatal(err)
	}
	hasher := auth.NewHasher(bytes.Repeat([]byte("s"), 32))
	guard := &auth.Authenticator{
		Store: w.store, Hasher: hasher,
		Tokens: auth.NewVerifier("https://cedula.example", "cedula", auth.KeySet{signer}),
	}
	w.api.Logins = guard
	w.api.IssuerMetadata = auth.IssuerMetadata{Issuer: "https://cedula.example", Keys: auth.KeySet{signer}}
	w.api.Tokens = &auth.Issuer{Signer: signer, Issuer: "https://cedula.example", Audience: "cedula"}
	b := &tokenAPI{testAPI: w, authorizer: &conomy.Authorizer{Authenticator: guard}}
	admin := auth.Admin{AdminStore: w.store, Hasher: hasher, APIs: []auth.API{conomy.AuthAPI, otherAPI}}
	for tenant, shown := range map[string]*auth.Credentials{"acme": &b.client, "other": &b.otherClient} {
		_, *shown, err = admin.CreateClient(context.Background(), auth.ClientParams{
			Name: "app", Tenant: tenant, Scopes: auth.Scopes{auth.ScopeIdentityRead, auth.ScopeIdentityWrite}, TestMode: true,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return b
}

var otherAPI = auth.API{Name: "other", KeyPrefix: "cok"}

func loginRequest(id, secret, key string) request {
	q := request{operation: "create-token", body: fmt.Sprintf(`{"clientId":%q,"clientSecret":%q}`, id, secret), caller: map[string]any{}}
	return q.withHeader("x-api-key", key)
}

type tokenResponse struct {
	AccessToken, TokenType string
	ExpiresIn              int
}

func (b *tokenAPI) mustIssueToken(c auth.Credentials) string {
	b.Helper()
	got := b.send(loginRequest(c.ClientID, c.ClientSecret, c.Keys["conomy"]))
	var answer tokenResponse
	if err := json.Unmarshal([]byte(got.Body), &answer); err != nil || got.StatusCode != 200 {
		b.Fatalf("%v: %d %s", err, got.StatusCode, got.Body)
	}
	return answer.AccessToken
}

func TestCreateToken(t *testing.T) {
	b := newTokenAPI(t)
	got := b.send(loginRequest(b.client.ClientID, b.client.ClientSecret, b.client.Keys["conomy"]))
	wantStatus(t, got, 200)
	token, seconds := jsonAt(t, got.Body, "accessToken"), jsonAt(t, got.Body, "expiresIn")
	if want := `{"accessToken":` + token + `,"tokenType":"Bearer","expiresIn":` + seconds + `}`; got.Body != want {
		t.Errorf("got %s, want %s", got.Body, want)
	}
	if seconds != "3600" && seconds != "3599" {
		t.Errorf("expiresIn = %s, want 3600 or 3599", seconds)
	}
	if strings.Count(token, ".") != 2 {
		t.Errorf("accessToken = %s, want a JWT", token)
	}
	wantHeader(t, got, "Cache-Control", "no-store")
}

// TestTokenAuthorizesRequests goes all the way of a client: token, authorizer, create, fetch.
func TestTokenAuthorizesRequests(t *testing.T) {
	b := newTokenAPI(t)
	given, err := b.authorize(b.mustIssueToken(b.client), b.client.Keys["conomy"])
	if err != nil {
		t.Fatal(err)
	}
	created := b.send(request{body: minimalBody, caller: given.Context})
	wantStatus(t, created, 200)
	id := strings.Trim(jsonAt(t, created.Body, "id"), `"`)
	wantStatus(t, b.send(getRequest(id).withCaller(given.Context)), 200)
	wantJSON(t, created.Body, "status", `"PENDING"`)

	rival, err := b.authorize(b.mustIssueToken(b.otherClient), b.otherClient.Keys["conomy"])
	if err != nil {
		t.Fatal(err)
	}
	wantStatus(t, b.send(getRequest(id).withCaller(rival.Context)), 404)
}

func (b *tokenAPI) authorize(token, key string) (events.APIGatewayCustomAuthorizerResponse, error) {
	return gateway.AuthorizerHandler(b.authorizer)(context.Background(), events.APIGatewayCustomAuthorizerRequestTypeRequest{
		MethodArn:         "arn:aws:execute-api:us-east-1:1:api/sandbox/POST/identities",
		MultiValueHeaders: map[string][]string{"authorization": {"Bearer " + token}, "x-api-key": {key}},
	})
}

func TestInvalidLoginsAreRejected(t *testing.T) {
	b := newTokenAPI(t)
	c, r := b.client, b.otherClient
	wrong := strings.Repeat("0", 64)
	tests := []struct {
		name string
		request
		status       int
		code, detail string
	}{
		{"wrong secret", loginRequest(c.ClientID, wrong, c.Keys["conomy"]), 401, "41", "missing or invalid credentials"},
		{"another client's secret", loginRequest(c.ClientID, r.ClientSecret, c.Keys["conomy"]), 401, "41", "missing or invalid credentials"},
		{"malformed secret", loginRequest(c.ClientID, canary, c.Keys["conomy"]), 401, "41", "missing or invalid credentials"},
		{"malformed client", loginRequest(canary, c.ClientSecret, c.Keys["conomy"]), 401, "41", "missing or invalid credentials"},
		{"no key", loginRequest(c.ClientID, c.ClientSecret, ""), 401, "41", "missing or invalid credentials"},
		{"malformed key", loginRequest(c.ClientID, c.ClientSecret, canary), 401, "41", "missing or invalid credentials"},
		{"another client's key", loginRequest(c.ClientID, c.ClientSecret, r.Keys["conomy"]), 403, "43", "the credentials do not allow this operation"},
		{"key of the other API", loginRequest(c.ClientID, c.ClientSecret, c.Keys["other"]), 403, "43", "the credentials do not allow this operation"},
		{"no client", loginRequest("", c.ClientSecret, c.Keys["conomy"]), 400, "12", "clientId is required"},
		{"no secret", loginRequest(c.ClientID, "", c.Keys["conomy"]), 400, "12", "clientSecret is required"},
		{"client is a number", request{operation: "create-token", body: `{"clientId":7361}`}, 400, "11", "clientId must be a string"},
		{"secret is an object", request{operation: "create-token", body: `{"clientId":"a","clientSecret":{}}`}, 400, "11", "clientSecret must be a string"},
		{"client twice", request{operation: "create-token", body: `{"clientId":"a","clientId":"b"}`}, 400, "14", "clientId stands twice in its object"},
		{"no body", request{operation: "create-token"}, 400, "14", "body is empty"},
		{"old spelling", request{operation: "create-token", body: `{"client_id":"a","client_secret":"b"}`}, 400, "12", "clientId is required"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got events.APIGatewayProxyResponse
			output := privacytest.Capture(t, func() { got = b.send(tt.request) })
			wantError(t, got, tt.status, tt.code, tt.detail)
			for _, secret := range []string{c.ClientSecret, r.ClientSecret, c.Keys["conomy"], r.Keys["conomy"], c.Keys["other"]} {
				if strings.Contains(output+got.Body, secret) {
					t.Error("a credential was shown")
				}
			}
			wantNoCanary(t, output+got.Body)
		})
	}
}

// failingAuth is a guard and an issuer that cannot answer.
type failingAuth struct{ err error }

func (u failingAuth) Login(context.Context, auth.API, string, string, string) (auth.Client, error) {
	return auth.Client{}, u.err
}

func (u failingAuth) Issue(context.Context, auth.Client) (string, time.Time, error) {
	return "", time.Time{}, u.err
}

// internalErrorText are words of another service, which only the log may hold.
const internalErrorText = "words of another service"

func TestTokenFailures(t *testing.T) {
	b := newTokenAPI(t)
	q := loginRequest(b.client.ClientID, b.client.ClientSecret, b.client.Keys["conomy"])
	good := b.api.Logins
	b.api.Tokens = failingAuth{errors.New("kms said " + internalErrorText)}
	for _, logins := range []conomy.Logins{good, failingAuth{context.DeadlineExceeded}} {
		b.api.Logins = logins
		got := b.send(q)
		wantError(t, got, 500, "01", "unexpected error")
	}
	for _, refused := range []error{auth.ErrExpired, auth.ErrSuspended} {
		b.api.Logins = failingAuth{refused}
		if got := b.send(q); got.StatusCode >= 500 || got.StatusCode < 400 {
			t.Errorf("%v: status = %d, want 4xx", refused, got.StatusCode)
		}
	}
}
