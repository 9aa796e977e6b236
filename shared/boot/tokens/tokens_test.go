package tokens_test

import (
	"fmt"
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
	constructors := map[string]func(boot.Config) error{
		"NewIssuer":         func(c boot.Config) error { _, err := tokens.NewIssuer(c); return err },
		"NewAuthenticator":  func(c boot.Config) error { _, err := tokens.NewAuthenticator(c); return err },
		"NewIssuerMetadata": func(c boot.Config) error { _, err := tokens.NewIssuerMetadata(c); return err },
	}
	key := newKey(t)
	for _, tt := range []struct {
		change func(*boot.Config)
		want   string
		of     string // the constructors that need the variable
	}{
		{func(c *boot.Config) { c.TokenIssuer = "" }, "CEDULA_ISSUER is not set", "NewIssuer NewAuthenticator NewIssuerMetadata"},
		{func(c *boot.Config) { c.TokenAudience = "" }, "CEDULA_AUDIENCE is not set", "NewIssuer NewAuthenticator"},
		{func(c *boot.Config) { c.TokenKeys = "" }, "CEDULA_TOKEN_KEY is not set", "NewIssuer NewAuthenticator NewIssuerMetadata"},
		{func(c *boot.Config) { c.TokenKeys = "-----BEGIN" }, "CEDULA_TOKEN_KEY is not a P-256 private key in PEM", "NewIssuer NewAuthenticator NewIssuerMetadata"},
		{func(c *boot.Config) { c.TokenKeys = "alias/a,,alias/b" }, "CEDULA_TOKEN_KEY names no key where one is due", "NewIssuer NewAuthenticator NewIssuerMetadata"},
		{func(c *boot.Config) { c.Secret = "" }, "CEDULA_SECRET is not set", "NewAuthenticator"},
		{func(c *boot.Config) { c.TokenKeys, c.Region = "alias/a", "" }, "AWS_REGION is not set", "NewIssuer NewAuthenticator NewIssuerMetadata"},
	} {
		for name, construct := range constructors {
			c := newConfig(key)
			tt.change(&c)
			want := "<nil>"
			if strings.Contains(tt.of+" ", name+" ") {
				want = "environment variable " + tt.want
			}
			if got := fmt.Sprint(construct(c)); got != want {
				t.Errorf("%s = %s, want %s", name, got, want)
			}
		}
	}
}

func TestExternalIssuersVariable(t *testing.T) {
	const issuer = `{"issuer":"https://b.example","keys":"https://b.example/keys","algorithms":["ES256"],"audience":"cedula"}`
	key := newKey(t)
	for value, want := range map[string]string{
		`[]`:               "<nil>",
		"[" + issuer + "]": "<nil>",
		"":                 "environment variable CEDULA_ISSUERS is not set",
		"[{}]":             "environment variable CEDULA_ISSUERS is wrong: 0.keys must be a URL",
	} {
		c := newConfig(key)
		c.TokenIssuers = value
		_, err := tokens.NewAuthenticator(c)
		if got := fmt.Sprint(err); got != want {
			t.Errorf("NewAuthenticator with CEDULA_ISSUERS=%s: error = %s, want %s", value, got, want)
		}
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
