package auth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cedula/shared/auth"
	"cedula/shared/auth/jwks"
)

// externalIssuer is an outside issuer: keys of both kinds, published by a real server.
type externalIssuer struct {
	name string
	rsa  *rsa.PrivateKey
	ec   *ecdsa.PrivateKey
	url  string
}

// The pool's keys have the ids "r" and "e", whatever pool it is.
func newExternalIssuer(t testing.TB, name string) *externalIssuer {
	t.Helper()
	private, err1 := rsa.GenerateKey(rand.Reader, 2048)
	curved, err2 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	p := &externalIssuer{name: name, rsa: private, ec: curved}
	point, _ := curved.PublicKey.Bytes()
	p.url = serveText(t, fmt.Sprintf(`{"keys":[{"kty":"RSA","kid":"r","use":"sig","alg":"RS256","n":%q,"e":"AQAB"},`+
		`{"kty":"EC","crv":"P-256","kid":"e","x":%q,"y":%q}]}`, b64(string(private.N.Bytes())), b64(string(point[1:33])), b64(string(point[33:]))))
	return p
}

func (p *externalIssuer) keySource(t testing.TB) auth.KeySource {
	t.Helper()
	source, err := jwks.New(jwks.Options{URL: p.url, AllowLoopbackHTTP: true})
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// sign signs any header and claims, by the key that fits alg.
func (p *externalIssuer) sign(alg, header, claims string) string {
	text := b64(header) + "." + b64(claims)
	digest := sha256.Sum256([]byte(text))
	var sig []byte
	switch alg {
	case "RS256":
		sig, _ = rsa.SignPKCS1v15(nil, p.rsa, crypto.SHA256, digest[:])
	case "PS256":
		sig, _ = rsa.SignPSS(rand.Reader, p.rsa, crypto.SHA256, digest[:], nil)
	case "ES256":
		r, s, _ := ecdsa.Sign(rand.Reader, p.ec, digest[:])
		sig = make([]byte, 64)
		r.FillBytes(sig[:32])
		s.FillBytes(sig[32:])
	}
	return text + "." + b64(string(sig))
}

// token is what the pool signs, by RS256, unless the header says otherwise.
func (p *externalIssuer) token(claims string) string { return p.sign("RS256", externalHeader, claims) }

const (
	externalHeader      = `{"kid":"r","alg":"RS256"}`
	externalClientID    = "4tclientofthepool"
	externalScopePrefix = "https://registry.example/"
)

// externalClaims is the claims of a Cognito access token for client credentials; changes
// as in world.claims.
func (w *fixture) externalClaims(p *externalIssuer, changes ...string) string {
	all := [][2]string{
		{"sub", fmt.Sprintf("%q", externalClientID)},
		{"token_use", `"access"`},
		{"scope", fmt.Sprintf(`"%sidentity:read %sidentity:delete openid"`, externalScopePrefix, externalScopePrefix)},
		{"auth_time", fmt.Sprint(w.now.Unix())},
		{"iss", fmt.Sprintf("%q", p.name)},
		{"exp", fmt.Sprint(w.now.Unix() + 3600)},
		{"iat", fmt.Sprint(w.now.Unix())},
		{"version", "2"},
		{"jti", `"j"`},
		{"client_id", fmt.Sprintf("%q", externalClientID)},
	}
	return jsonObject(all, changes...)
}

// cognitoIssuer trusts a user pool as its documentation describes its tokens.
func (w *fixture) cognitoIssuer(t testing.TB, p *externalIssuer) auth.ExternalIssuer {
	return auth.ExternalIssuer{
		Issuer: p.name, Keys: p.keySource(t), Algorithms: []string{auth.RS256}, TokenTypes: []string{""},
		RequiredClaims: map[string]string{"token_use": "access"},
		ClientIDs:      map[string]string{externalClientID: w.client.ID}, ScopePrefix: externalScopePrefix,
	}
}

const cognitoIssuerURL = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Example"

func newCognitoFixture(t testing.TB) (*fixture, *externalIssuer) {
	t.Helper()
	w, p := newFixture(t), newExternalIssuer(t, cognitoIssuerURL)
	w.addIssuer(t, w.cognitoIssuer(t, p))
	return w, p
}

func (w *fixture) addIssuer(t testing.TB, o auth.ExternalIssuer) {
	t.Helper()
	if err := w.authenticator.Tokens.AddIssuer(o); err != nil {
		t.Fatal(err)
	}
}

// The client of ours that the token names comes in with its own key, into its
// own tenant, with what both may.
func TestExternalTokenIsAccepted(t *testing.T) {
	w, p := newCognitoFixture(t)
	got, err := w.authenticator.AuthenticateBearer(ctx, conomyAPI, p.token(w.externalClaims(p)), w.credentials.Keys["conomy"])
	want := auth.Caller{
		Tenant: "acme", Client: w.client.ID, Key: w.credentials.Keys["conomy"][4:28], Scopes: auth.Scopes{"identity:read"}, Expires: w.now.Add(time.Hour),
		UsagePlanKey: w.client.UsagePlanKey,
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
	if _, err := w.authenticator.AuthenticateBearer(ctx, conomyAPI, w.token(t), w.credentials.Keys["conomy"]); err != nil {
		t.Errorf("our own token: %v", err)
	}
	_, other := w.createClient(t, "other")
	_, err = w.authenticator.AuthenticateBearer(ctx, conomyAPI, p.token(w.externalClaims(p)), other.Keys["conomy"])
	wantError(t, err, auth.ErrMismatch)
	_, fellow := w.createClient(t, "acme")
	_, err = w.authenticator.AuthenticateBearer(ctx, conomyAPI, p.token(w.externalClaims(p)), fellow.Keys["conomy"])
	wantError(t, err, auth.ErrMismatch)
	// A tenant that the issuer made up is not looked at.
	moved, err := w.authenticator.AuthenticateBearer(ctx, conomyAPI, p.token(w.externalClaims(p, "scope", "")[:1]+`"tenant":"other",`+w.externalClaims(p)[1:]), w.credentials.Keys["conomy"])
	if err != nil || moved.Tenant != "acme" {
		t.Errorf("tenant %q, %v", moved.Tenant, err)
	}
}

// TestExternalTokenFormats: other issuers have other habits.
func TestExternalTokenFormats(t *testing.T) {
	base := newFixture(t)
	p := newExternalIssuer(t, "https://issuer.example/")
	mine := fmt.Sprintf("%q", base.client.ID)
	for fact, try := range map[string]struct {
		edit   func(*auth.ExternalIssuer)
		alg    string
		header string
		claims []string
		scopes string
	}{
		"RFC 9068, our own id": {
			func(o *auth.ExternalIssuer) {
				o.TokenTypes, o.ClientIDs, o.RequiredClaims, o.Audience = nil, nil, nil, "cedula"
				o.Algorithms = []string{"ES256"}
			},
			"ES256", `{"alg":"ES256","typ":"at+jwt","kid":"e"}`,
			[]string{"client_id", mine, "aud", `["x","cedula"]`},
			"identity:read",
		},
		"long typ": {
			func(o *auth.ExternalIssuer) {
				o.TokenTypes, o.ClientIDs, o.RequiredClaims, o.Audience = nil, nil, nil, "cedula"
			},
			"RS256", `{"alg":"RS256","typ":"application/at+jwt","kid":"r"}`,
			[]string{"client_id", mine, "aud", `"cedula"`},
			"identity:read",
		},
		"azp, typ JWT and a thumbprint": {
			func(o *auth.ExternalIssuer) {
				o.TokenTypes, o.ClientClaim, o.RequiredClaims, o.Audience = []string{"JWT"}, "azp", nil, "cedula"
			},
			"RS256", `{"typ":"JWT","alg":"RS256","x5t":"AA","x5t#S256":"AA","kid":"r"}`,
			[]string{"azp", fmt.Sprintf("%q", externalClientID), "client_id", "", "aud", `"cedula"`},
			"identity:read",
		},
		"sub, scopes in a list": {
			func(o *auth.ExternalIssuer) { o.ClientClaim, o.ScopeClaim, o.ScopePrefix = "sub", "scp", "" },
			"RS256", externalHeader,
			[]string{"scp", `["identity:read","identity:write","identity:read"]`},
			"identity:read identity:write",
		},
		"no scope":                  {func(*auth.ExternalIssuer) {}, "RS256", externalHeader, []string{"scope", ""}, ""},
		"scopes without the prefix": {func(*auth.ExternalIssuer) {}, "RS256", externalHeader, []string{"scope", `"identity:read"`}, ""},
		"scopes an object":          {func(*auth.ExternalIssuer) {}, "RS256", externalHeader, []string{"scope", `{"a":"identity:read"}`}, ""},
		"either algorithm": {
			func(o *auth.ExternalIssuer) { o.Algorithms = []string{"RS256", "ES256"} }, "ES256", `{"alg":"ES256","kid":"e"}`, nil, "identity:read",
		},
		"nbf zero, as some send": {func(*auth.ExternalIssuer) {}, "RS256", externalHeader, []string{"nbf", "0"}, "identity:read"},
		"nested claims":          {func(*auth.ExternalIssuer) {}, "RS256", externalHeader, []string{"x", `{"y":{"z":[1,{"a":null}]}}`}, "identity:read"},
	} {
		t.Run(fact, func(t *testing.T) {
			w := newFixture(t)
			w.client.ID = base.client.ID
			o := w.cognitoIssuer(t, p)
			try.edit(&o)
			w.addIssuer(t, o)
			claims, err := w.authenticator.Tokens.Verify(ctx, p.sign(try.alg, try.header, w.externalClaims(p, try.claims...)), w.now)
			want := auth.Claims{Client: base.client.ID, Scopes: auth.ParseScopes(try.scopes), Expires: w.now.Add(time.Hour)}
			if diff := cmp.Diff(want, onlyClientScopes(claims, w)); diff != "" || err != nil {
				t.Error(err, diff)
			}
		})
	}
}

// onlyClientScopes leaves in the scopes that the test's client holds.
func onlyClientScopes(c auth.Claims, w *fixture) auth.Claims {
	c.Scopes = c.Scopes.Intersect(w.client.Scopes)
	return c
}

func TestAddIssuerRejectsInvalidConfig(t *testing.T) {
	w, p := newCognitoFixture(t)
	for want, edit := range map[string]func(*auth.ExternalIssuer){
		"issuer is missing":         func(o *auth.ExternalIssuer) { o.Issuer = "" },
		"issuer is trusted already": func(o *auth.ExternalIssuer) { o.Issuer = cognitoIssuerURL },
		"keys is missing":           func(o *auth.ExternalIssuer) { o.Keys = nil },
		"algorithms must be":        func(o *auth.ExternalIssuer) { o.Algorithms = nil },
		"algorithms must":           func(o *auth.ExternalIssuer) { o.Algorithms = []string{"RS256", "HS256"} },
		"algorithms":                func(o *auth.ExternalIssuer) { o.Algorithms = []string{"none"} },
		"audience is missing":       func(o *auth.ExternalIssuer) { o.ClientIDs = nil },
		"require is missing":        func(o *auth.ExternalIssuer) { o.RequiredClaims = nil },
		"require is":                func(o *auth.ExternalIssuer) { o.RequiredClaims, o.TokenTypes = nil, []string{"at+jwt", "JWT"} },
		"clients must name":         func(o *auth.ExternalIssuer) { o.ClientIDs = map[string]string{externalClientID: "somebody"} },
		"clients must":              func(o *auth.ExternalIssuer) { o.ClientIDs = map[string]string{"": w.client.ID} },
	} {
		o := w.cognitoIssuer(t, p)
		o.Issuer = "https://another.example"
		edit(&o)
		if err := w.authenticator.Tokens.AddIssuer(o); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	o := w.cognitoIssuer(t, p)
	o.Issuer = issuer
	if err := w.authenticator.Tokens.AddIssuer(o); err == nil || err.Error() != "issuer is trusted already" {
		t.Errorf("our own issuer: %v", err)
	}
}

// An issuer whose keys cannot be had refuses nobody and lets nobody in; our own
// tokens pass all the same.
func TestExternalKeysUnavailable(t *testing.T) {
	w, p := newFixture(t), newExternalIssuer(t, cognitoIssuerURL)
	o := w.cognitoIssuer(t, p)
	dead, err := jwks.New(jwks.Options{URL: "http://127.0.0.1:1/keys", AllowLoopbackHTTP: true})
	if err != nil {
		t.Fatal(err)
	}
	o.Keys = dead
	w.addIssuer(t, o)
	_, err = w.authenticator.AuthenticateBearer(ctx, conomyAPI, p.token(w.externalClaims(p)), w.credentials.Keys["conomy"])
	if !errors.Is(err, auth.ErrUnavailable) || auth.IsDenial(err) {
		t.Error(err)
	}
	if _, err := w.authenticator.AuthenticateBearer(ctx, conomyAPI, w.token(t), w.credentials.Keys["conomy"]); err != nil {
		t.Errorf("our own token: %v", err)
	}
}
