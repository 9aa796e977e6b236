package auth

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
)

// Claims are what a verified token says.
type Claims struct {
	Client, Tenant string
	Scopes         Scopes
	Expires        time.Time
}

// Verifier takes the access tokens of one issuer for one audience.
type Verifier struct {
	issuer, audience string
	keys             KeySource
}

// NewVerifier makes a Verifier. An empty issuer or audience takes no token.
func NewVerifier(issuer, audience string, keys KeySource) *Verifier {
	return &Verifier{issuer, audience, keys}
}

// Verify returns what a token says, ErrInvalid when it is not to be trusted,
// ErrExpired when it was, or the error of a KeySource that could not tell.
//
// It is stricter than RFC 9068 asks: ES256 only; no header parameters but alg,
// typ and kid; whole seconds; a life of 24 hours at most; sub equal to client_id.
func (v *Verifier) Verify(ctx context.Context, token string, now time.Time) (Claims, error) {
	kid, err := parseHeader(token)
	if err != nil {
		return Claims{}, err
	}
	key, err := v.keys.Key(ctx, kid)
	switch {
	case errors.Is(err, ErrUnknown):
		return Claims{}, untrusted("key unknown")
	case err != nil:
		return Claims{}, fmt.Errorf("auth: keys of the issuer: %w", err)
	}
	p, err := open(token, key)
	if err != nil {
		return Claims{}, err
	}
	if err := p.check(v.issuer, v.audience, now); err != nil {
		return Claims{}, err
	}
	return Claims{
		Client: p.ClientID, Tenant: p.Tenant, Scopes: ParseScopes(p.Scope), Expires: time.Unix(p.Expiry, 0).UTC(),
	}, nil
}

// open verifies the signature of a token that parseHeader passed, and only then
// reads its claims.
func open(token string, key *ecdsa.PublicKey) (payload, error) {
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil || key == nil {
		return payload{}, untrusted("not in compact form")
	}
	text, err := signed.Verify(key)
	if err != nil {
		return payload{}, untrusted("signature")
	}
	var p payload
	if !utf8.Valid(text) || json.Unmarshal(text, &p) != nil {
		return payload{}, untrusted("claims")
	}
	return p, nil
}
