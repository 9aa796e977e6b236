package jwks_test

import (
	"fmt"
	"strings"
	"testing"

	"cedula/shared/auth"
)

// TestUnusableKeysAreOmitted: each of these is not trusted, and the key beside it is.
func TestUnusableKeysAreOmitted(t *testing.T) {
	ec, rs := ecKey(t, "k"), rsaKey(t, "k", 2048)
	replaced := func(key, old, with string) string {
		if !strings.Contains(key, old) {
			t.Fatalf("no %s", old)
		}
		return strings.Replace(key, old, with, 1)
	}
	rsa := func(n, e string) string { return fmt.Sprintf(`{"kty":"RSA","kid":"k","n":%q,"e":%q}`, n, e) }
	cases := map[string]string{
		"private EC":               withMembers(ec, `"d":"AA"`),
		"private RSA":              withMembers(rs, `"d":"AA"`),
		"a prime":                  withMembers(rs, `"p":"AA"`),
		"another prime":            withMembers(rs, `"q":"AA"`),
		"private null":             withMembers(ec, `"d":null`),
		"other primes":             withMembers(rs, `"oth":[]`),
		"a symmetric part":         withMembers(ec, `"k":"AA"`),
		"symmetric":                `{"kty":"oct","kid":"k","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","alg":"HS256"}`,
		"twice":                    ec + "," + ecKey(t, "k"),
		"twice the same":           ec + "," + ec,
		"twice, of two kinds":      ec + "," + rs,
		"twice, one for another":   ec + "," + withMembers(rs, `"use":"enc"`),
		"thrice":                   ec + "," + ec + "," + rs,
		"for encryption":           withMembers(ec, `"use":"enc"`),
		"use in capitals":          withMembers(ec, `"use":"SIG"`),
		"operation to sign":        withMembers(ec, `"key_ops":["sign"]`),
		"no operation":             withMembers(ec, `"key_ops":[]`),
		"operations a text":        withMembers(ec, `"key_ops":"verify"`),
		"EC for RS256":             withMembers(ec, `"alg":"RS256"`),
		"EC for ES384":             withMembers(ec, `"alg":"ES384"`),
		"EC for HS256":             withMembers(ec, `"alg":"HS256"`),
		"RSA for ES256":            withMembers(rs, `"alg":"ES256"`),
		"RSA for PS256":            withMembers(rs, `"alg":"PS256"`),
		"RSA for RS512":            withMembers(rs, `"alg":"RS512"`),
		"RSA for none":             withMembers(rs, `"alg":"none"`),
		"alg a number":             withMembers(rs, `"alg":256`),
		"Ed25519":                  `{"kty":"OKP","crv":"Ed25519","kid":"k","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`,
		"kty absent":               replaced(ec, `"kty":"EC",`, ``),
		"kty ec":                   replaced(ec, `"EC"`, `"ec"`),
		"kty of the other":         replaced(ec, `"EC"`, `"RSA"`),
		"P-384":                    replaced(ec, "P-256", "P-384"),
		"secp256k1":                replaced(ec, "P-256", "secp256k1"),
		"no curve":                 replaced(ec, `"crv":"P-256",`, ``),
		"x too short":              replaced(ec, `"x":"`, `"x":"AA","X":"`),
		"no y":                     replaced(ec, `"y"`, `"z"`),
		"not on the curve":         replaced(ec, `"x":"`+member(ec, "x"), `"x":"`+b64(make([]byte, 32))),
		"at infinity":              `{"kty":"EC","crv":"P-256","kid":"k","x":"` + b64(make([]byte, 32)) + `","y":"` + b64(make([]byte, 32)) + `"}`,
		"padded":                   replaced(ec, `"x":"`+member(ec, "x"), `"x":"`+member(ec, "x")+"="),
		"in standard base64":       replaced(ec, `"x":"`+member(ec, "x"), `"x":"+/`+member(ec, "x")[2:]),
		"1024 bits":                rsaKeyOf(1024),
		"2047 bits":                rsa(modulus(2047, 1), "AQAB"),
		"4097 bits":                rsa(modulus(4097, 1), "AQAB"),
		"16,384 bits":              rsa(modulus(16384, 1), "AQAB"),
		"even modulus":             rsa(modulus(2048, 0), "AQAB"),
		"exponent 1":               rsa(modulus(2048, 1), "AQ"),
		"exponent 3":               rsa(modulus(2048, 1), "Aw"),
		"exponent even":            rsa(modulus(2048, 1), "AQAA"),
		"exponent of 32 bits":      rsa(modulus(2048, 1), "_____w"),
		"exponent of 99 bytes":     rsa(modulus(2048, 1), strings.Repeat("_", 132)),
		"exponent 0":               rsa(modulus(2048, 1), "AA"),
		"no exponent":              replaced(rs, `"e"`, `"f"`),
		"no modulus":               replaced(rs, `"n"`, `"m"`),
		"kid absent":               replaced(ec, `"kid":"k",`, ``),
		"kid empty":                replaced(ec, `"kid":"k"`, `"kid":""`),
		"kid null":                 replaced(ec, `"kid":"k"`, `"kid":null`),
		"kid a number":             replaced(ec, `"kid":"k"`, `"kid":1`),
		"kid of 129 characters":    replaced(ec, `"kid":"k"`, `"kid":"`+strings.Repeat("k", 129)+`"`),
		"kid in capitals":          replaced(ec, `"kid"`, `"KID"`),
		"a member twice":           withMembers(ec, `"kid":"k"`),
		"null":                     `null`,
		"a text":                   `"k"`,
		"a list":                   `[]`,
		"an empty object":          `{}`,
		"with a curve that is RSA": replaced(rs, `"RSA"`, `"EC","crv":"P-256"`),
	}
	for fact, keys := range cases {
		t.Run(fact, func(t *testing.T) {
			i := newTestIssuer(t, jwkSet(keys, ecKey(t, "beside")))
			i.wantKey("beside")
			for _, kid := range []string{"k", "", "1", "K", strings.Repeat("k", 129)} {
				i.wantError(kid, auth.ErrNotFound)
			}
		})
	}
	t.Logf("%d keys left out", len(cases))
}

func rsaKeyOf(bits int) string {
	return fmt.Sprintf(`{"kty":"RSA","kid":"k","n":%q,"e":"AQAB"}`, modulus(bits, 1))
}

// member is a text member of a key.
func member(key, name string) string {
	_, rest, _ := strings.Cut(key, fmt.Sprintf("%q:\"", name))
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

func TestUsableKeysAreAccepted(t *testing.T) {
	ec, rs := ecKey(t, "k"), rsaKey(t, "k", 2048)
	for fact, key := range map[string]string{
		"EC":                      ec,
		"EC for ES256":            withMembers(ec, `"alg":"ES256","use":"sig","key_ops":["verify"]`),
		"RSA":                     rs,
		"RSA for RS256":           withMembers(rs, `"alg":"RS256","use":"sig"`),
		"RSA of 4096 bits":        rsaKeyOf(4096),
		"with a certificate":      withMembers(rs, `"x5c":["MII"],"x5t":"AA"`),
		"with members of its own": withMembers(ec, `"issued":{"at":1}`),
	} {
		t.Run(fact, func(t *testing.T) { newTestIssuer(t, jwkSet(key)).wantKey("k") })
	}
}
