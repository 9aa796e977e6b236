package jwks

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"math/big"
	"slices"

	"github.com/go-jose/go-jose/v4/json" // exact names, no duplicates

	"cedula/shared/auth"
)

const (
	maxKeyID = 128
	half     = 32 // bytes of a coordinate on P-256

	minRSABits, maxRSABits = 2048, 4096
	minExponent            = 1<<16 + 1 // NIST SP 800-56B, section 6.2.1
	maxExponent            = 1<<31 - 1 // of crypto/rsa
)

var errNoSet = errors.New("the issuer's answer is no JWK set")

// webKey is one key of a set (RFC 7517, section 4; RFC 7518, section 6).
type webKey struct {
	Kty string   `json:"kty"`
	Use string   `json:"use"`
	Ops []string `json:"key_ops"`
	Alg string   `json:"alg"`
	Kid string   `json:"kid"`
	Crv string   `json:"crv"`
	X   string   `json:"x"`
	Y   string   `json:"y"`
	N   string   `json:"n"`
	E   string   `json:"e"`
}

// secret are the members that only private and symmetric keys have. An issuer
// that shows them has lost that key.
var secret = []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"}

// parse reads a JWK set and leaves out every key that it could not be verified
// with, or not safely: of another kind, size or use, with a private part, or
// with an id that another key of the set has too (RFC 7517, section 5). A set
// may be left empty.
func parse(text []byte) (map[string]crypto.PublicKey, error) {
	var set struct {
		Keys *[]json.RawMessage `json:"keys"`
	}
	if json.Unmarshal(text, &set) != nil || set.Keys == nil {
		return nil, errNoSet
	}
	keys, seen := map[string]crypto.PublicKey{}, map[string]int{}
	for _, raw := range *set.Keys {
		var all map[string]json.RawMessage
		var w webKey
		if json.Unmarshal(raw, &all) != nil || json.Unmarshal(raw, &w) != nil {
			continue
		}
		seen[w.Kid]++
		key := w.key()
		exposed := slices.ContainsFunc(secret, func(name string) bool { _, there := all[name]; return there })
		if key != nil && !exposed {
			keys[w.Kid] = key
		}
	}
	for kid, times := range seen {
		if times > 1 {
			delete(keys, kid)
		}
	}
	return keys, nil
}

// key is nil when nothing is to be verified with it.
func (w *webKey) key() crypto.PublicKey {
	switch {
	case w.Kid == "" || len(w.Kid) > maxKeyID:
		return nil
	case w.Use != "" && w.Use != "sig":
		return nil
	case w.Ops != nil && !slices.Contains(w.Ops, "verify"):
		return nil
	case w.Kty == "EC" && w.Crv == "P-256" && (w.Alg == "" || w.Alg == auth.ES256):
		return w.ec()
	case w.Kty == "RSA" && (w.Alg == "" || w.Alg == auth.RS256):
		return w.rsa()
	}
	return nil
}

// ec checks that the point is on the curve.
func (w *webKey) ec() crypto.PublicKey {
	x, y := decoded(w.X), decoded(w.Y)
	if len(x) != half || len(y) != half {
		return nil
	}
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y)) // SEC 1, section 2.3.4
	if err != nil {
		return nil
	}
	return key
}

func (w *webKey) rsa() crypto.PublicKey {
	n, e := new(big.Int).SetBytes(decoded(w.N)), new(big.Int).SetBytes(decoded(w.E))
	size := n.BitLen()
	switch {
	case size < minRSABits || size > maxRSABits || n.Bit(0) == 0:
		return nil
	case e.BitLen() > 31 || e.Int64() < minExponent || e.Int64() > maxExponent || e.Bit(0) == 0:
		return nil
	case factorable(n):
		return nil
	}
	return &rsa.PublicKey{N: n, E: int(e.Int64())}
}

// decoded decodes base64url; nil if it is none.
func decoded(s string) []byte {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil {
		return nil
	}
	return b
}
