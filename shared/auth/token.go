package auth

import (
	"fmt"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4/json" // exact names, no duplicates
)

const (
	maxTokenTTL  = 24 * time.Hour
	maxClockSkew = 60 * time.Second // between our clock and the issuer's

	tokenType = "at+jwt" // RFC 9068, section 2.1
)

// accessTokenTypes are the header's typ of an access token (RFC 9068, section 4).
var accessTokenTypes = []string{tokenType, "application/" + tokenType}

// tokenClaims is the claims as they stand in a token (RFC 9068, section 2.2).
type tokenClaims struct {
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

// check holds the claims against what is expected (RFC 9068, section 4).
func (p tokenClaims) check(issuer, aud string, now time.Time) error {
	switch {
	case p.Issuer == "" || p.Issuer != issuer:
		return invalidToken("issuer")
	case aud == "" || !slices.Contains(p.Audience, aud):
		return invalidToken("audience")
	case p.ClientID == "" || p.ClientID != p.Subject || p.Tenant == "" || p.ID == "":
		return invalidToken("claims")
	}
	return lifetime{p.IssuedAt, p.NotBefore, p.Expiry}.check(now)
}

// lifetime is a token's times in whole seconds; zero stands for none.
type lifetime struct{ issued, notBefore, expiry int64 }

// check asks for exp and iat, 24 hours between them at most, and now to be one
// of them (RFC 7519, sections 4.1.4 to 4.1.6; RFC 9068, section 2.2).
func (l lifetime) check(now time.Time) error {
	life := l.expiry - l.issued
	switch {
	case l.issued <= 0 || life <= 0 || life > int64(maxTokenTTL/time.Second):
		return invalidToken("lifetime")
	case time.Unix(max(l.issued, l.notBefore), 0).After(now.Add(maxClockSkew)):
		return invalidToken("from the future")
	case deadlinePassed(time.Unix(l.expiry, 0), now):
		return fmt.Errorf("%w: token", ErrExpired)
	}
	return nil
}
