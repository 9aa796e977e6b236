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
)

// tokenAPI is an API that issues tokens, with a client. Tokens expire by the wall clock.
type tokenAPI struct {
	*testAPI
	client auth.Credentials
}

func newTokenAPI(t testing.TB) *tokenAPI {
	t.Helper()
	b := &tokenAPI{testAPI: newTestAPI(t)}
	signer, err := auth.NewLocalKey()
	if err != nil {
		t.Fatal(err)
	}
	hasher := auth.NewHasher(bytes.Repeat([]byte("s"), 32))
	b.api.Logins = &auth.Authenticator{Store: b.Store, Hasher: hasher}
	b.api.IssuerMetadata = auth.IssuerMetadata{Issuer: "https://cedula.example", Keys: auth.KeySet{signer}}
	b.api.Tokens = &auth.Issuer{Signer: signer, Issuer: "https://cedula.example", Audience: "cedula"}
	admin := auth.Admin{AdminStore: b.Store, Hasher: hasher, APIs: []auth.API{conomy.AuthAPI, {Name: "other", KeyPrefix: "cok"}}}
	_, b.client, err = admin.CreateClient(t.Context(), auth.ClientParams{Name: "app", Tenant: "acme", Scopes: auth.Scopes{auth.ScopeIdentityRead}, TestMode: true})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func tokenRequest(body string) request {
	return request{Operation: "create-token", Body: body, Caller: map[string]any{}}
}

func loginRequest(id, secret, key string) request {
	return tokenRequest(fmt.Sprintf(`{"clientId":%q,"clientSecret":%q}`, id, secret)).WithHeader("x-api-key", key)
}

func (b *tokenAPI) login() events.APIGatewayProxyResponse {
	b.Helper()
	return b.Send(loginRequest(b.client.ClientID, b.client.ClientSecret, b.client.Keys["conomy"]))
}

func TestCreateToken(t *testing.T) {
	got := newTokenAPI(t).login()
	wantStatus(t, got, 200)
	want := regexp.MustCompile(`^{"accessToken":"[^".]+\.[^".]+\.[^".]+","tokenType":"Bearer","expiresIn":(3600|3599)}$`)
	if !want.MatchString(got.Body) {
		t.Errorf("body = %s, want %s", got.Body, want)
	}
	wantHeader(t, got, "Cache-Control", "no-store")
}

// TestInvalidLoginsAreRejected also checks that no credential is returned or logged.
func TestInvalidLoginsAreRejected(t *testing.T) {
	b := newTokenAPI(t)
	c := b.client
	const missing = "missing or invalid credentials"
	for name, tt := range map[string]step{
		"wrong secret":           {loginRequest(c.ClientID, strings.Repeat("0", 64), c.Keys["conomy"]), 401, "41", missing},
		"malformed secret":       {loginRequest(c.ClientID, canary, c.Keys["conomy"]), 401, "41", missing},
		"malformed client":       {loginRequest(canary, c.ClientSecret, c.Keys["conomy"]), 401, "41", missing},
		"no key":                 {loginRequest(c.ClientID, c.ClientSecret, ""), 401, "41", missing},
		"malformed key":          {loginRequest(c.ClientID, c.ClientSecret, canary), 401, "41", missing},
		"key of the other API":   {loginRequest(c.ClientID, c.ClientSecret, c.Keys["other"]), 403, "43", "the credentials do not allow this operation"},
		"no client":              {loginRequest("", c.ClientSecret, c.Keys["conomy"]), 400, "12", "clientId is required"},
		"no secret":              {loginRequest(c.ClientID, "", c.Keys["conomy"]), 400, "12", "clientSecret is required"},
		"client is a number":     {tokenRequest(`{"clientId":7361}`), 400, "11", "clientId must be a string"},
		"names in another style": {tokenRequest(`{"client_id":"a","client_secret":"b"}`), 400, "12", "clientId is required"},
	} {
		t.Run(name, func(t *testing.T) {
			var got events.APIGatewayProxyResponse
			output := privacytest.Capture(t, func() { got = b.Send(tt.request) })
			wantError(t, got, tt.status, tt.code, tt.detail)
			for _, secret := range []string{c.ClientSecret, c.Keys["conomy"], c.Keys["other"]} {
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

func (f failingAuth) Login(context.Context, auth.API, string, string, string) (auth.Client, error) {
	return auth.Client{}, f.err
}

func (f failingAuth) Issue(context.Context, auth.Client) (string, time.Time, error) {
	return "", time.Time{}, f.err
}

// internalErrorText is part of an error of another service. It must not be in a response.
const internalErrorText = "words of another service"

func TestTokenFailures(t *testing.T) {
	b := newTokenAPI(t)
	b.api.Tokens = failingAuth{errors.New("kms said " + internalErrorText)}
	wantError(t, b.login(), 500, "01", "unexpected error")
	b.api.Logins = failingAuth{context.DeadlineExceeded}
	wantError(t, b.login(), 500, "01", "unexpected error")
	b.api.Logins = failingAuth{auth.ErrSuspended}
	wantStatus(t, b.login(), 403)
}
