package federation_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cedula/shared/auth"
	"cedula/shared/auth/federation"
)

// rfc9068 is an issuer that follows RFC 9068, and names clients by our ids.
func rfc9068() federation.Issuer {
	return federation.Issuer{Issuer: cognitoURL, Algorithms: []string{"RS256", "ES256"}, Audience: "cedula", ScopePrefix: scopePrefix}
}

func TestExternalTokensAreAccepted(t *testing.T) {
	s := newSigner(t, cognitoURL)
	const both = "identity:delete identity:read"
	own, eitherAlgorithm, azp, scp := quote(ownClientID), cognito(), rfc9068(), cognito()
	eitherAlgorithm.Algorithms = []string{"RS256", "ES256"}
	azp.TokenTypes, azp.ClientClaim = []string{"JWT"}, "azp"
	scp.ClientClaim, scp.ScopeClaim, scp.ScopePrefix = "sub", "scp", ""
	for name, tt := range map[string]struct {
		issuer      federation.Issuer
		alg, header string
		changes     []string
		scopes      string
	}{
		"Cognito":              {cognito(), "RS256", cognitoHeader, nil, both},
		"RFC 9068":             {rfc9068(), "ES256", `{"alg":"ES256","typ":"at+jwt","kid":"e"}`, []string{"client_id", own, "aud", `["x","cedula"]`}, both},
		"full media type":      {rfc9068(), "RS256", `{"alg":"RS256","typ":"application/at+jwt","kid":"r"}`, []string{"client_id", own, "aud", `"cedula"`}, both},
		"either algorithm":     {eitherAlgorithm, "ES256", `{"alg":"ES256","kid":"e"}`, nil, both},
		"azp and JWT":          {azp, "RS256", `{"typ":"JWT","alg":"RS256","x5t":"AA","x5t#S256":"AA","kid":"r"}`, []string{"azp", own, "client_id", "", "aud", `"cedula"`}, both},
		"sub and an array":     {scp, "RS256", cognitoHeader, []string{"scp", `["identity:read","identity:write","identity:read","not one"]`}, "identity:read identity:write"},
		"no scope":             {cognito(), "RS256", cognitoHeader, []string{"scope", ""}, ""},
		"scope without prefix": {cognito(), "RS256", cognitoHeader, []string{"scope", `"identity:read"`}, ""},
		"scopes in an object":  {cognito(), "RS256", cognitoHeader, []string{"scope", `{"a":"identity:read"}`}, ""},
		"nbf of zero":          {cognito(), "RS256", cognitoHeader, []string{"nbf", "0"}, both},
		"times with fractions": {
			cognito(), "RS256", cognitoHeader, []string{"exp", fmt.Sprint(epoch.Add(time.Hour).Unix(), ".811"), "iat", fmt.Sprint(epoch.Unix(), "e0")}, both,
		},
		"nested claims":         {cognito(), "RS256", cognitoHeader, []string{"x", `{"y":{"z":[1,{"a":null}]}}`}, both},
		"a tenant, not trusted": {cognito(), "RS256", cognitoHeader, []string{"tenant", `"other"`}, both},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVerifier(t, tt.issuer, s.keys)
			got, err := v.Verify(ctx, s.sign(tt.alg, tt.header, s.claims(tt.changes...)), epoch)
			want := auth.Claims{Client: ownClientID, Scopes: auth.ParseScopes(tt.scopes), Expires: epoch.Add(time.Hour)}
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("Verify: error = %v, claims (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestInvalidIssuersAreRejected(t *testing.T) {
	keys := newKeyServer(t, jwkSet()).source
	for name, tt := range map[string]struct {
		edit func(*federation.Issuer)
		want string
	}{
		"no issuer":             {func(i *federation.Issuer) { i.Issuer = "" }, "issuer is missing"},
		"issuer twice":          {func(i *federation.Issuer) { i.Issuer = cognitoURL }, "issuer is trusted already"},
		"our own issuer":        {func(i *federation.Issuer) { i.Issuer = ownIssuer }, "issuer is trusted already"},
		"no algorithm":          {func(i *federation.Issuer) { i.Algorithms = nil }, "algorithms must be"},
		"HS256":                 {func(i *federation.Issuer) { i.Algorithms = []string{"RS256", "HS256"} }, "algorithms must be"},
		"none":                  {func(i *federation.Issuer) { i.Algorithms = []string{"none"} }, "algorithms must be"},
		"no audience or client": {func(i *federation.Issuer) { i.ClientIDs = nil }, "audience or clients is required"},
		"id tokens":             {func(i *federation.Issuer) { i.RequiredClaims = nil }, "require, audience or type"},
		"id tokens, too":        {func(i *federation.Issuer) { i.RequiredClaims, i.TokenTypes = nil, []string{"at+jwt", "JWT"} }, "require, audience or type"},
		"unknown client":        {func(i *federation.Issuer) { i.ClientIDs = map[string]string{externalID: "absent"} }, "clients must name"},
		"client of no name":     {func(i *federation.Issuer) { i.ClientIDs = map[string]string{"": ownClientID} }, "clients must name"},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVerifier(t, cognito(), keys)
			i := cognito()
			i.Issuer = "https://another.example"
			tt.edit(&i)
			if err := i.AddTo(v, keys); err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("AddTo: error = %v, want %s", err, tt.want)
			}
		})
	}
}

func TestAddIssuers(t *testing.T) {
	const (
		pool = `{
			"issuer": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI",
			"keys": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI/.well-known/jwks.json",
			"algorithms": ["RS256"], "types": [""], "require": {"token_use": "access"},
			"clients": {"4k1example23456789": "0123456789abcdef"}, "scopePrefix": "https://registry/"
		}`
		other = `{"issuer":"https://b.example","keys":"https://b.example/keys","algorithms":["ES256"],"audience":"cedula"`
	)
	changed := func(was, is string) string { return "[" + strings.Replace(pool, was, is, 1) + "]" }
	for name, tt := range map[string]struct{ list, want string }{
		"none":             {`[]`, "<nil>"},
		"one":              {"[" + pool + "]", "<nil>"},
		"two":              {"[" + pool + "," + other + "}]", "<nil>"},
		"all fields":       {"[" + other + `,"types":["JWT"],"clientClaim":"azp","scopeClaim":"scp","require":{},"clients":{},"scopePrefix":""}]`, "<nil>"},
		"malformed JSON":   {"[{", "0 is not valid JSON at byte 2"},
		"an object":        {`{}`, "body must be an array"},
		"null":             {`null`, "body must not be null"},
		"unknown field":    {"[" + other + `,"jwksUri":"x"}]`, "0.jwksUri is not known"},
		"a field twice":    {"[" + other + `,"issuer":"x"}]`, "0.issuer occurs twice in its object"},
		"another type":     {changed(`["RS256"]`, `"RS256"`), "0.algorithms must be an array"},
		"no keys":          {changed(`"keys"`, `"scopeClaim"`), "0.keys must be a URL"},
		"keys by http":     {changed(`"keys": "https`, `"keys": "http`), "0.keys must be an https URL"},
		"keys on loopback": {changed(`"keys": "https://cognito-idp.us-east-1.amazonaws.com`, `"keys": "http://localhost`), "0.keys must be an https URL"},
		"an issuer twice":  {"[" + other + "}," + other + "}]", "1.issuer is trusted already"},
	} {
		t.Run(name, func(t *testing.T) {
			err := federation.AddIssuers(auth.NewVerifier(ownIssuer, "cedula", auth.KeySet{}), []byte(tt.list))
			if got := fmt.Sprint(err); got != tt.want {
				t.Errorf("AddIssuers: error = %s, want %s", got, tt.want)
			}
		})
	}
}
