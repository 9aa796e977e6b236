package auth_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"cedula/shared/auth"
)

func (w *fixture) header(extra string) string {
	return fmt.Sprintf(`{"alg":"ES256","typ":"at+jwt","kid":%q%s}`, kid(w.signer), extra)
}

// claims are those of a valid token. Pairs of changes replace or add a claim, or remove it with "".
func (w *fixture) claims(changes ...string) string {
	id := fmt.Sprintf("%q", w.client.ID)
	claims := map[string]string{
		"iss": fmt.Sprintf("%q", issuer), "aud": fmt.Sprintf("%q", audience), "sub": id, "client_id": id, "tenant": `"acme"`, "jti": `"j"`,
		"iat": fmt.Sprint(w.now.Unix()), "exp": fmt.Sprint(w.now.Unix() + 3600), "scope": `"identity:read identity:write"`,
	}
	for pair := range slices.Chunk(changes, 2) {
		claims[pair[0]] = pair[1]
	}
	var members []string
	for _, name := range slices.Sorted(maps.Keys(claims)) {
		if claims[name] != "" {
			members = append(members, fmt.Sprintf("%q:%s", name, claims[name]))
		}
	}
	return "{" + strings.Join(members, ",") + "}"
}

// appendMember appends a member to a JSON object.
func appendMember(object, member string) string {
	return strings.TrimSuffix(object, "}") + "," + member + "}"
}

func TestTokenRoundTrip(t *testing.T) {
	w := newFixture(t)
	token, expires, err := w.issuer.Issue(ctx, w.client)
	wantError(t, err, nil)
	claims, err := w.authenticator.Tokens.Verify(ctx, token, w.now)
	wantError(t, err, nil)
	wantEqual(t, claims, auth.Claims{Client: w.client.ID, Tenant: "acme", Scopes: w.client.Scopes, Expires: w.now.Add(time.Hour)})
	wantEqual(t, expires, claims.Expires)

	var parts [2]map[string]any
	for i := range parts {
		text, _ := base64.RawURLEncoding.Strict().DecodeString(strings.Split(token, ".")[i])
		if err := json.Unmarshal(text, &parts[i]); err != nil {
			t.Fatalf("part %d of the token is not JSON: %v", i, err)
		}
	}
	wantEqual(t, parts[0], map[string]any{"alg": "ES256", "typ": "at+jwt", "kid": kid(w.signer)})
	now := float64(w.now.Unix())
	wantEqual(t, parts[1], map[string]any{
		"iss": issuer, "sub": w.client.ID, "aud": []any{audience}, "client_id": w.client.ID, "iat": now, "exp": now + 3600,
		"jti": parts[1]["jti"], "scope": "identity:read identity:write", "tenant": "acme",
	})
	if id, _ := parts[1]["jti"].(string); len(id) != 32 {
		t.Errorf("jti = %q, want 32 characters", id)
	}
}

func TestTokenAccepted(t *testing.T) {
	w := newFixture(t)
	now := w.now.Unix()
	sign := func(changes ...string) string { return w.signToken(w.header(""), w.claims(changes...)) }
	padding := base64.RawURLEncoding.DecodedLen(8<<10-len("..")-86-len(b64(w.header("")))) - len(w.claims())
	for fact, token := range map[string]string{
		"as issued":                 sign(),
		"8 KB":                      w.signToken(w.header(""), strings.Replace(w.claims(), "{", "{"+strings.Repeat(" ", padding), 1)),
		"full media type":           w.signToken(strings.Replace(w.header(""), "at+jwt", "application/at+jwt", 1), w.claims()),
		"audience in a list":        sign("aud", `["x","cedula"]`),
		"no scope":                  sign("scope", ""),
		"unknown claim":             sign("x", `{"y":[1]}`),
		"issuer's clock 60 s ahead": sign("iat", fmt.Sprint(now+60)),
		"one second left":           sign("iat", fmt.Sprint(now-10), "exp", fmt.Sprint(now+1)),
		"one second in all":         sign("iat", fmt.Sprint(now), "exp", fmt.Sprint(now+1)),
		"lifetime of 24 hours":      sign("exp", fmt.Sprint(now+86400)),
		"not before now":            sign("nbf", fmt.Sprint(now)),
	} {
		if _, err := w.authenticator.Tokens.Verify(ctx, token, w.now); err != nil {
			t.Errorf("%s: Verify = %v, want nil", fact, err)
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
			_, err = trusting.Verify(ctx, token, w.now)
			wantError(t, err, want)
			if token != "" {
				wantError(t, w.authenticateBearer(token, w.conomyKey), want)
			}
			w.wantCalls(t, 0)
			verify := func() { _, _ = w.authenticator.Tokens.Verify(ctx, token, w.now) }
			if got := bytesPerRun(verify); got > 64<<10 {
				t.Errorf("allocated bytes = %d, want at most 64 KiB", got)
			}
			if got := testing.AllocsPerRun(5, verify); len(token) > 1<<19 && got > 8 {
				t.Errorf("allocations for a long token = %v, want at most 8", got)
			}
		})
	}
}

// TestTokenHasOneSignature: of the two signatures that can be computed from one, our own tokens have the one with the lower s.
// Other issuers may use both.
func TestTokenHasOneSignature(t *testing.T) {
	w := newFixture(t)
	w.addOtherIssuer(t, w.authenticator.Tokens)
	foreign := w.signToken(strings.Replace(w.header(""), "at+jwt", "JWT", 1), `{"iss":"https://other.example"}`)
	for range 20 {
		for token, want := range map[string]error{w.token(t): auth.ErrInvalid, foreign: nil} {
			_, err := w.authenticator.Tokens.Verify(ctx, token, w.now)
			wantError(t, err, nil)
			end := strings.LastIndexByte(token, '.') + 1
			sig, _ := base64.RawURLEncoding.DecodeString(token[end:])
			other := new(big.Int).Sub(elliptic.P256().Params().N, new(big.Int).SetBytes(sig[32:]))
			other.FillBytes(sig[32:])
			_, err = w.authenticator.Tokens.Verify(ctx, token[:end]+b64(string(sig)), w.now)
			wantError(t, err, want)
		}
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
	wantError(t, err, nil)
}

// An issuer that does not know tenants does not choose one: the tenant is the client's.
func TestTokenOfOtherIssuerIsAccepted(t *testing.T) {
	w := newFixture(t)
	w.addOtherIssuer(t, w.authenticator.Tokens)
	token := w.signToken(strings.Replace(w.header(""), "at+jwt", "JWT", 1), `{"iss":"https://other.example"}`)
	got, err := w.authenticator.AuthenticateBearer(ctx, conomyAPI, token, w.conomyKey)
	wantError(t, err, nil)
	wantEqual(t, got, auth.Caller{
		Tenant: "acme", Client: w.client.ID, Key: keyID(w.conomyKey), Scopes: auth.Scopes{"identity:read"},
		Expires: w.now.Add(time.Minute), UsagePlanKey: w.client.UsagePlanKey,
	})
	wantError(t, w.authenticateBearer(w.token(t), w.conomyKey), nil)
	_, fellow := w.createClient(t, "acme")
	wantError(t, w.authenticateBearer(token, fellow.Keys["conomy"]), auth.ErrMismatch)
}

func TestIssuerIsTrustedOnce(t *testing.T) {
	v := auth.NewVerifier(issuer, audience, nil)
	for name, want := range map[string]bool{issuer: false, "https://other.example": true} {
		if got := v.AddIssuer(auth.TrustedIssuer{Issuer: name}) == nil; got != want {
			t.Errorf("AddIssuer(%s) succeeds = %v, want %v", name, got, want)
		}
		if v.AddIssuer(auth.TrustedIssuer{Issuer: name}) == nil {
			t.Errorf("AddIssuer(%s) a second time = nil, want an error", name)
		}
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
	_, public, _ := w.signer.PublicKey(ctx)
	der, _ := x509.MarshalPKIXPublicKey(public)
	signed := b64(strings.Replace(w.header(""), "ES256", alg, 1)) + "." + b64(w.claims())
	mac := hmac.New(sha256.New, der)
	mac.Write([]byte(signed))
	return signed + "." + b64(string(mac.Sum(nil)))
}

func TestIssueRejectsInvalidInput(t *testing.T) {
	w := newFixture(t)
	failing := func(load, sign error) func(*auth.Issuer) {
		return func(i *auth.Issuer) { i.Signer = failingSigner{load, sign} }
	}
	unchanged := func(*auth.Issuer) {}
	suspended, withoutID, withoutTenant, long := w.client, w.client, w.client, w.client
	suspended.Suspended, withoutID.ID, withoutTenant.Tenant = true, "", ""
	long.Scopes = auth.ParseScopes(strings.Repeat("x", 9000))
	for fact, tt := range map[string]struct {
		client auth.Client
		edit   func(*auth.Issuer)
		want   error // nil: any
	}{
		"suspended client":        {suspended, unchanged, auth.ErrSuspended},
		"client without an id":    {withoutID, unchanged, auth.ErrInvalid},
		"client without a tenant": {withoutTenant, unchanged, auth.ErrInvalid},
		"scopes beyond 8 KB":      {long, unchanged, nil},
		"lifetime over 24 hours":  {w.client, func(i *auth.Issuer) { i.TTL = 24*time.Hour + 1 }, nil},
		"lifetime under a second": {w.client, func(i *auth.Issuer) { i.TTL = time.Second - 1 }, nil},
		"no issuer":               {w.client, func(i *auth.Issuer) { i.Issuer = "" }, nil},
		"no audience":             {w.client, func(i *auth.Issuer) { i.Audience = "" }, nil},
		"key that does not load":  {w.client, failing(errDown, nil), errDown},
		"key that does not sign":  {w.client, failing(nil, errDown), errDown},
		"signature too short":     {w.client, failing(nil, nil), nil},
	} {
		i := *w.issuer
		tt.edit(&i)
		token, _, err := i.Issue(ctx, tt.client)
		if err == nil || token != "" || tt.want != nil && !errors.Is(err, tt.want) {
			t.Errorf("%s: error = %v, token of %d bytes, want error %v and no token", fact, err, len(token), tt.want)
		}
	}
}

func TestLongestLifetimeIsIssued(t *testing.T) {
	w := newFixture(t)
	w.issuer.TTL = 24 * time.Hour
	wantError(t, w.authenticateBearer(w.token(t), w.conomyKey), nil)
}

type failingSigner struct{ load, sign error }

func (b failingSigner) PublicKey(context.Context) (string, *ecdsa.PublicKey, error) {
	return "k", nil, b.load
}

func (b failingSigner) Sign(context.Context, []byte) ([]byte, error) { return make([]byte, 63), b.sign }

// keySourceFunc is a KeySource with one key, whatever the id.
type keySourceFunc func() (crypto.PublicKey, error)

func (f keySourceFunc) Key(context.Context, string) (crypto.PublicKey, error) { return f() }

func TestKeySourceErrorIsNotADenial(t *testing.T) {
	w := newFixture(t)
	v := auth.NewVerifier(issuer, audience, keySourceFunc(func() (crypto.PublicKey, error) { return nil, errDown }))
	_, err := v.Verify(ctx, w.token(t), w.now)
	if !errors.Is(err, errDown) || auth.IsDenial(err) {
		t.Errorf("error = %v, want %v", err, errDown)
	}
}

func TestVerifierWithoutIssuerOrAudienceRejectsAll(t *testing.T) {
	w := newFixture(t)
	keys := auth.KeySet{w.signer}
	_, issuerErr := auth.NewVerifier("", audience, keys).Verify(ctx, w.signToken(w.header(""), w.claims("iss", `""`)), w.now)
	_, audienceErr := auth.NewVerifier(issuer, "", keys).Verify(ctx, w.signToken(w.header(""), w.claims("aud", `""`)), w.now)
	wantError(t, issuerErr, auth.ErrInvalid)
	wantError(t, audienceErr, auth.ErrInvalid)
}

func TestHeaderIsCheckedForEveryKeySource(t *testing.T) {
	w := newFixture(t)
	v := auth.NewVerifier(issuer, audience, keySourceFunc(func() (crypto.PublicKey, error) {
		_, key, err := w.signer.PublicKey(ctx)
		return key, err
	}))
	accepted := map[string]bool{"kid unknown": true, "kid a path": true}
	for fact, token := range w.badHeaders() {
		if _, err := v.Verify(ctx, token, w.now); (err == nil) != accepted[fact] {
			t.Errorf("%s: Verify = %v, want success = %v", fact, err, accepted[fact])
		}
	}
	longest := strings.Replace(w.header(""), kid(w.signer), strings.Repeat("k", 128), 1)
	_, err := v.Verify(ctx, w.signToken(longest, w.claims()), w.now)
	wantError(t, err, nil)
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
		if c, err := w.authenticator.Tokens.Verify(ctx, token, w.now); err == nil && !strings.HasPrefix(token, signed) {
			t.Fatalf("Verify(%q) = %v, want an error, because our key did not sign it", token, c)
		}
	})
}
