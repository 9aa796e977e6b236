package auth_test

import (
	"context"
	"crypto"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cedula/shared/auth"
)

func (w *fixture) header(extra string) string {
	return fmt.Sprintf(`{"alg":"ES256","typ":"at+jwt","kid":%q%s}`, w.signer.KeyID(), extra)
}

// claims of a good token, each as JSON text; changes replace one, "" drops it.
func (w *fixture) claims(changes ...string) string {
	id := fmt.Sprintf("%q", w.client.ID)
	all := [][2]string{
		{"iss", fmt.Sprintf("%q", issuer)},
		{"sub", id},
		{"aud", fmt.Sprintf("%q", audience)},
		{"client_id", id},
		{"tenant", `"acme"`},
		{"iat", fmt.Sprint(w.now.Unix())},
		{"exp", fmt.Sprint(w.now.Unix() + 3600)},
		{"jti", `"j"`},
		{"scope", `"identity:read identity:write"`},
	}
	return jsonObject(all, changes...)
}

// jsonObject writes members as JSON; changes replace one, add one, or drop it with "".
func jsonObject(all [][2]string, changes ...string) string {
	for i := 0; i < len(changes); i += 2 {
		if !slices.ContainsFunc(all, func(m [2]string) bool { return m[0] == changes[i] }) {
			all = append(all, [2]string{changes[i]})
		}
	}
	var parts []string
	for _, c := range all {
		value, changed := c[1], false
		for i := 0; i < len(changes); i += 2 {
			if changes[i] == c[0] && !changed {
				value, changed = changes[i+1], true
			}
		}
		if value != "" {
			parts = append(parts, fmt.Sprintf("%q:%s", c[0], value))
		}
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// appendMember appends a member to a JSON object.
func appendMember(object, member string) string {
	return strings.TrimSuffix(object, "}") + "," + member + "}"
}

func TestTokenRoundTrip(t *testing.T) {
	w := newFixture(t)
	token, expires, err := w.issuer.Issue(ctx, w.client)
	if err != nil {
		t.Fatal(err)
	}
	claims, err := w.authenticator.Tokens.Verify(ctx, token, w.now)
	want := auth.Claims{Client: w.client.ID, Tenant: "acme", Scopes: w.client.Scopes, Expires: w.now.Add(time.Hour)}
	if diff := cmp.Diff(want, claims); diff != "" || err != nil {
		t.Errorf(`err = %v, diff = %v; want diff == "" and no error`, err, diff)
	}
	if !expires.Equal(claims.Expires) {
		t.Errorf("Issue said %v; want expires == claims.Expires", expires)
	}
	var header, payload map[string]any
	for i, to := range []*map[string]any{&header, &payload} {
		text, err := base64.RawURLEncoding.Strict().DecodeString(strings.Split(token, ".")[i])
		if err != nil || json.Unmarshal(text, to) != nil {
			t.Fatal("a part is no JSON")
		}
	}
	if diff := cmp.Diff(map[string]any{"alg": "ES256", "typ": "at+jwt", "kid": w.signer.KeyID()}, header); diff != "" {
		t.Errorf("diff = %v, want %v", diff, "")
	}
	for _, name := range []string{"iss", "sub", "aud", "client_id", "iat", "exp", "jti", "scope", "tenant"} {
		if payload[name] == nil {
			t.Errorf("no claim %s; want payload[name] != nil", name)
		}
	}
}

func TestTokenAccepted(t *testing.T) {
	w := newFixture(t)
	now := w.now.Unix()
	for fact, token := range map[string]string{
		"as issued":                 w.signToken(w.header(""), w.claims()),
		"media type in full":        w.signToken(strings.Replace(w.header(""), "at+jwt", "application/at+jwt", 1), w.claims()),
		"audience in a list":        w.signToken(w.header(""), w.claims("aud", `["x","cedula"]`)),
		"no scope":                  w.signToken(w.header(""), w.claims("scope", "")),
		"claim nobody knows":        w.signToken(w.header(""), appendMember(w.claims(), `"x":{"y":[1]}`)),
		"issuer's clock 60 s ahead": w.signToken(w.header(""), w.claims("iat", fmt.Sprint(now+60))),
		"one second left":           w.signToken(w.header(""), w.claims("iat", fmt.Sprint(now-10), "exp", fmt.Sprint(now+1))),
		"24 hours of life":          w.signToken(w.header(""), w.claims("exp", fmt.Sprint(now+86400))),
		"not before now":            w.signToken(w.header(""), appendMember(w.claims(), fmt.Sprintf(`"nbf":%d`, now))),
	} {
		if _, err := w.authenticator.Tokens.Verify(ctx, token, w.now); err != nil {
			t.Errorf("%s: %v", fact, err)
		}
	}
}

func TestMaliciousTokensAreRejected(t *testing.T) {
	w := newFixture(t)
	trusting := auth.NewVerifier(issuer, audience, auth.KeySet{w.signer})
	w.addOtherIssuer(t, trusting)
	for fact, token := range w.maliciousTokens(t) {
		t.Run(fact, func(t *testing.T) {
			want := auth.ErrInvalid
			if strings.HasPrefix(fact, "expired") {
				want = auth.ErrExpired
			}
			_, err := w.authenticator.Tokens.Verify(ctx, token, w.now)
			wantError(t, err, want)
			if _, err := w.authenticator.AuthenticateBearer(ctx, conomyAPI, token, w.credentials.Keys["conomy"]); token != "" {
				wantError(t, err, want)
			}
			if w.store.callCount() != 0 {
				t.Error("the store was asked")
			}
			_, err = trusting.Verify(ctx, token, w.now)
			wantError(t, err, want)
			verify := func() { _, _ = w.authenticator.Tokens.Verify(ctx, token, w.now) }
			if b := bytesPerRun(verify); b > 64<<10 {
				t.Errorf("%d bytes allocated; want b <= 64 << 10", b)
			}
			if n := testing.AllocsPerRun(5, verify); len(token) > 1<<19 && n > 8 {
				t.Errorf("%v allocations; want len(token) <= 1 << 19 or n <= 8", n)
			}
		})
	}
}

// addOtherIssuer makes v accept the tokens of another issuer, which signs with our key. They have no claims but iss.
func (w *fixture) addOtherIssuer(t *testing.T, v *auth.Verifier) {
	t.Helper()
	err := v.AddIssuer(auth.TrustedIssuer{
		Issuer: "https://other.example", Keys: auth.KeySet{w.signer}, Algorithms: []string{auth.ES256}, TokenTypes: []string{"JWT"},
		ParseClaims: func([]byte, time.Time) (auth.Claims, error) {
			return auth.Claims{Client: w.client.ID, Scopes: auth.Scopes{auth.ScopeIdentityRead}, Expires: w.now.Add(time.Minute)}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// An issuer that knows no tenant does not choose it: the client's is taken, with what both allow.
func TestTokenOfOtherIssuerIsAccepted(t *testing.T) {
	w := newFixture(t)
	w.addOtherIssuer(t, w.authenticator.Tokens)
	token := w.signToken(strings.Replace(w.header(""), "at+jwt", "JWT", 1), `{"iss":"https://other.example"}`)
	got, err := w.authenticator.AuthenticateBearer(ctx, conomyAPI, token, w.credentials.Keys["conomy"])
	want := auth.Caller{
		Tenant: "acme", Client: w.client.ID, Key: w.credentials.Keys["conomy"][4:28], Scopes: auth.Scopes{"identity:read"},
		Expires: w.now.Add(time.Minute), UsagePlanKey: w.client.UsagePlanKey,
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("AuthenticateBearer: error = %v, caller (-want +got):\n%s", err, diff)
	}
	if _, err := w.authenticator.AuthenticateBearer(ctx, conomyAPI, w.token(t), w.credentials.Keys["conomy"]); err != nil {
		t.Errorf("our own token: error = %v, want nil", err)
	}
	for _, tenant := range []string{"other", "acme"} {
		_, other := w.createClient(t, tenant)
		_, err = w.authenticator.AuthenticateBearer(ctx, conomyAPI, token, other.Keys["conomy"])
		wantError(t, err, auth.ErrMismatch)
	}
}

func bytesPerRun(f func()) uint64 {
	const runs = 8
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		f()
	}
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc - before.TotalAlloc) / runs
}

// hmacToken is the confusion of RFC 8725, section 2.1: the public key as a secret.
func (w *fixture) hmacToken(alg string) string {
	der, _ := x509.MarshalPKIXPublicKey(w.signer.Public())
	signed := b64(strings.Replace(w.header(""), "ES256", alg, 1)) + "." + b64(w.claims())
	mac := hmac.New(sha256.New, der)
	mac.Write([]byte(signed))
	return signed + "." + b64(string(mac.Sum(nil)))
}

func TestIssueRejectsInvalidInput(t *testing.T) {
	w := newFixture(t)
	long := w.client
	long.Scopes = auth.ParseScopes(strings.Repeat("x", 9000))
	suspended, nameless, alone := w.client, w.client, w.client
	suspended.Suspended, nameless.ID, alone.Tenant = true, "", ""
	for fact, try := range map[string]struct {
		client auth.Client
		edit   func(*auth.Issuer)
		want   error // nil: any
	}{
		"suspended client":        {suspended, nil, auth.ErrSuspended},
		"client without an id":    {nameless, nil, auth.ErrInvalid},
		"client without a tenant": {alone, nil, auth.ErrInvalid},
		"scopes beyond 8 KB":      {long, nil, nil},
		"life over 24 hours":      {w.client, func(i *auth.Issuer) { i.TTL = 25 * time.Hour }, nil},
		"life under a second":     {w.client, func(i *auth.Issuer) { i.TTL = time.Millisecond }, nil},
		"no issuer":               {w.client, func(i *auth.Issuer) { i.Issuer = "" }, nil},
		"key that does not load":  {w.client, func(i *auth.Issuer) { i.Signer = failingSigner{Signer: w.signer, load: errDown} }, errDown},
		"key that does not sign":  {w.client, func(i *auth.Issuer) { i.Signer = failingSigner{Signer: w.signer, sign: errDown} }, errDown},
		"signature too short":     {w.client, func(i *auth.Issuer) { i.Signer = failingSigner{Signer: w.signer} }, nil},
	} {
		i := *w.issuer
		if try.edit != nil {
			try.edit(&i)
		}
		token, _, err := i.Issue(ctx, try.client)
		if err == nil || token != "" || (try.want != nil && !errors.Is(err, try.want)) {
			t.Errorf(`%s: %v; want an error and token == "" and (try.want == nil or try.want)`, fact, err)
		}
	}
}

var errDown = errors.New("down")

type failingSigner struct {
	auth.Signer
	load, sign error
}

func (b failingSigner) Load(context.Context) error                   { return b.load }
func (b failingSigner) Sign(context.Context, []byte) ([]byte, error) { return make([]byte, 63), b.sign }

type failingKeySource struct{}

func (failingKeySource) Key(context.Context, string) (crypto.PublicKey, error) { return nil, errDown }

func TestKeySourceErrorIsNotADenial(t *testing.T) {
	w := newFixture(t)
	v := auth.NewVerifier(issuer, audience, failingKeySource{})
	_, err := v.Verify(ctx, w.token(t), w.now)
	if !errors.Is(err, errDown) || errors.Is(err, auth.ErrInvalid) {
		t.Errorf("err = %v; want errDown and not auth.ErrInvalid", err)
	}
}

func TestVerifierWithoutIssuerOrAudienceRejectsAll(t *testing.T) {
	w := newFixture(t)
	keys := auth.KeySet{w.signer}
	nobody := w.signToken(w.header(""), w.claims("iss", `""`))
	noone := w.signToken(w.header(""), w.claims("aud", `""`))
	_, issuerErr := auth.NewVerifier("", audience, keys).Verify(ctx, nobody, w.now)
	_, audienceErr := auth.NewVerifier(issuer, "", keys).Verify(ctx, noone, w.now)
	wantError(t, issuerErr, auth.ErrInvalid)
	wantError(t, audienceErr, auth.ErrInvalid)
}

// anyKeySource answers every id with one key.
type anyKeySource struct{ *auth.LocalKey }

func (k anyKeySource) Key(context.Context, string) (crypto.PublicKey, error) { return k.Public(), nil }

// TestHeaderIsCheckedForEveryKeySource: the header is checked whatever a source takes.
func TestHeaderIsCheckedForEveryKeySource(t *testing.T) {
	w := newFixture(t)
	v := auth.NewVerifier(issuer, audience, anyKeySource{w.signer})
	for fact, token := range w.badHeaders() {
		if _, err := v.Verify(ctx, token, w.now); err == nil && fact != "kid unknown" && fact != "kid a path" {
			t.Errorf(`fact = %v; want (an error or fact == "kid unknown") or fact == "kid a path"`, fact)
		}
	}
}

func FuzzVerify(f *testing.F) {
	w := newFixture(f)
	for _, token := range w.maliciousTokens(f) {
		if len(token) < 4<<10 {
			f.Add(token)
		}
	}
	good := w.token(f)
	f.Add(good)
	signed := good[:strings.LastIndexByte(good, '.')]
	f.Fuzz(func(t *testing.T, token string) {
		// Nobody but the issuer's key can have signed what passes.
		if c, err := w.authenticator.Tokens.Verify(ctx, token, w.now); err == nil && !strings.HasPrefix(token, signed) {
			t.Fatalf("%q passed as %v; want an error or strings.HasPrefix(token, signed)", token, c)
		}
	})
}
