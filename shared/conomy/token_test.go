package conomy_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"cedula/infra/privacytest"
	"cedula/shared/auth"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

// tokenAPI is an API that issues tokens, with an authorizer and with clients of two tenants. Tokens expire by the wall clock.
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
	guard := &auth.Authenticator{Store: w.Store, Hasher: hasher, Tokens: auth.NewVerifier("https://cedula.example", "cedula", auth.KeySet{signer})}
	w.api.Logins = guard
	w.api.IssuerMetadata = auth.IssuerMetadata{Issuer: "https://cedula.example", Keys: auth.KeySet{signer}}
	w.api.Tokens = &auth.Issuer{Signer: signer, Issuer: "https://cedula.example", Audience: "cedula"}
	b := &tokenAPI{testAPI: w, authorizer: &conomy.Authorizer{Authenticator: guard}}
	admin := auth.Admin{AdminStore: w.Store, Hasher: hasher, APIs: []auth.API{conomy.AuthAPI, otherAPI}}
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

func tokenRequest(body string) request {
	return request{Operation: "create-token", Body: body, Caller: map[string]any{}}
}

func loginRequest(id, secret, key string) request {
	return tokenRequest(fmt.Sprintf(`{"clientId":%q,"clientSecret":%q}`, id, secret)).WithHeader("x-api-key", key)
}

func (b *tokenAPI) mustIssueToken(c auth.Credentials) string {
	b.Helper()
	got := b.Send(loginRequest(c.ClientID, c.ClientSecret, c.Keys["conomy"]))
	wantStatus(b, got, 200)
	return text(b, got.Body, "accessToken")
}

func TestCreateToken(t *testing.T) {
	b := newTokenAPI(t)
	got := b.Send(loginRequest(b.client.ClientID, b.client.ClientSecret, b.client.Keys["conomy"]))
	wantStatus(t, got, 200)
	want := regexp.MustCompile(`^{"accessToken":"[^".]+\.[^".]+\.[^".]+","tokenType":"Bearer","expiresIn":(3600|3599)}$`)
	if !want.MatchString(got.Body) {
		t.Errorf("body = %s, want %s", got.Body, want)
	}
	wantHeader(t, got, "Cache-Control", "no-store")
}

func TestTokenAuthorizesRequests(t *testing.T) {
	b := newTokenAPI(t)
	given, err := b.authorize(b.mustIssueToken(b.client), b.client.Keys["conomy"])
	if err != nil {
		t.Fatal(err)
	}
	created := b.Send(createRequest(minimalBody).WithCaller(given.Context))
	wantStatus(t, created, 200)
	id := text(t, created.Body, "id")
	wantStatus(t, b.Send(getRequest(id).WithCaller(given.Context)), 200)
	rival, err := b.authorize(b.mustIssueToken(b.otherClient), b.otherClient.Keys["conomy"])
	if err != nil {
		t.Fatal(err)
	}
	wantStatus(t, b.Send(getRequest(id).WithCaller(rival.Context)), 404)
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
	const missing, mismatch = "missing or invalid credentials", "the credentials do not allow this operation"
	tests := map[string]step{
		"wrong secret":            {loginRequest(c.ClientID, wrong, c.Keys["conomy"]), 401, "41", missing},
		"another client's secret": {loginRequest(c.ClientID, r.ClientSecret, c.Keys["conomy"]), 401, "41", missing},
		"malformed secret":        {loginRequest(c.ClientID, canary, c.Keys["conomy"]), 401, "41", missing},
		"malformed client":        {loginRequest(canary, c.ClientSecret, c.Keys["conomy"]), 401, "41", missing},
		"no key":                  {loginRequest(c.ClientID, c.ClientSecret, ""), 401, "41", missing},
		"malformed key":           {loginRequest(c.ClientID, c.ClientSecret, canary), 401, "41", missing},
		"another client's key":    {loginRequest(c.ClientID, c.ClientSecret, r.Keys["conomy"]), 403, "43", mismatch},
		"key of the other API":    {loginRequest(c.ClientID, c.ClientSecret, c.Keys["other"]), 403, "43", mismatch},
		"no client":               {loginRequest("", c.ClientSecret, c.Keys["conomy"]), 400, "12", "clientId is required"},
		"no secret":               {loginRequest(c.ClientID, "", c.Keys["conomy"]), 400, "12", "clientSecret is required"},
		"client is a number":      {tokenRequest(`{"clientId":7361}`), 400, "11", "clientId must be a string"},
		"secret is an object":     {tokenRequest(`{"clientId":"a","clientSecret":{}}`), 400, "11", "clientSecret must be a string"},
		"client twice":            {tokenRequest(`{"clientId":"a","clientId":"b"}`), 400, "14", "clientId stands twice in its object"},
		"no body":                 {tokenRequest(""), 400, "14", "body is empty"},
		"old spelling":            {tokenRequest(`{"client_id":"a","client_secret":"b"}`), 400, "12", "clientId is required"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got events.APIGatewayProxyResponse
			output := privacytest.Capture(t, func() { got = b.Send(tt.request) })
			wantError(t, got, tt.status, tt.code, tt.detail)
			for _, secret := range []string{c.ClientSecret, r.ClientSecret, c.Keys["conomy"], r.Keys["conomy"], c.Keys["other"]} {
				if strings.Contains(output+got.Body, secret) {
					t.Errorf("response or log contains a credential: %s", got.Body)
				}
			}
			wantNoCanary(t, output+got.Body)
		})
	}
}

// failingAuth fails to authenticate clients and to issue tokens.
type failingAuth struct{ err error }

func (u failingAuth) Login(context.Context, auth.API, string, string, string) (auth.Client, error) {
	return auth.Client{}, u.err
}

func (u failingAuth) Issue(context.Context, auth.Client) (string, time.Time, error) {
	return "", time.Time{}, u.err
}

// internalErrorText is part of an error of another service. It must not be in a response.
const internalErrorText = "words of another service"

func TestTokenFailures(t *testing.T) {
	b := newTokenAPI(t)
	q := loginRequest(b.client.ClientID, b.client.ClientSecret, b.client.Keys["conomy"])
	good := b.api.Logins
	b.api.Tokens = failingAuth{errors.New("kms said " + internalErrorText)}
	for _, logins := range []conomy.Logins{good, failingAuth{context.DeadlineExceeded}} {
		b.api.Logins = logins
		got := b.Send(q)
		wantError(t, got, 500, "01", "unexpected error")
	}
	for _, refused := range []error{auth.ErrExpired, auth.ErrSuspended} {
		b.api.Logins = failingAuth{refused}
		if got := b.Send(q); got.StatusCode >= 500 || got.StatusCode < 400 {
			t.Errorf("%v: status = %d, want 4xx", refused, got.StatusCode)
		}
	}
}
