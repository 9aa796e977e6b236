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

// pool is an outside issuer: keys of both kinds, published by a real server.
type pool struct {
	name string
	rsa  *rsa.PrivateKey
	ec   *ecdsa.PrivateKey
	url  string
}

// The pool's keys have the ids "r" and "e", whatever pool it is.
func newPool(t testing.TB, name string) *pool {
	t.Helper()
	private, err1 := rsa.GenerateKey(rand.Reader, 2048)
	curved, err2 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	p := &pool{name: name, rsa: private, ec: curved}
	point, _ := curved.PublicKey.Bytes()
	p.url = serveText(t, fmt.Sprintf(`{"keys":[{"kty":"RSA","kid":"r","use":"sig","alg":"RS256","n":%q,"e":"AQAB"},`+
		`{"kty":"EC","crv":"P-256","kid":"e","x":%q,"y":%q}]}`, b64(string(private.N.Bytes())), b64(string(point[1:33])), b64(string(point[33:]))))
	return p
}

func (p *pool) keys(t testing.TB) auth.KeySource {
	t.Helper()
	source, err := jwks.New(jwks.Options{URL: p.url, Loopback: true})
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// signed signs any header and claims, by the key that fits alg.
func (p *pool) signed(alg, header, claims string) string {
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
func (p *pool) token(claims string) string { return p.signed("RS256", poolHeader, claims) }

const (
	poolHeader = `{"kid":"r","alg":"RS256"}`
	theirs     = "4tclientofthepool"
	registry   = "https://registry.example/"
)

// access is the claims of a Cognito access token for client credentials; changes
// as in world.claims.
func (w *world) access(p *pool, changes ...string) string {
	all := [][2]string{
		{"sub", fmt.Sprintf("%q", theirs)},
		{"token_use", `"access"`},
		{"scope", fmt.Sprintf(`"%sidentity:read %sidentity:delete openid"`, registry, registry)},
		{"auth_time", fmt.Sprint(w.now.Unix())},
		{"iss", fmt.Sprintf("%q", p.name)},
		{"exp", fmt.Sprint(w.now.Unix() + 3600)},
		{"iat", fmt.Sprint(w.now.Unix())},
		{"version", "2"},
		{"jti", `"j"`},
		{"client_id", fmt.Sprintf("%q", theirs)},
	}
	return object(all, changes...)
}

// cognito trusts a user pool as its documentation describes its tokens.
func (w *world) cognito(t testing.TB, p *pool) auth.Outside {
	return auth.Outside{
		Issuer: p.name, Keys: p.keys(t), Algorithms: []string{auth.RS256}, Types: []string{""},
		Require: map[string]string{"token_use": "access"},
		Clients: map[string]string{theirs: w.client.ID}, ScopePrefix: registry,
	}
}

const poolName = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Example"

func newCognito(t testing.TB) (*world, *pool) {
	t.Helper()
	w, p := newWorld(t), newPool(t, poolName)
	w.trust(t, w.cognito(t, p))
	return w, p
}

func (w *world) trust(t testing.TB, o auth.Outside) {
	t.Helper()
	if err := w.guard.Tokens.Trust(o); err != nil {
		t.Fatal(err)
	}
}

// The client of ours that the token names comes in with its own key, into its
// own tenant, with what both may.
func TestOutsideTokenPasses(t *testing.T) {
	w, p := newCognito(t)
	got, err := w.guard.Bearer(ctx, p.token(w.access(p)), w.shown.ConomyKey)
	want := auth.Caller{
		Tenant: "acme", Client: w.client.ID, Key: w.shown.ConomyKey[4:28], Scopes: auth.Scopes{"identity:read"}, Expires: w.now.Add(time.Hour),
		UsagePlanKey: w.client.UsagePlanKey,
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
	if _, err := w.guard.Bearer(ctx, w.token(t), w.shown.ConomyKey); err != nil {
		t.Errorf("our own token: %v", err)
	}
	_, other := w.register(t, "other")
	_, err = w.guard.Bearer(ctx, p.token(w.access(p)), other.ConomyKey)
	refused(t, err, auth.ErrMismatch)
	_, fellow := w.register(t, "acme")
	_, err = w.guard.Bearer(ctx, p.token(w.access(p)), fellow.ConomyKey)
	refused(t, err, auth.ErrMismatch)
	// A tenant that the issuer made up is not looked at.
	moved, err := w.guard.Bearer(ctx, p.token(w.access(p, "scope", "")[:1]+`"tenant":"other",`+w.access(p)[1:]), w.shown.ConomyKey)
	if err != nil || moved.Tenant != "acme" {
		t.Errorf("tenant %q, %v", moved.Tenant, err)
	}
}

// TestOutsideForms: other issuers have other habits.
func TestOutsideForms(t *testing.T) {
	base := newWorld(t)
	p := newPool(t, "https://issuer.example/")
	mine := fmt.Sprintf("%q", base.client.ID)
	for fact, try := range map[string]struct {
		edit   func(*auth.Outside)
		alg    string
		header string
		claims []string
		scopes string
	}{
		"RFC 9068, our own id": {
			func(o *auth.Outside) {
				o.Types, o.Clients, o.Require, o.Audience = nil, nil, nil, "cedula"
				o.Algorithms = []string{"ES256"}
			},
			"ES256", `{"alg":"ES256","typ":"at+jwt","kid":"e"}`,
			[]string{"client_id", mine, "aud", `["x","cedula"]`},
			"identity:read",
		},
		"long typ": {
			func(o *auth.Outside) { o.Types, o.Clients, o.Require, o.Audience = nil, nil, nil, "cedula" },
			"RS256", `{"alg":"RS256","typ":"application/at+jwt","kid":"r"}`,
			[]string{"client_id", mine, "aud", `"cedula"`},
			"identity:read",
		},
		"azp, typ JWT and a thumbprint": {
			func(o *auth.Outside) {
				o.Types, o.ClientClaim, o.Require, o.Audience = []string{"JWT"}, "azp", nil, "cedula"
			},
			"RS256", `{"typ":"JWT","alg":"RS256","x5t":"AA","x5t#S256":"AA","kid":"r"}`,
			[]string{"azp", fmt.Sprintf("%q", theirs), "client_id", "", "aud", `"cedula"`},
			"identity:read",
		},
		"sub, scopes in a list": {
			func(o *auth.Outside) { o.ClientClaim, o.ScopeClaim, o.ScopePrefix = "sub", "scp", "" },
			"RS256", poolHeader,
			[]string{"scp", `["identity:read","identity:write","identity:read"]`},
			"identity:read identity:write",
		},
		"no scope":                  {func(*auth.Outside) {}, "RS256", poolHeader, []string{"scope", ""}, ""},
		"scopes without the prefix": {func(*auth.Outside) {}, "RS256", poolHeader, []string{"scope", `"identity:read"`}, ""},
		"scopes an object":          {func(*auth.Outside) {}, "RS256", poolHeader, []string{"scope", `{"a":"identity:read"}`}, ""},
		"either algorithm": {
			func(o *auth.Outside) { o.Algorithms = []string{"RS256", "ES256"} }, "ES256", `{"alg":"ES256","kid":"e"}`, nil, "identity:read",
		},
		"nbf zero, as some send": {func(*auth.Outside) {}, "RS256", poolHeader, []string{"nbf", "0"}, "identity:read"},
		"nested claims":          {func(*auth.Outside) {}, "RS256", poolHeader, []string{"x", `{"y":{"z":[1,{"a":null}]}}`}, "identity:read"},
	} {
		t.Run(fact, func(t *testing.T) {
			w := newWorld(t)
			w.client.ID = base.client.ID
			o := w.cognito(t, p)
			try.edit(&o)
			w.trust(t, o)
			claims, err := w.guard.Tokens.Verify(ctx, p.signed(try.alg, try.header, w.access(p, try.claims...)), w.now)
			want := auth.Claims{Client: base.client.ID, Scopes: auth.ParseScopes(try.scopes), Expires: w.now.Add(time.Hour)}
			if diff := cmp.Diff(want, withoutTenant(claims, w)); diff != "" || err != nil {
				t.Error(err, diff)
			}
		})
	}
}

// withoutTenant leaves in the scopes that the test's client holds.
func withoutTenant(c auth.Claims, w *world) auth.Claims {
	c.Scopes = c.Scopes.Intersect(w.client.Scopes)
	return c
}

func TestTrustRefuses(t *testing.T) {
	w, p := newCognito(t)
	for want, edit := range map[string]func(*auth.Outside){
		"issuer is missing":         func(o *auth.Outside) { o.Issuer = "" },
		"issuer is trusted already": func(o *auth.Outside) { o.Issuer = poolName },
		"keys is missing":           func(o *auth.Outside) { o.Keys = nil },
		"algorithms must be":        func(o *auth.Outside) { o.Algorithms = nil },
		"algorithms must":           func(o *auth.Outside) { o.Algorithms = []string{"RS256", "HS256"} },
		"algorithms":                func(o *auth.Outside) { o.Algorithms = []string{"none"} },
		"audience is missing":       func(o *auth.Outside) { o.Clients = nil },
		"require is missing":        func(o *auth.Outside) { o.Require = nil },
		"require is":                func(o *auth.Outside) { o.Require, o.Types = nil, []string{"at+jwt", "JWT"} },
		"clients must name":         func(o *auth.Outside) { o.Clients = map[string]string{theirs: "somebody"} },
		"clients must":              func(o *auth.Outside) { o.Clients = map[string]string{"": w.client.ID} },
	} {
		o := w.cognito(t, p)
		o.Issuer = "https://another.example"
		edit(&o)
		if err := w.guard.Tokens.Trust(o); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	o := w.cognito(t, p)
	o.Issuer = issuer
	if err := w.guard.Tokens.Trust(o); err == nil || err.Error() != "issuer is trusted already" {
		t.Errorf("our own issuer: %v", err)
	}
}

// An issuer whose keys cannot be had refuses nobody and lets nobody in; our own
// tokens pass all the same.
func TestOutsideKeysUnavailable(t *testing.T) {
	w, p := newWorld(t), newPool(t, poolName)
	o := w.cognito(t, p)
	dead, err := jwks.New(jwks.Options{URL: "http://127.0.0.1:1/keys", Loopback: true})
	if err != nil {
		t.Fatal(err)
	}
	o.Keys = dead
	w.trust(t, o)
	_, err = w.guard.Bearer(ctx, p.token(w.access(p)), w.shown.ConomyKey)
	if !errors.Is(err, auth.ErrUnavailable) || auth.IsRefusal(err) {
		t.Error(err)
	}
	if _, err := w.guard.Bearer(ctx, w.token(t), w.shown.ConomyKey); err != nil {
		t.Errorf("our own token: %v", err)
	}
}
