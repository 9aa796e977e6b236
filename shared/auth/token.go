package auth

import (
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
)

const (
	maxTokenTTL  = 24 * time.Hour
	maxClockSkew = 60 * time.Second // between our clock and the issuer's

	tokenType = "at+jwt" // RFC 9068, section 2.1
)

// AccessTokenTypes are the values of the header's typ in an access token (RFC 9068, section 4).
var AccessTokenTypes = []string{tokenType, "application/" + tokenType}

// tokenClaims are the claims of our own tokens (RFC 9068, section 2.2).
type tokenClaims struct {
	Issuer    string   `json:"iss"`
	Subject   string   `json:"sub"`
	Audience  audience `json:"aud"`
	ClientID  string   `json:"client_id"`
	Tenant    string   `json:"tenant"` // ours
	Scope     string   `json:"scope"`
	IssuedAt  int64    `json:"iat"` // whole seconds
	NotBefore int64    `json:"nbf,omitzero"`
	Expiry    int64    `json:"exp"`
	ID        string   `json:"jti"`
}

// audience is one string or a list of them (RFC 7519, section 4.1.3).
type audience []string

// UnmarshalJSON accepts either form.
func (a *audience) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(a))
}

// check checks all claims (RFC 9068, section 4).
func (p tokenClaims) check(issuer, aud string, now time.Time) error {
	if p.Issuer == "" || p.Issuer != issuer {
		return InvalidToken("issuer")
	}
	if aud == "" || !slices.Contains(p.Audience, aud) {
		return InvalidToken("audience")
	}
	if p.ClientID == "" || p.ClientID != p.Subject {
		return InvalidToken("client")
	}
	if p.Tenant == "" || p.ID == "" {
		return InvalidToken("claims")
	}
	return Lifetime{p.IssuedAt, p.NotBefore, p.Expiry}.Check(now)
}

// Lifetime holds the times of a token in whole seconds; zero means absent.
type Lifetime struct{ Issued, NotBefore, Expiry int64 }

// Check requires iat and exp, at most 24 hours apart, and now to be between them (RFC 7519, sections 4.1.4 to 4.1.6;
// RFC 9068, section 2.2).
func (l Lifetime) Check(now time.Time) error {
	life := l.Expiry - l.Issued
	if l.Issued <= 0 || life <= 0 || life > int64(maxTokenTTL/time.Second) {
		return InvalidToken("lifetime")
	}
	if time.Unix(max(l.Issued, l.NotBefore), 0).After(now.Add(maxClockSkew)) {
		return InvalidToken("from the future")
	}
	if deadlinePassed(time.Unix(l.Expiry, 0), now) {
		return fmt.Errorf("%w: token", ErrExpired)
	}
	return nil
}
