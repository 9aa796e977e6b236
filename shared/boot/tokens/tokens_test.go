package tokens_test

import (
	"testing"
	"time"

	"cedula/shared/auth"
	"cedula/shared/boot/tokens"
)

// With a private key for development the guard takes the issuer's tokens, and
// those of no other key. The key in KMS is tried with the real functions, in
// infra/lambdatest.
func TestAuthenticatorAcceptsIssuedTokens(t *testing.T) {
	setEnvironment(t)
	newKey(t)
	guard, client := tokens.Authenticator(), auth.Client{ID: "client", Tenant: "acme"}
	own := issueToken(t, client)
	claims, err := guard.Tokens.Verify(t.Context(), own, time.Now())
	if err != nil || claims.Client != "client" || claims.Tenant != "acme" {
		t.Errorf("own token: %+v, %v", claims, err)
	}
	newKey(t)
	if _, err := guard.Tokens.Verify(t.Context(), issueToken(t, client), time.Now()); err == nil {
		t.Error("a token of another key is taken")
	}
}

func setEnvironment(t *testing.T) {
	t.Helper()
	for name, value := range map[string]string{
		"CEDULA_TABLE": "cedula", "CEDULA_SECRET": "0123456789abcdef0123456789abcdef",
		"CEDULA_ISSUER": "urn:issuer", "CEDULA_AUDIENCE": "urn:audience", "CEDULA_ISSUERS": "[]",
		"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example",
		"AWS_LAMBDA_FUNCTION_NAME": "",
	} {
		t.Setenv(name, value)
	}
}

func newKey(t *testing.T) (pem string) {
	t.Helper()
	key, err := auth.NewLocalKey()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("CEDULA_TOKEN_KEY", string(key.PEM()))
	return string(key.PEM())
}

func issueToken(t *testing.T, c auth.Client) string {
	t.Helper()
	token, _, err := tokens.Issuer().Issue(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return token
}
