package auth

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"cedula/shared/strictjson"
)

// Limits of a token. They bound the work that an unauthenticated sender can cause.
const (
	maxTokenChars  = 8 << 10
	maxHeaderChars = 1 << 10 // of the encoded header
	maxKeyID       = 128
	signatureBytes = 64 // of ES256

	minRSABits = 2048 // RFC 7518, section 3.3
	maxRSABits = 4096
)

// The algorithms that a token can be signed with (RFC 7518, section 3.1).
const (
	ES256 = "ES256" // on P-256
	RS256 = "RS256" // with 2048 bits or more
)

// InvalidToken returns ErrInvalid with a reason, which must not contain any part of the token.
func InvalidToken(reason string) error { return fmt.Errorf("%w: token %s", ErrInvalid, reason) }

// jws is a token in compact serialization (RFC 7515, section 3.1), its parts decoded from base64url.
type jws struct {
	token                      string
	header, payload, signature []byte
}

func parseJWS(token string) (jws, error) {
	if len(token) > maxTokenChars {
		return jws{}, InvalidToken("too long")
	}
	header, rest, _ := strings.Cut(token, ".")
	payload, signature, _ := strings.Cut(rest, ".")
	if len(header) > maxHeaderChars {
		return jws{}, InvalidToken("part of the wrong length")
	}
	c := jws{token, decodePart(header), decodePart(payload), decodePart(signature)}
	if len(c.header) == 0 || len(c.payload) == 0 || len(c.signature) == 0 {
		return jws{}, InvalidToken("not in compact form")
	}
	return c, nil
}

// decodePart returns nil unless a part is base64url without padding, line breaks or stray trailing bits, so that no two
// texts are the same token (RFC 4648, section 3.5; RFC 7515, section 2).
func decodePart(part string) []byte {
	b, err := base64.RawURLEncoding.Strict().DecodeString(part)
	if err != nil || strings.ContainsAny(part, "\r\n") {
		return nil
	}
	return b
}

// parseHeader reads the header. It rejects unknown parameters: jku, jwk, x5u and x5c name a key of the sender's choice;
// crit and b64 change the rules (RFC 7515, section 4.1; RFC 8725, sections 3.1, 3.10 and 3.11).
func (i TrustedIssuer) parseHeader(c jws) (alg, kid string, err error) {
	var fields map[string]strictjson.Value
	if strictjson.Decode(c.header, &fields) != nil {
		return "", "", InvalidToken("header")
	}
	var typ string
	known := map[string]*string{"alg": &alg, "typ": &typ, "kid": &kid}
	for name, raw := range fields {
		to := known[name]
		if to == nil && slices.Contains(i.IgnoredParams, name) {
			continue
		}
		if to == nil || strictjson.Decode(raw, to) != nil || *to == "" {
			return "", "", InvalidToken("header")
		}
	}
	if !slices.Contains(i.Algorithms, alg) {
		return "", "", InvalidToken("algorithm")
	}
	if !slices.Contains(i.TokenTypes, typ) {
		return "", "", InvalidToken("type")
	}
	if kid == "" || len(kid) > maxKeyID {
		return "", "", InvalidToken("key id")
	}
	return alg, kid, nil
}

// verify verifies the signature and only then returns the body.
func (c jws) verify(alg string, key crypto.PublicKey) ([]byte, error) {
	if size := SignatureSize(alg, key); size == 0 || len(c.signature) != size {
		return nil, InvalidToken("key of another kind")
	}
	signed, err := jose.ParseSignedCompact(c.token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
	if err != nil {
		return nil, InvalidToken("not in compact form")
	}
	body, err := signed.Verify(key)
	if err != nil {
		return nil, InvalidToken("signature")
	}
	return body, nil
}

// withLowS returns an ES256 signature with the lower of s and n-s: each of the two can be computed from the other and is
// valid (SEC 1, version 2.0, section 4.1.4). It returns other signatures unchanged.
func withLowS(signature []byte) []byte {
	n := elliptic.P256().Params().N
	if len(signature) != signatureBytes {
		return signature
	}
	s := new(big.Int).SetBytes(signature[signatureBytes/2:])
	other := new(big.Int).Sub(n, s)
	if other.Cmp(s) >= 0 || other.Sign() < 0 {
		return signature
	}
	low := bytes.Clone(signature)
	other.FillBytes(low[signatureBytes/2:])
	return low
}

// SignatureSize returns the length in bytes of signatures by key under alg, or 0 if key must not be used for alg. It pins
// the algorithm to the kind of key (RFC 8725, section 3.1) and rejects weak RSA keys.
func SignatureSize(alg string, key crypto.PublicKey) int {
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		if alg == ES256 && k != nil && k.Curve == elliptic.P256() {
			return signatureBytes
		}
	case *rsa.PublicKey:
		if alg == RS256 && k != nil && strongRSA(k) {
			return k.Size()
		}
	}
	return 0
}

// strongRSA checks the modulus, and the exponent as NIST SP 800-56B, section 6.2.1, does. Both are odd.
func strongRSA(k *rsa.PublicKey) bool {
	if k.N == nil || k.N.BitLen() < minRSABits || k.N.BitLen() > maxRSABits {
		return false
	}
	odd := k.N.Bit(0) == 1 && k.E%2 == 1
	return odd && k.E > 1<<16 && k.E <= math.MaxInt32
}
