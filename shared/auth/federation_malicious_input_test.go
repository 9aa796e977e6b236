package auth_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"strings"
	"testing"

	"cedula/shared/auth"
)

// twoExternalIssuers trusts two outside issuers whose keys have the same ids, one as
// Cognito's, the other for an audience and by either algorithm.
func twoExternalIssuers(t testing.TB) (w *fixture, a, b *externalIssuer) {
	t.Helper()
	w, a = newCognitoFixture(t)
	b = newExternalIssuer(t, "https://b.example")
	w.addIssuer(t, auth.ExternalIssuer{
		Issuer: b.name, Keys: b.keySource(t), Algorithms: []string{auth.RS256, auth.ES256}, TokenTypes: []string{"at+jwt", "JWT"},
		Audience: "cedula", ClientClaim: "azp", ClientIDs: map[string]string{externalClientID: w.client.ID}, ScopePrefix: externalScopePrefix,
	})
	return w, a, b
}

// claimsOfB is the claims of a good token of the second pool.
func (w *fixture) claimsOfB(b *externalIssuer, changes ...string) string {
	return w.externalClaims(b, append(changes, "aud", `"cedula"`, "azp", fmt.Sprintf("%q", externalClientID))...)
}

const headerOfB = `{"typ":"JWT","alg":"RS256","kid":"r"}`

func TestMaliciousExternalTokensAreRejected(t *testing.T) {
	w, a, b := twoExternalIssuers(t)
	for fact, good := range map[string]string{
		"A": a.token(w.externalClaims(a)), "B": b.sign("RS256", headerOfB, w.claimsOfB(b)), "ours": w.signToken(w.header(""), w.claims()),
		"B by ES256": b.sign("ES256", `{"typ":"at+jwt","alg":"ES256","kid":"e"}`, w.claimsOfB(b)),
	} {
		if _, err := w.authenticator.Tokens.Verify(ctx, good, w.now); err != nil {
			t.Fatalf("%s: %v", fact, err)
		}
	}
	outside := w.confusedAlgorithmTokens(a, b)
	maps.Copy(outside, w.badExternalHeaders(a, b))
	maps.Copy(outside, w.badExternalClaims(a, b))
	t.Logf("%d tokens against outside issuers", len(outside))
	if len(outside) < 60 {
		t.Fatal("too few")
	}
	all := w.maliciousTokens(t) // those of our own issuer are refused here too
	for fact, token := range outside {
		if all[fact] != "" {
			t.Fatalf("%s twice", fact)
		}
		all[fact] = token
	}
	for fact, token := range all {
		t.Run(fact, func(t *testing.T) {
			want := auth.ErrInvalid
			if strings.HasPrefix(fact, "expired") {
				want = auth.ErrExpired
			}
			verify := func() { _, _ = w.authenticator.Tokens.Verify(ctx, token, w.now) }
			_, err := w.authenticator.Tokens.Verify(ctx, token, w.now)
			wantError(t, err, want)
			if b := bytesPerRun(verify); b > 64<<10 {
				t.Errorf("%d bytes allocated", b)
			}
		})
	}
}

// signHMAC is the confusion of RFC 8725, section 2.1, with a text of the public
// key as the secret.
func signHMAC(header, claims string, secret []byte) string {
	text := b64(header) + "." + b64(claims)
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(text))
	return text + "." + b64(string(mac.Sum(nil)))
}

func (w *fixture) confusedAlgorithmTokens(a, b *externalIssuer) map[string]string {
	der, _ := x509.MarshalPKIXPublicKey(&a.rsa.PublicKey)
	text := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	hs := strings.Replace(externalHeader, "RS256", "HS256", 1)
	good := a.token(w.externalClaims(a))
	parts := strings.Split(good, ".")
	h, c, s := parts[0], parts[1], parts[2]
	stranger := &externalIssuer{name: a.name, rsa: b.rsa, ec: b.ec}
	zero := strings.Repeat("A", 342)
	return map[string]string{
		"A, HS256 with the key in DER":      signHMAC(hs, w.externalClaims(a), der),
		"A, HS256 with the key in PEM":      signHMAC(hs, w.externalClaims(a), text),
		"A, HS256 with the modulus":         signHMAC(hs, w.externalClaims(a), a.rsa.N.Bytes()),
		"A, said RS256, signed HS256":       signHMAC(externalHeader, w.externalClaims(a), der),
		"A, HS256 with nothing":             signHMAC(hs, w.externalClaims(a), nil),
		"A, none":                           b64(strings.Replace(externalHeader, "RS256", "none", 1)) + "." + c + ".",
		"A, none with a signature":          a.sign("RS256", strings.Replace(externalHeader, "RS256", "none", 1), w.externalClaims(a)),
		"A, None":                           b64(strings.Replace(externalHeader, "RS256", "None", 1)) + "." + c + "." + s,
		"A, no signature":                   h + "." + c + ".",
		"A, zero signature":                 h + "." + c + "." + zero,
		"A, signature all ones":             h + "." + c + "." + strings.Repeat("_", 341) + "w",
		"A, signature 255 bytes":            h + "." + c + "." + s[:340],
		"A, signature 257 bytes":            h + "." + c + "." + zero + "A",
		"A, signature of 8,000 characters":  h + "." + c[:100] + "." + strings.Repeat("A", 8000-len(h)),
		"A, signature of other claims":      h + "." + b64(w.externalClaims(a, "client_id", `"x"`)) + "." + s,
		"A, signature of another header":    b64(`{"alg":"RS256","kid":"r"}`) + "." + c + "." + s,
		"A, ES256 not configured":           a.sign("ES256", `{"kid":"e","alg":"ES256"}`, w.externalClaims(a)),
		"A, ES256 under the RSA key":        a.sign("ES256", `{"kid":"r","alg":"ES256"}`, w.externalClaims(a)),
		"A, RS256 under the EC key":         a.sign("RS256", `{"kid":"e","alg":"RS256"}`, w.externalClaims(a)),
		"A, PS256":                          a.sign("PS256", `{"kid":"r","alg":"PS256"}`, w.externalClaims(a)),
		"A, said RS256, signed PS256":       a.sign("PS256", externalHeader, w.externalClaims(a)),
		"B, ES256 under the RSA key":        b.sign("ES256", `{"typ":"JWT","kid":"r","alg":"ES256"}`, w.claimsOfB(b)),
		"B, RS256 under the EC key":         b.sign("RS256", `{"typ":"JWT","kid":"e","alg":"RS256"}`, w.claimsOfB(b)),
		"B, said RS256, signed ES256":       b.sign("ES256", headerOfB, w.claimsOfB(b)),
		"B, said ES256, signed RS256":       b.sign("RS256", `{"typ":"JWT","kid":"e","alg":"ES256"}`, w.claimsOfB(b)),
		"iss of A signed by B":              b.token(w.externalClaims(a)),
		"iss of B signed by A":              a.sign("RS256", headerOfB, w.claimsOfB(b)),
		"iss of A, keys of a stranger":      stranger.token(w.externalClaims(a)),
		"iss of ours signed by A":           a.token(w.claims()),
		"iss of ours in A's form":           a.token(w.externalClaims(a, "iss", fmt.Sprintf("%q", issuer))),
		"iss of A in our form, our key":     w.signToken(w.header(""), w.claims("iss", fmt.Sprintf("%q", a.name))),
		"iss of A, our key, A's header":     w.signToken(strings.Replace(externalHeader, "RS256", "ES256", 1), w.externalClaims(a)),
		"iss of A first, then ours":         a.token(`{"iss":"` + a.name + `",` + w.claims()[1:]),
		"iss of ours first, then A":         a.token(`{"iss":"` + issuer + `",` + w.externalClaims(a)[1:]),
		"iss of A first, then B, signed A":  a.token(`{"iss":"` + a.name + `",` + w.externalClaims(b)[1:]),
		"iss of A first, then A":            a.token(`{"iss":"` + a.name + `",` + w.externalClaims(a)[1:]),
		"iss of A inside another member":    a.token(`{"x":{"iss":"` + a.name + `"},` + w.externalClaims(a, "iss", "")[1:]),
		"A, JSON serialization":             fmt.Sprintf(`{"protected":%q,"payload":%q,"signature":%q}`, h, c, s),
		"A, 1 MB of dots":                   strings.Repeat(".", 1<<20),
		"A, then 1 MB of dots":              good + strings.Repeat(".", 1<<20),
		"A, 1 MB of claims":                 a.token(appendMember(w.externalClaims(a), `"x":"`+strings.Repeat("x", 1<<20)+`"`)),
		"A, deep before iss":                h + "." + b64(`{"x":`+strings.Repeat("[", 5400)) + "." + zero,
		"A, deep behind a bracket's string": h + "." + b64(`{"y":"`+strings.Repeat("]", 2000)+`","x":`+strings.Repeat("[", 2000)) + "." + zero,
		"A, many members before iss":        h + "." + b64(manyMembers(500)+`"iss":"`+a.name+`"}`) + "." + zero,
		"A, 17 levels, signed":              a.token(appendMember(w.externalClaims(a), `"x":`+strings.Repeat("[", 16)+strings.Repeat("]", 16))),
		"A, line feed":                      good + "\n",
		"A, padding":                        good + "=",
		"A, in standard base64":             h + "." + c + ".+" + s[1:],
	}
}

func manyMembers(n int) string {
	var all strings.Builder
	all.WriteString("{")
	for i := range n {
		fmt.Fprintf(&all, `"%03x":0,`, i)
	}
	return all.String()
}

func (w *fixture) badExternalHeaders(a, b *externalIssuer) map[string]string {
	as := func(header string) string { return a.sign("RS256", header, w.externalClaims(a)) }
	with := func(member string) string { return as(appendMember(externalHeader, member)) }
	jwk := `"jwk":{"kty":"RSA","n":"` + b64(string(b.rsa.N.Bytes())) + `","e":"AQAB"}`
	return map[string]string{
		"A, kid absent":               as(`{"alg":"RS256"}`),
		"A, kid empty":                as(`{"alg":"RS256","kid":""}`),
		"A, kid null":                 as(`{"alg":"RS256","kid":null}`),
		"A, kid a list":               as(`{"alg":"RS256","kid":["r"]}`),
		"A, kid a path":               as(`{"alg":"RS256","kid":"../../r"}`),
		"A, kid an encoded path":      as(`{"alg":"RS256","kid":"..%2fr"}`),
		"A, kid a URL":                as(`{"alg":"RS256","kid":"https://evil.example/keys#r"}`),
		"A, kid in SQL":               as(`{"alg":"RS256","kid":"r' OR '1'='1"}`),
		"A, kid and a NUL":            as(`{"alg":"RS256","kid":"r\u0000"}`),
		"A, kid and a space":          as(`{"alg":"RS256","kid":"r "}`),
		"A, kid in capitals":          as(`{"alg":"RS256","kid":"R"}`),
		"A, kid of 700 characters":    as(`{"alg":"RS256","kid":"` + strings.Repeat("r", 700) + `"}`),
		"A, kid twice":                with(`"kid":"r"`),
		"A, alg absent":               as(`{"kid":"r"}`),
		"A, alg twice":                with(`"alg":"RS256"`),
		"A, alg rs256":                as(`{"kid":"r","alg":"rs256"}`),
		"A, alg RS512":                as(`{"kid":"r","alg":"RS512"}`),
		"A, typ JWT not configured":   with(`"typ":"JWT"`),
		"A, typ at+jwt not so either": with(`"typ":"at+jwt"`),
		"A, typ empty":                with(`"typ":""`),
		"B, typ of an id token":       b.sign("RS256", `{"typ":"id+jwt","alg":"RS256","kid":"r"}`, w.claimsOfB(b)),
		"B, typ of a logout token":    b.sign("RS256", `{"typ":"logout+jwt","alg":"RS256","kid":"r"}`, w.claimsOfB(b)),
		"B, typ of a DPoP proof":      b.sign("RS256", `{"typ":"dpop+jwt","alg":"RS256","kid":"r"}`, w.claimsOfB(b)),
		"B, typ absent":               b.token(w.claimsOfB(b)),
		"A, jku":                      with(`"jku":"https://evil.example/keys"`),
		"A, jwk":                      with(jwk),
		"A, jwk of the signer":        b.sign("RS256", appendMember(externalHeader, jwk), w.externalClaims(a)),
		"A, x5u":                      with(`"x5u":"https://evil.example/chain"`),
		"A, x5c":                      with(`"x5c":["AAAA"]`),
		"A, crit":                     with(`"crit":["exp"],"exp":1`),
		"A, b64":                      with(`"b64":false`),
		"A, zip":                      with(`"zip":"DEF"`),
		"A, cty":                      with(`"cty":"JWT"`),
		"A, enc":                      with(`"enc":"A256GCM"`),
		"A, nonce":                    with(`"nonce":"n"`),
		"A, header not UTF-8":         as("{\"alg\":\"RS256\",\"kid\":\"r\xff\"}"),
		"A, header and more":          as(externalHeader + "{}"),
		"A, header nested":            as(appendMember(externalHeader, `"x5t":`+strings.Repeat("[", 600))),
	}
}

func (w *fixture) badExternalClaims(a, b *externalIssuer) map[string]string {
	now := w.now.Unix()
	at := func(s int64) string { return fmt.Sprint(now + s) }
	of := func(changes ...string) string { return a.token(w.externalClaims(a, changes...)) }
	forB := func(changes ...string) string { return b.sign("RS256", headerOfB, w.claimsOfB(b, changes...)) }
	all := map[string]string{
		"A, an id token":                 of("token_use", `"id"`, "aud", fmt.Sprintf("%q", externalClientID), "client_id", ""),
		"A, an id token with client_id":  of("token_use", `"id"`),
		"A, token_use absent":            of("token_use", ""),
		"A, token_use a list":            of("token_use", `["access"]`),
		"A, token_use in capitals":       of("token_use", `"ACCESS"`),
		"A, another client":              of("client_id", `"another"`),
		"A, our own id, not mapped":      of("client_id", fmt.Sprintf("%q", w.client.ID)),
		"A, client absent":               of("client_id", ""),
		"A, client empty":                of("client_id", `""`),
		"A, client null":                 of("client_id", `null`),
		"A, client a list":               of("client_id", fmt.Sprintf("[%q]", externalClientID)),
		"A, client twice":                a.token(appendMember(w.externalClaims(a), fmt.Sprintf(`"client_id":%q`, externalClientID))),
		"A, iss and a slash":             of("iss", fmt.Sprintf("%q", a.name+"/")),
		"A, iss in capitals":             of("iss", fmt.Sprintf("%q", strings.ToUpper(a.name))),
		"A, iss a list":                  of("iss", fmt.Sprintf("[%q]", a.name)),
		"A, iss absent":                  of("iss", ""),
		"A, iss empty":                   of("iss", `""`),
		"A, iss of nobody":               of("iss", `"https://nobody.example"`),
		"A, exp absent":                  of("exp", ""),
		"A, exp null":                    of("exp", `null`),
		"A, exp a text":                  of("exp", `"`+at(60)+`"`),
		"A, exp with a fraction":         of("exp", at(60)+".5"),
		"A, exp beyond 64 bits":          of("exp", `99999999999999999999`),
		"A, exp at the end of time":      of("exp", `9223372036854775807`),
		"A, exp over 24 hours on":        of("exp", at(86401)),
		"A, exp before iat":              of("iat", at(40), "exp", at(30)),
		"A, exp negative":                of("exp", `-1`),
		"A, iat absent":                  of("iat", ""),
		"A, iat 61 s ahead":              of("iat", at(61), "exp", at(3600)),
		"A, iat a day ahead":             of("iat", at(86400), "exp", at(90000)),
		"A, iat least of all":            of("iat", `-9223372036854775808`),
		"A, nbf 61 s ahead":              of("nbf", at(61)),
		"A, nbf a text":                  of("nbf", `"0"`),
		"A, exp twice":                   a.token(appendMember(w.externalClaims(a), `"exp":`+at(60))),
		"A, exp twice, one escaped":      a.token(appendMember(w.externalClaims(a), `"\u0065xp":`+at(60))),
		"A, bound to a key":              of("cnf", `{"jkt":"AA"}`),
		"A, hash of an access token":     of("at_hash", `"AA"`),
		"A, hash of a code":              of("c_hash", `"AA"`),
		"A, claims a list":               a.token("[]"),
		"A, claims null":                 a.token("null"),
		"A, claims and more":             a.token(w.externalClaims(a) + "{}"),
		"A, claims not UTF-8":            a.token(appendMember(w.externalClaims(a), "\"x\":\"\xff\"")),
		"A, claims a token":              a.token(a.token(w.externalClaims(a))),
		"B, audience of another":         forB("aud", `"other"`),
		"B, audience of an id token":     forB("aud", fmt.Sprintf("%q", externalClientID)),
		"B, audience absent":             forB("aud", ""),
		"B, audience empty":              forB("aud", `""`),
		"B, audience null":               forB("aud", `null`),
		"B, audiences without ours":      forB("aud", `["a","Cedula"]`),
		"B, audience an object":          forB("aud", `{"cedula":1}`),
		"B, audiences and a number":      forB("aud", `["cedula",1]`),
		"B, client in another claim":     forB("azp", ""),
		"expired, of A, this second":     of("iat", at(-60), "exp", at(0)),
		"expired, of A, long ago":        of("iat", at(-86400), "exp", at(-80000)),
		"expired, of B":                  forB("iat", at(-60), "exp", at(-1)),
		"B, expired and another's":       forB("iat", at(-60), "exp", at(-1), "aud", `"other"`),
		"A, expired and not to be taken": of("iat", at(-60), "exp", at(-1), "token_use", `"id"`),
	}
	return all
}
