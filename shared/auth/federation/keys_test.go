package federation_test

import (
	"fmt"
	"math/big"
	"strings"
	"testing"

	"cedula/shared/auth"
)

// The other keys of the set are not affected.
func TestUnusableKeysAreOmitted(t *testing.T) {
	ec, rs := newECJWK(t, "k"), rsaJWK("k", newRSAKey(t).N)
	replaced := func(key, old, with string) string {
		if !strings.Contains(key, old) {
			t.Fatalf("%s has no %s", key, old)
		}
		return strings.Replace(key, old, with, 1)
	}
	exponent := func(e string) string { return strings.Replace(rsaJWK("k", modulus(2048)), "AQAB", e, 1) }
	for name, keys := range map[string]string{
		"private EC":               withMembers(ec, `"d":"AA"`),
		"private RSA":              withMembers(rs, `"d":"AA"`),
		"other primes":             withMembers(rs, `"oth":[]`),
		"symmetric":                `{"kty":"oct","kid":"k","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","alg":"HS256"}`,
		"twice":                    ec + "," + newECJWK(t, "k"),
		"twice the same":           ec + "," + ec,
		"twice, one for another":   ec + "," + withMembers(rs, `"use":"enc"`),
		"for encryption":           withMembers(ec, `"use":"enc"`),
		"operation to sign":        withMembers(ec, `"key_ops":["sign"]`),
		"no operation":             withMembers(ec, `"key_ops":[]`),
		"EC for RS256":             withMembers(ec, `"alg":"RS256"`),
		"EC for HS256":             withMembers(ec, `"alg":"HS256"`),
		"RSA for ES256":            withMembers(rs, `"alg":"ES256"`),
		"Ed25519":                  `{"kty":"OKP","crv":"Ed25519","kid":"k","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`,
		"kty absent":               replaced(ec, `"kty":"EC",`, ``),
		"kty of the other":         replaced(ec, `"EC"`, `"RSA"`),
		"P-384":                    replaced(ec, "P-256", "P-384"),
		"not on the curve":         replaced(ec, `"x":"`+member(ec, "x"), `"x":"`+b64(make([]byte, 32))),
		"at infinity":              `{"kty":"EC","crv":"P-256","kid":"k","x":"` + b64(make([]byte, 32)) + `","y":"` + b64(make([]byte, 32)) + `"}`,
		"2047 bits":                rsaJWK("k", modulus(2047)),
		"4097 bits":                rsaJWK("k", modulus(4097)),
		"even modulus":             rsaJWK("k", new(big.Int).Lsh(modulus(2047), 1)),
		"exponent 1":               exponent("AQ"),
		"exponent 3":               exponent("Aw"),
		"exponent of 32 bits":      exponent("_____w"),
		"kid absent":               replaced(ec, `"kid":"k",`, ``),
		"kid empty":                replaced(ec, `"kid":"k"`, `"kid":""`),
		"kid of 129 characters":    replaced(ec, `"kid":"k"`, `"kid":"`+strings.Repeat("k", 129)+`"`),
		"a member twice":           withMembers(ec, `"kid":"k"`),
		"null":                     `null`,
		"with a curve that is RSA": replaced(rs, `"RSA"`, `"EC","crv":"P-256"`),
	} {
		t.Run(name, func(t *testing.T) {
			s := newKeyServer(t, jwkSet(keys, newECJWK(t, "other")))
			s.wantKey("other")
			for _, kid := range []string{"k", "", "1", "K", strings.Repeat("k", 129)} {
				s.wantError(kid, auth.ErrNotFound)
			}
		})
	}
}

// modulus returns an odd number with so many bits.
func modulus(bits int) *big.Int {
	n := new(big.Int).Lsh(big.NewInt(1), uint(bits-1))
	return n.SetBit(n, 0, 1)
}

// member is a text member of a key.
func member(key, name string) string {
	_, rest, _ := strings.Cut(key, fmt.Sprintf("%q:\"", name))
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

func TestUsableKeysAreAccepted(t *testing.T) {
	ec, rs := newECJWK(t, "k"), rsaJWK("k", newRSAKey(t).N)
	for name, key := range map[string]string{
		"EC":                      ec,
		"EC for ES256":            withMembers(ec, `"alg":"ES256","use":"sig","key_ops":["verify"]`),
		"RSA":                     rs,
		"RSA for RS256":           withMembers(rs, `"alg":"RS256","use":"sig"`),
		"RSA of 4096 bits":        rsaJWK("k", modulus(4096)),
		"with a certificate":      withMembers(rs, `"x5c":["MII"],"x5t":"AA"`),
		"with members of its own": withMembers(ec, `"issued":{"at":1}`),
	} {
		t.Run(name, func(t *testing.T) { newKeyServer(t, jwkSet(key)).wantKey("k") })
	}
}
