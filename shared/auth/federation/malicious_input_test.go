package federation_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"strings"
	"testing"

	"cedula/shared/auth"
	"cedula/shared/auth/federation"
)

const headerOfB = `{"typ":"JWT","alg":"RS256","kid":"r"}`

// claimsOfB are those of a valid token of the second issuer.
func claimsOfB(b *signer, changes ...string) string {
	return b.claims(append([]string{"aud", `"cedula"`, "azp", quote(externalID)}, changes...)...)
}

// newVerifierOfTwo accepts tokens of two external issuers whose keys have the same ids: a like Cognito, b for an audience
// and with either algorithm.
func newVerifierOfTwo(t *testing.T) (v *auth.Verifier, a, b *signer) {
	t.Helper()
	a, b = newSigner(t, cognitoURL), newSigner(t, "https://b.example")
	v = newVerifier(t, cognito(), a.keys)
	other := federation.Issuer{
		Issuer: b.name, Algorithms: []string{auth.RS256, auth.ES256}, TokenTypes: []string{"at+jwt", "JWT"},
		Audience: "cedula", ClientClaim: "azp", ClientIDs: map[string]string{externalID: ownClientID}, ScopePrefix: scopePrefix,
	}
	if err := other.AddTo(v, b.keys); err != nil {
		t.Fatal(err)
	}
	for name, valid := range map[string]string{
		"A": a.token(a.claims()), "B": b.sign("RS256", headerOfB, claimsOfB(b)),
		"B by ES256": b.sign("ES256", `{"typ":"at+jwt","alg":"ES256","kid":"e"}`, claimsOfB(b)),
	} {
		if _, err := v.Verify(ctx, valid, epoch); err != nil {
			t.Fatalf("valid token of %s: error = %v, want nil", name, err)
		}
	}
	return v, a, b
}

func TestMaliciousTokensAreRejected(t *testing.T) {
	v, a, b := newVerifierOfTwo(t)
	tokens := confusedAlgorithmTokens(a, b)
	maps.Copy(tokens, tokensWithBadHeader(a, b))
	maps.Copy(tokens, tokensWithBadClaims(a, b))
	for name, token := range tokens {
		t.Run(name, func(t *testing.T) {
			want := auth.ErrInvalid
			if strings.HasPrefix(name, "expired") {
				want = auth.ErrExpired
			}
			var err error
			bytes := allocatedBytes(func() { _, err = v.Verify(ctx, token, epoch) })
			if !errors.Is(err, want) || len(err.Error()) > 80 {
				t.Errorf("Verify: error = %v, want %v", err, want)
			}
			if bytes > 64<<10 {
				t.Errorf("Verify allocated %d bytes, want at most 64 KiB", bytes)
			}
		})
	}
}

// allocatedBytes returns the average of a few calls.
func allocatedBytes(f func()) uint64 {
	const runs = 8
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		f()
	}
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc - before.TotalAlloc) / runs
}

// ownToken signs any header and claims with our own key.
func ownToken(header, claims string) string {
	input := b64(header) + "." + b64(claims)
	digest := sha256.Sum256([]byte(input))
	sig, err := ownKey().Sign(ctx, digest[:])
	if err != nil {
		panic(err)
	}
	return input + "." + b64(sig)
}

// signHMAC uses a public key as the secret (RFC 8725, section 2.1).
func signHMAC(header, claims string, secret []byte) string {
	text := b64(header) + "." + b64(claims)
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(text))
	return text + "." + b64(mac.Sum(nil))
}

func confusedAlgorithmTokens(a, b *signer) map[string]string {
	der, _ := x509.MarshalPKIXPublicKey(&a.rsa.PublicKey)
	hs := strings.Replace(cognitoHeader, "RS256", "HS256", 1)
	good := a.token(a.claims())
	parts := strings.Split(good, ".")
	h, c, s := parts[0], parts[1], parts[2]
	foreign := &signer{name: a.name, rsa: b.rsa, ec: b.ec}
	zero := strings.Repeat("A", 342)
	manyMembers := strings.Repeat(`"a":0,`, 700)
	kid, _, _ := ownKey().PublicKey(ctx)
	ownHeader := fmt.Sprintf(`{"alg":"ES256","typ":"at+jwt","kid":%q}`, kid)
	ownClaims := a.claims("iss", quote(ownIssuer), "sub", quote(ownClientID), "client_id", quote(ownClientID), "aud", `"cedula"`, "tenant", `"acme"`)
	return map[string]string{
		"A, HS256 with the key in DER":      signHMAC(hs, a.claims(), der),
		"A, said RS256, signed HS256":       signHMAC(cognitoHeader, a.claims(), der),
		"A, none":                           b64(strings.Replace(cognitoHeader, "RS256", "none", 1)) + "." + c + ".",
		"A, none with a signature":          a.sign("RS256", strings.Replace(cognitoHeader, "RS256", "none", 1), a.claims()),
		"A, no signature":                   h + "." + c + ".",
		"A, zero signature":                 h + "." + c + "." + zero,
		"A, signature 255 bytes":            h + "." + c + "." + s[:340],
		"A, signature of 8,000 characters":  h + "." + c[:100] + "." + strings.Repeat("A", 8000-len(h)),
		"A, signature of other claims":      h + "." + b64(a.claims("client_id", `"x"`)) + "." + s,
		"A, ES256 not configured":           a.sign("ES256", `{"kid":"e","alg":"ES256"}`, a.claims()),
		"A, ES256 under the RSA key":        a.sign("ES256", `{"kid":"r","alg":"ES256"}`, a.claims()),
		"A, RS256 under the EC key":         a.sign("RS256", `{"kid":"e","alg":"RS256"}`, a.claims()),
		"A, PS256":                          a.sign("PS256", `{"kid":"r","alg":"PS256"}`, a.claims()),
		"A, said RS256, signed PS256":       a.sign("PS256", cognitoHeader, a.claims()),
		"B, ES256 under the RSA key":        b.sign("ES256", `{"typ":"JWT","kid":"r","alg":"ES256"}`, claimsOfB(b)),
		"B, RS256 under the EC key":         b.sign("RS256", `{"typ":"JWT","kid":"e","alg":"RS256"}`, claimsOfB(b)),
		"B, said RS256, signed ES256":       b.sign("ES256", headerOfB, claimsOfB(b)),
		"B, said ES256, signed RS256":       b.sign("RS256", `{"typ":"JWT","kid":"e","alg":"ES256"}`, claimsOfB(b)),
		"iss of A signed by B":              b.token(a.claims()),
		"iss of B signed by A":              a.sign("RS256", headerOfB, claimsOfB(b)),
		"iss of A, keys of another":         foreign.token(a.claims()),
		"iss of ours signed by A":           a.token(ownClaims),
		"iss of ours in A's form":           a.token(a.claims("iss", quote(ownIssuer))),
		"iss of A in our form, our key":     ownToken(ownHeader, a.claims("aud", `"cedula"`, "tenant", `"acme"`)),
		"iss of A, our key, A's header":     ownToken(strings.Replace(cognitoHeader, "RS256", "ES256", 1), a.claims()),
		"iss of A first, then ours":         a.token(`{"iss":"` + a.name + `",` + ownClaims[1:]),
		"iss of ours first, then A":         a.token(`{"iss":"` + ownIssuer + `",` + a.claims()[1:]),
		"iss of A first, then B, signed A":  a.token(`{"iss":"` + a.name + `",` + b.claims()[1:]),
		"iss of A first, then A":            a.token(`{"iss":"` + a.name + `",` + a.claims()[1:]),
		"iss of A inside another member":    a.token(`{"x":{"iss":"` + a.name + `"},` + a.claims("iss", "")[1:]),
		"A, 1 MB of claims":                 a.token(withMembers(a.claims(), `"x":"`+strings.Repeat("x", 1<<20)+`"`)),
		"A, deep before iss":                h + "." + b64(`{"x":`+strings.Repeat("[", 5400)) + "." + zero,
		"A, deep behind a bracket's string": h + "." + b64(`{"y":"`+strings.Repeat("]", 2000)+`","x":`+strings.Repeat("[", 2000)) + "." + zero,
		"A, many members before iss":        h + "." + b64("{"+manyMembers+`"iss":"`+a.name+`"}`) + "." + zero,
		"A, 17 levels, signed":              a.token(withMembers(a.claims(), `"x":`+strings.Repeat("[", 16)+strings.Repeat("]", 16))),
	}
}

func tokensWithBadHeader(a, b *signer) map[string]string {
	as := func(header string) string { return a.sign("RS256", header, a.claims()) }
	with := func(member string) string { return as(withMembers(cognitoHeader, member)) }
	jwk := `"jwk":{"kty":"RSA","n":"` + b64(b.rsa.N.Bytes()) + `","e":"AQAB"}`
	return map[string]string{
		"A, kid absent":               as(`{"alg":"RS256"}`),
		"A, kid null":                 as(`{"alg":"RS256","kid":null}`),
		"A, kid a path":               as(`{"alg":"RS256","kid":"../../r"}`),
		"A, kid in capitals":          as(`{"alg":"RS256","kid":"R"}`),
		"A, alg absent":               as(`{"kid":"r"}`),
		"A, alg RS512":                as(`{"kid":"r","alg":"RS512"}`),
		"A, typ JWT not configured":   with(`"typ":"JWT"`),
		"A, typ at+jwt not so either": with(`"typ":"at+jwt"`),
		"B, typ of an id token":       b.sign("RS256", `{"typ":"id+jwt","alg":"RS256","kid":"r"}`, claimsOfB(b)),
		"B, typ of a logout token":    b.sign("RS256", `{"typ":"logout+jwt","alg":"RS256","kid":"r"}`, claimsOfB(b)),
		"B, typ absent":               b.token(claimsOfB(b)),
		"A, jku":                      with(`"jku":"https://evil.example/keys"`),
		"A, jwk of the signer":        b.sign("RS256", withMembers(cognitoHeader, jwk), a.claims()),
		"A, x5u":                      with(`"x5u":"https://evil.example/chain"`),
		"A, crit":                     with(`"crit":["exp"],"exp":1`),
	}
}

func tokensWithBadClaims(a, b *signer) map[string]string {
	of := func(changes ...string) string { return a.token(a.claims(changes...)) }
	forB := func(changes ...string) string { return b.sign("RS256", headerOfB, claimsOfB(b, changes...)) }
	return map[string]string{
		"A, an id token":                 of("token_use", `"id"`, "aud", quote(externalID), "client_id", ""),
		"A, an id token with client_id":  of("token_use", `"id"`),
		"A, token_use absent":            of("token_use", ""),
		"A, token_use a list":            of("token_use", `["access"]`),
		"A, another client":              of("client_id", `"another"`),
		"A, our own id, not mapped":      of("client_id", quote(ownClientID)),
		"A, client absent":               of("client_id", ""),
		"A, client a list":               of("client_id", fmt.Sprintf("[%q]", externalID)),
		"A, client twice":                a.token(withMembers(a.claims(), fmt.Sprintf(`"client_id":%q`, externalID))),
		"A, iss and a slash":             of("iss", quote(a.name+"/")),
		"A, iss in capitals":             of("iss", quote(strings.ToUpper(a.name))),
		"A, iss absent":                  of("iss", ""),
		"A, iss unknown":                 of("iss", `"https://unknown.example"`),
		"A, exp absent":                  of("exp", ""),
		"A, exp null":                    of("exp", `null`),
		"A, exp a text":                  of("exp", `"`+at(60)+`"`),
		"A, exp with a fraction, past":   of("exp", at(-60)+".5"),
		"A, exp beyond 64 bits":          of("exp", `99999999999999999999`),
		"A, exp negative":                of("exp", `-1`),
		"A, iat absent":                  of("iat", ""),
		"A, iat 61 s ahead":              of("iat", at(61), "exp", at(3600)),
		"A, iat least of all":            of("iat", `-9223372036854775808`),
		"A, nbf 61 s ahead":              of("nbf", at(61)),
		"A, nbf a text":                  of("nbf", `"0"`),
		"A, exp twice":                   a.token(withMembers(a.claims(), `"exp":`+at(60))),
		"A, bound to a key":              of("cnf", `{"jkt":"AA"}`),
		"A, hash of an access token":     of("at_hash", `"AA"`),
		"A, hash of a code":              of("c_hash", `"AA"`),
		"A, claims null":                 a.token("null"),
		"A, claims and more":             a.token(a.claims() + "{}"),
		"B, audience of another":         forB("aud", `"other"`),
		"B, audience of an id token":     forB("aud", quote(externalID)),
		"B, audience absent":             forB("aud", ""),
		"B, audiences without ours":      forB("aud", `["a","Cedula"]`),
		"B, audience an object":          forB("aud", `{"cedula":1}`),
		"B, audiences and a number":      forB("aud", `["cedula",1]`),
		"B, client in another claim":     forB("azp", ""),
		"expired, of A, this second":     of("iat", at(-60), "exp", at(0)),
		"expired, of B":                  forB("iat", at(-60), "exp", at(-1)),
		"B, expired and another's":       forB("iat", at(-60), "exp", at(-1), "aud", `"other"`),
		"A, expired and not to be taken": of("iat", at(-60), "exp", at(-1), "token_use", `"id"`),
	}
}
