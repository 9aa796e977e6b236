package auth

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4/json" // exact names, no duplicates
)

// Limits of a token. They bound the work that a stranger can ask for.
const (
	maxToken       = 8 << 10 // characters in all
	maxHeader      = 1 << 10 // characters of the header part
	maxKeyID       = 128
	signatureBytes = 64
	signatureChars = 86
	maxTokenTTL    = 24 * time.Hour
	maxSkew        = 60 * time.Second // between our clock and the issuer's

	tokenType = "at+jwt" // RFC 9068, section 2.1
	base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
)

// payload is the claims as they stand in a token (RFC 9068, section 2.2).
type payload struct {
	Issuer    string   `json:"iss"`
	Subject   string   `json:"sub"`
	Audience  audience `json:"aud"`
	ClientID  string   `json:"client_id"`
	Tenant    string   `json:"tenant"` // ours
	Scope     string   `json:"scope"`
	IssuedAt  int64    `json:"iat"` // whole seconds
	NotBefore int64    `json:"nbf,omitempty"`
	Expiry    int64    `json:"exp"`
	ID        string   `json:"jti"`
}

// audience is one string or a list of them (RFC 7519, section 4.1.3).
type audience []string

// UnmarshalJSON takes either form.
func (a *audience) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(a))
}

// untrusted is ErrInvalid with a fixed reason: a token's own text, and what a
// parser says of it, stay out.
func untrusted(reason string) error { return fmt.Errorf("%w: token %s", ErrInvalid, reason) }

// parseHeader checks all that can be known without a key, and returns the id of
// the key to verify with. It allocates little, whatever the token.
func parseHeader(token string) (kid string, err error) {
	if len(token) > maxToken {
		return "", untrusted("too long")
	}
	header, rest, _ := strings.Cut(token, ".")
	body, signature, _ := strings.Cut(rest, ".")
	switch {
	case !canonical(header), !canonical(body), !canonical(signature):
		return "", untrusted("not in compact form")
	case len(header) > maxHeader, len(signature) != signatureChars:
		return "", untrusted("part of the wrong length")
	}
	return keyIDOf(header)
}

// keyIDOf accepts the parameters alg, typ and kid, all required, and no other:
// jku, jwk, x5u, x5c name a key of the sender's choice and crit, b64 change the
// rules (RFC 7515, section 4.1; RFC 8725, sections 3.1, 3.10 and 3.11).
func keyIDOf(header string) (string, error) {
	var fields map[string]json.RawMessage
	var alg, typ, kid string
	if !unmarshal(header, &fields) || len(fields) != 3 ||
		!text(fields["alg"], &alg) || !text(fields["typ"], &typ) || !text(fields["kid"], &kid) {
		return "", untrusted("header")
	}
	switch {
	case alg != "ES256":
		return "", untrusted("algorithm")
	case typ != tokenType && typ != "application/"+tokenType:
		return "", untrusted("type")
	case kid == "" || len(kid) > maxKeyID:
		return "", untrusted("key id")
	}
	return kid, nil
}

// check holds the claims against what is expected (RFC 9068, section 4).
func (p payload) check(issuer, aud string, now time.Time) error {
	life := p.Expiry - p.IssuedAt
	switch {
	case p.Issuer == "" || p.Issuer != issuer:
		return untrusted("issuer")
	case aud == "" || !slices.Contains(p.Audience, aud):
		return untrusted("audience")
	case p.ClientID == "" || p.ClientID != p.Subject || p.Tenant == "" || p.ID == "":
		return untrusted("claims")
	case p.IssuedAt <= 0 || life <= 0 || life > int64(maxTokenTTL/time.Second):
		return untrusted("lifetime")
	case time.Unix(max(p.IssuedAt, p.NotBefore), 0).After(now.Add(maxSkew)):
		return untrusted("from the future")
	case reached(time.Unix(p.Expiry, 0), now):
		return fmt.Errorf("%w: token", ErrExpired)
	}
	return nil
}

// unmarshal decodes a canonical part: one JSON value, valid UTF-8.
func unmarshal(part string, to any) bool {
	b, err := base64.RawURLEncoding.DecodeString(part)
	return err == nil && utf8.Valid(b) && json.Unmarshal(b, to) == nil
}

// text decodes a JSON string, and nothing else.
func text(raw json.RawMessage, to *string) bool {
	return len(raw) > 0 && raw[0] == '"' && json.Unmarshal(raw, to) == nil
}

// canonical tells whether a part is base64url without padding, line breaks or
// stray trailing bits, so that no two texts mean one token (RFC 4648, section
// 3.5; RFC 7515, section 2).
func canonical(part string) bool {
	var last int
	for i := range len(part) {
		if last = strings.IndexByte(base64url, part[i]); last < 0 {
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
