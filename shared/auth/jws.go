package auth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json" // exact names, no duplicates
)

// Limits of a token. They bound the work that a stranger can ask for.
const (
	maxTokenChars  = 8 << 10 // characters in all
	maxHeaderChars = 1 << 10 // characters of the header part
	maxKeyID       = 128
	maxDepth       = 16 // of objects and lists in a part
	signatureBytes = 64 // of ES256

	minRSABits, maxRSABits = 2048, 4096 // RFC 7518, section 3.3, asks for 2048

	base64urlAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
)

// The algorithms that a token can be signed with (RFC 7518, section 3.1).
const (
	ES256 = "ES256" // on P-256
	RS256 = "RS256" // with 2048 bits or more
)

// invalidToken is ErrInvalid with a fixed reason: a token's own text, and what a
// parser says of it, stay out.
func invalidToken(reason string) error { return fmt.Errorf("%w: token %s", ErrInvalid, reason) }

// jws is a token cut into its parts, none of them decoded.
type jws struct{ token, header, payload, signature string }

// parseJWS checks all that can be known without decoding. It allocates nothing,
// whatever the token.
func parseJWS(token string) (jws, error) {
	if len(token) > maxTokenChars {
		return jws{}, invalidToken("too long")
	}
	header, rest, _ := strings.Cut(token, ".")
	body, signature, _ := strings.Cut(rest, ".")
	switch {
	case !canonicalBase64url(header), !canonicalBase64url(body), !canonicalBase64url(signature):
		return jws{}, invalidToken("not in compact form")
	case len(header) > maxHeaderChars, len(signature) > base64.RawURLEncoding.EncodedLen(maxRSABits/8):
		return jws{}, invalidToken("part of the wrong length")
	}
	return jws{token, header, body, signature}, nil
}

// headerPolicy is what the header of an issuer's tokens may say.
type headerPolicy struct {
	algorithms    []string
	types         []string // of typ, to the letter; "" stands for none at all
	ignoredParams []string // parameters that may be there besides alg, typ and kid
}

// parseHeader reads the header. Parameters that it does not know are refused: jku,
// jwk, x5u, x5c name a key of the sender's choice and crit, b64 change the
// rules (RFC 7515, section 4.1; RFC 8725, sections 3.1, 3.10 and 3.11).
func (f headerPolicy) parseHeader(c jws) (alg, kid string, err error) {
	var fields map[string]json.RawMessage
	if !decodePart(c.header, &fields) {
		return "", "", invalidToken("header")
	}
	var typ string
	known := map[string]*string{"alg": &alg, "typ": &typ, "kid": &kid}
	for name, raw := range fields {
		to := known[name]
		if to == nil && !slices.Contains(f.ignoredParams, name) || to != nil && (!decodeString(raw, to) || *to == "") {
			return "", "", invalidToken("header")
		}
	}
	switch {
	case !slices.Contains(f.algorithms, alg):
		return "", "", invalidToken("algorithm")
	case !slices.Contains(f.types, typ):
		return "", "", invalidToken("type")
	case kid == "" || len(kid) > maxKeyID:
		return "", "", invalidToken("key id")
	}
	return alg, kid, nil
}

// verify verifies the signature and only then returns the body.
func (c jws) verify(alg string, key crypto.PublicKey) ([]byte, error) {
	if !c.keyMatches(alg, key) {
		return nil, invalidToken("key of another kind")
	}
	signed, err := jose.ParseSignedCompact(c.token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
	if err != nil {
		return nil, invalidToken("not in compact form")
	}
	body, err := signed.Verify(key)
	if err != nil {
		return nil, invalidToken("signature")
	}
	return body, nil
}

// keyMatches pins the algorithm to the key (RFC 8725, section 3.1), and the length of
// the signature to both.
func (c jws) keyMatches(alg string, key crypto.PublicKey) bool {
	size := 0
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		if k != nil && k.Curve == elliptic.P256() && alg == ES256 {
			size = signatureBytes
		}
	case *rsa.PublicKey:
		if k != nil && k.N != nil && k.N.BitLen() >= minRSABits && k.N.BitLen() <= maxRSABits && alg == RS256 {
			size = k.Size()
		}
	}
	return size > 0 && len(c.signature) == base64.RawURLEncoding.EncodedLen(size)
}

// decodePart decodes a canonical part: one JSON value, valid UTF-8.
func decodePart(part string, to any) bool {
	b, err := base64.RawURLEncoding.DecodeString(part)
	return err == nil && decode(b, to)
}

// decode reads one JSON value that is not nested deeply.
func decode(b []byte, to any) bool {
	return utf8.Valid(b) && !tooDeep(b) && json.Unmarshal(b, to) == nil
}

// tooDeep counts brackets outside strings, before anything is decoded.
func tooDeep(b []byte) bool {
	depth, inString := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// decodeString decodes a JSON string, and nothing else.
func decodeString(raw json.RawMessage, to *string) bool {
	return len(raw) > 0 && raw[0] == '"' && json.Unmarshal(raw, to) == nil
}

// canonicalBase64url tells whether a part is base64url without padding, line breaks or
// stray trailing bits, so that no two texts mean one token (RFC 4648, section
// 3.5; RFC 7515, section 2).
func canonicalBase64url(part string) bool {
	var last int
	for i := range len(part) {
		if last = strings.IndexByte(base64urlAlphabet, part[i]); last < 0 {
			return false
		}
	}
	switch len(part) % 4 {
	case 0:
		return part != ""
	case 2:
		return last&15 == 0
	case 3:
		return last&3 == 0
	}
	return false
}
