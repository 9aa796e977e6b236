package tokens_test

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"cedula/shared/auth"
	"cedula/shared/boot/tokens"
)

// TestMain lets the test program stand in for a function: what is tested ends
// the process.
func TestMain(m *testing.M) {
	if os.Getenv("TOKENS_AS_FUNCTION") != "" {
		tokens.Authenticator()
		return
	}
	os.Exit(m.Run())
}

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
			function := exec.CommandContext(t.Context(), os.Args[0])
			function.Env = []string{
				"TOKENS_AS_FUNCTION=yes", "CEDULA_TABLE=cedula", "CEDULA_SECRET=" + strings.Repeat("s", 32),
				"CEDULA_ISSUER=urn:issuer", "CEDULA_AUDIENCE=urn:audience", "CEDULA_TOKEN_KEY=" + string(key.PEM()),
				"AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=example", "CEDULA_ISSUERS=" + c.value,
			}
			var said bytes.Buffer
			function.Stderr = &said
			err := function.Run()
			want := c.want
			if want != "" {
				want = "cedula: environment variable " + want + "\n"
			}
			if said.String() != want || (err == nil) != (want == "") {
				t.Errorf("%v, says %q, want %q", err, said.String(), want)
			}
		})
	}
}

// Of several keys the first signs, and the tokens of all are taken.
func TestFirstKeySignsAndAllKeysVerify(t *testing.T) {
	setEnvironment(t)
	client := auth.Client{ID: "client", Tenant: "acme"}
	first := newKey(t)
	before := issueToken(t, client)
	second := newKey(t)
	t.Setenv("CEDULA_TOKEN_KEY", second+" , "+first)
	now, guard := issueToken(t, client), tokens.Authenticator()
	for _, token := range []string{before, now} {
		if _, err := guard.Tokens.Verify(t.Context(), token, time.Now()); err != nil {
			t.Error(err)
		}
	}
	t.Setenv("CEDULA_TOKEN_KEY", second)
	guard = tokens.Authenticator()
	if _, err := guard.Tokens.Verify(t.Context(), now, time.Now()); err != nil {
		t.Error("the first does not sign:", err)
	}
	if _, err := guard.Tokens.Verify(t.Context(), before, time.Now()); err == nil {
		t.Error("a token of a key that left is taken")
	}
	t.Setenv("CEDULA_TOKEN_KEY", first+","+second)
	published := tokens.IssuerMetadata()
	if set, err := published.Keys.JWKS(t.Context()); err != nil || strings.Count(string(set), `"kid"`) != 2 || published.Issuer != "urn:issuer" {
		t.Errorf("%s, %v", set, err)
	}
}
