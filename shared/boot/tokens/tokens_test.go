package tokens_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"cedula/shared/auth"
	"cedula/shared/boot"
	"cedula/shared/boot/tokens"
)

// The key in KMS is tested with the real functions, in infra/lambdatest.
func TestAuthenticatorAcceptsIssuedTokens(t *testing.T) {
	c := newConfig(newKey(t))
	a, err := tokens.NewAuthenticator(c)
	if err != nil {
		t.Fatal(err)
	}
	claims, err := a.Tokens.Verify(t.Context(), issueToken(t, c), time.Now())
	if err != nil || claims.Client != "client" || claims.Tenant != "acme" {
		t.Errorf("claims = %+v, %v; want those of client in acme", claims, err)
	}
}

func TestVariables(t *testing.T) {
	const issuer = `{"issuer":"https://b.example","keys":"https://b.example/keys","algorithms":["ES256"],"audience":"cedula"}`
	key := newKey(t)
	for _, tt := range []struct {
		change                          func(*boot.Config)
		issuer, metadata, authenticator bool // the constructors that return an error
		want                            string
	}{
		{func(c *boot.Config) { c.TokenIssuer = "" }, true, true, true, "CEDULA_ISSUER is not set"},
		{func(c *boot.Config) { c.TokenAudience = "" }, true, false, true, "CEDULA_AUDIENCE is not set"},
		{func(c *boot.Config) { c.TokenKeys = "" }, true, true, true, "CEDULA_TOKEN_KEY is not set"},
		{func(c *boot.Config) { c.TokenKeys = "-----BEGIN" }, true, true, true, "CEDULA_TOKEN_KEY is not a P-256 private key in PEM"},
		{func(c *boot.Config) { c.TokenKeys = "alias/a,,alias/b" }, true, true, true, "CEDULA_TOKEN_KEY must be keys separated by commas, none of them empty"},
		{func(c *boot.Config) { c.TokenKeys, c.Region = "alias/a", "" }, true, true, true, "AWS_REGION is not set"},
		{func(c *boot.Config) { c.Secret = "" }, false, false, true, "CEDULA_SECRET is not set"},
		{func(c *boot.Config) { c.TokenIssuers = "" }, false, false, true, "CEDULA_ISSUERS is not set"},
		{func(c *boot.Config) { c.TokenIssuers = "[{}]" }, false, false, true, "CEDULA_ISSUERS is wrong: 0.keys must be a URL"},
		{func(c *boot.Config) { c.TokenIssuers = "[" + issuer + "]" }, false, false, false, ""},
	} {
		c := newConfig(key)
		tt.change(&c)
		_, issuerErr := tokens.NewIssuer(c)
		_, metadataErr := tokens.NewIssuerMetadata(c)
		_, authenticatorErr := tokens.NewAuthenticator(c)
		for name, got := range map[string]struct {
			err  error
			want bool
		}{
			"NewIssuer": {issuerErr, tt.issuer}, "NewIssuerMetadata": {metadataErr, tt.metadata}, "NewAuthenticator": {authenticatorErr, tt.authenticator},
		} {
			want := "<nil>"
			if got.want {
				want = "environment variable " + tt.want
			}
			if fmt.Sprint(got.err) != want {
				t.Errorf("%s = %v, want %s", name, got.err, want)
			}
		}
	}
}

// TestFirstKeyIsLoadedAtStart: while Lambda starts a function, the public key of the first key in KMS is requested.
func TestFirstKeyIsLoadedAtStart(t *testing.T) {
	var operations []string
	kms := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		operations = append(operations, r.Header.Get("X-Amz-Target"))
		w.WriteHeader(http.StatusBadRequest)
	}))
	defer kms.Close()
	c := newConfig("alias/first,alias/second")
	c.KMSEndpoint, c.Function = kms.URL, "conomy-get-token-keys"
	if _, err := tokens.NewIssuerMetadata(c); err != nil {
		t.Fatal(err)
	}
	if len(operations) != 1 || operations[0] != "TrentService.GetPublicKey" {
		t.Errorf("calls of KMS = %q, want one GetPublicKey", operations)
	}
}

func TestFirstKeySignsAndAllKeysVerify(t *testing.T) {
	first, second := newKey(t), newKey(t)
	before := issueToken(t, newConfig(first))
	now := issueToken(t, newConfig(second+" , "+first))
	if verify(t, newConfig(second+","+first), before) != nil {
		t.Error("a token of the second key is rejected")
	}
	if verify(t, newConfig(second), now) != nil {
		t.Error("a token of the first key is rejected: the first key does not sign")
	}
	if verify(t, newConfig(second), before) == nil {
		t.Error("a token of a removed key is accepted")
	}
	metadata, err := tokens.NewIssuerMetadata(newConfig(first + "," + second))
	if err != nil {
		t.Fatal(err)
	}
	set, err := metadata.Keys.JWKS(t.Context())
	if err != nil || strings.Count(string(set), `"kid"`) != 2 || metadata.Issuer != "urn:issuer" {
		t.Errorf("metadata = %s of %s, %v; want 2 keys of urn:issuer", set, metadata.Issuer, err)
	}
}

func newConfig(keys string) boot.Config {
	return boot.Config{
		Table: "cedula", Secret: strings.Repeat("s", 32), Region: "us-east-1", AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "example",
		TokenIssuer: "urn:issuer", TokenAudience: "urn:audience", TokenKeys: keys, TokenIssuers: "[]",
	}
}

// newKey returns a private key in PEM.
func newKey(t *testing.T) string {
	t.Helper()
	key, err := auth.NewLocalKey()
	if err != nil {
		t.Fatal(err)
	}
	return string(key.PEM())
}

func issueToken(t *testing.T, c boot.Config) string {
	t.Helper()
	issuer, err := tokens.NewIssuer(c)
	if err != nil {
		t.Fatal(err)
	}
	token, _, err := issuer.Issue(t.Context(), auth.Client{ID: "client", Tenant: "acme"})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func verify(t *testing.T, c boot.Config, token string) error {
	t.Helper()
	a, err := tokens.NewAuthenticator(c)
	if err != nil {
		t.Fatal(err)
	}
	_, err = a.Tokens.Verify(t.Context(), token, time.Now())
	return err
}
