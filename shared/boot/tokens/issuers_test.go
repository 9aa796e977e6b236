package tokens_test

import (
	"fmt"
	"strings"
	"testing"

	"cedula/shared/auth"
	"cedula/shared/boot/tokens"
)

const cognito = `[{
	"issuer": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI",
	"keys": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI/.well-known/jwks.json",
	"algorithms": ["RS256"], "types": [""], "require": {"token_use": "access"},
	"clients": {"4k1example23456789": "0123456789abcdef"}, "scopePrefix": "https://registry/"
}]`

func TestExternalIssuersVariable(t *testing.T) {
	const second = `{"issuer":"https://b.example","keys":"https://b.example/keys","algorithms":["ES256"],"audience":"cedula"`
	key, err := auth.NewLocalKey()
	if err != nil {
		t.Fatal(err)
	}
	changed := func(was, is string) string { return strings.Replace(cognito, was, is, 1) }
	for _, c := range []struct{ name, value, want string }{
		{"none", `[]`, ""},
		{"Cognito", cognito, ""},
		{"two", strings.TrimSuffix(cognito, "]") + "," + second + "}]", ""},
		{"by audience", "[" + second + "}]", ""},
		{"all members", "[" + second + `,"types":["JWT"],"clientClaim":"azp","scopeClaim":"scp","require":{},"clients":{},"scopePrefix":""}]`, ""},
		{"absent", "", "CEDULA_ISSUERS is not set"},
		{"no JSON", "[{", "CEDULA_ISSUERS is wrong: 0 is not valid JSON at byte 2"},
		{"an object", `{}`, "CEDULA_ISSUERS is wrong: body must be an array"},
		{"null", `null`, "CEDULA_ISSUERS is wrong: body must not be null"},
		{"unknown member", "[" + second + `,"jwksUri":"x"}]`, "CEDULA_ISSUERS is wrong: 0.jwksUri is not known"},
		{"member twice", "[" + second + `,"issuer":"x"}]`, "CEDULA_ISSUERS is wrong: 0.issuer stands twice in its object"},
		{"another type", changed(`["RS256"]`, `"RS256"`), "CEDULA_ISSUERS is wrong: 0.algorithms must be an array"},
		{"keys absent", changed(`"keys"`, `"scopeClaim"`), "CEDULA_ISSUERS is wrong: 0.keys must be a URL"},
		{"keys by http", changed(`"keys": "https`, `"keys": "http`), "CEDULA_ISSUERS is wrong: 0.keys must be an https URL"},
		{"keys on this machine", changed(`"keys": "https://cognito-idp.us-east-1.amazonaws.com`, `"keys": "http://localhost`), "CEDULA_ISSUERS is wrong: 0.keys must be an https URL"},
		{"no issuer", "[{}]", "CEDULA_ISSUERS is wrong: 0.keys must be a URL"},
		{"issuer empty", changed(`"issuer": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI"`, `"issuer": ""`), "CEDULA_ISSUERS is wrong: 0.issuer is missing"},
		{"our own", "[" + strings.Replace(second, "https://b.example", "urn:issuer", 1) + "}]", "CEDULA_ISSUERS is wrong: 0.issuer is trusted already"},
		{"one twice", "[" + second + "}," + second + "}]", "CEDULA_ISSUERS is wrong: 1.issuer is trusted already"},
		{"HS256", changed("RS256", "HS256"), "CEDULA_ISSUERS is wrong: 0.algorithms must be ES256, RS256 or both"},
		{"for anybody", changed(`"clients": {"4k1example23456789": "0123456789abcdef"},`, ""), "CEDULA_ISSUERS is wrong: 0.audience is missing, and so is clients: the issuer's tokens for anybody would do"},
		{"id tokens", changed(`"require": {"token_use": "access"},`, ""), "CEDULA_ISSUERS is wrong: 0.require is missing: without it, audience or typ at+jwt an id token would do"},
		{"clients of nobody", changed("0123456789abcdef", "somebody"), "CEDULA_ISSUERS is wrong: 0.clients must name clients by their ids"},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := newConfig(string(key.PEM()))
			config.TokenIssuers = c.value
			_, err := tokens.NewAuthenticator(config)
			want := "<nil>"
			if c.want != "" {
				want = "environment variable " + c.want
			}
			if got := fmt.Sprint(err); got != want {
				t.Errorf("NewAuthenticator = %s, want %s", got, want)
			}
		})
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
