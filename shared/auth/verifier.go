package auth

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Claims are what a verified token says.
type Claims struct {
	// Tenant is empty when the issuer knows none: an outside one.
	Client, Tenant string
	Scopes         Scopes
	Expires        time.Time
}

// Verifier takes the access tokens of our own issuer for one audience, and
// those of the issuers that Trust names.
type Verifier struct {
	own      trustedIssuer
	issuer   string
	external map[string]trustedIssuer // by issuer
}

// trustedIssuer is how one issuer's tokens are read.
type trustedIssuer struct {
	headerPolicy headerPolicy
	keys         KeySource
	parseClaims  func(body []byte, now time.Time) (Claims, error)
}

// NewVerifier makes a Verifier. An empty issuer or audience takes no token.
func NewVerifier(issuer, audience string, keys KeySource) *Verifier {
	read := func(body []byte, now time.Time) (Claims, error) { return parseOwnClaims(body, issuer, audience, now) }
	own := trustedIssuer{headerPolicy{algorithms: []string{ES256}, types: accessTokenTypes}, keys, read}
	return &Verifier{own: own, issuer: issuer, external: map[string]trustedIssuer{}}
}

// Verify returns what a token says, ErrInvalid when it is not to be trusted,
// ErrExpired when it was, or the error of a KeySource that could not tell.
//
// Of our own tokens it asks more than RFC 9068: ES256 only; no header parameters
// but alg, typ and kid; whole seconds; a life of 24 hours at most; sub equal to
// client_id.
func (v *Verifier) Verify(ctx context.Context, token string, now time.Time) (Claims, error) {
	c, err := parseJWS(token)
	if err != nil {
		return Claims{}, err
	}
	by, err := v.issuerOf(c)
	if err != nil {
		return Claims{}, err
	}
	alg, kid, err := by.headerPolicy.parseHeader(c)
	if err != nil {
		return Claims{}, err
	}
	key, err := by.keys.Key(ctx, kid)
	switch {
	case errors.Is(err, ErrNotFound):
		return Claims{}, invalidToken("key unknown")
	case err != nil:
		return Claims{}, fmt.Errorf("auth: keys of the issuer: %w", err)
	}
	body, err := c.verify(alg, key)
	if err != nil {
		return Claims{}, err
	}
	return by.parseClaims(body, now)
}

// issuerOf chooses by what the token says of itself whose keys it is verified
// with (RFC 8725, section 3.8). What it says is held against that issuer once
// the signature is verified.
func (v *Verifier) issuerOf(c jws) (trustedIssuer, error) {
	if len(v.external) == 0 {
		return v.own, nil
	}
	said := unverifiedIssuer(c.payload)
	if by, ok := v.external[said]; ok {
		return by, nil
	}
	if said != v.issuer {
		return trustedIssuer{}, invalidToken("issuer")
	}
	return v.own, nil
}

// unverifiedIssuer reads the first member iss of a body that nobody has verified, and
// nothing else of it. The answer is empty when there is none.
func unverifiedIssuer(body string) string {
	b, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil || tooDeep(b) {
		return ""
	}
	d := jsontext.NewDecoder(bytes.NewBuffer(b), jsontext.AllowDuplicateNames(true))
	if first, err := d.ReadToken(); err != nil || first.Kind() != '{' {
		return ""
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return ""
		}
		if name.String() != "iss" {
			if d.SkipValue() != nil {
				return ""
			}
			continue
		}
		if value, err := d.ReadToken(); err == nil && value.Kind() == '"' {
			return value.String()
		}
		return ""
	}
	return ""
}

func parseOwnClaims(body []byte, issuer, audience string, now time.Time) (Claims, error) {
	var p tokenClaims
	if !decode(body, &p) {
		return Claims{}, invalidToken("claims")
	}
	if err := p.check(issuer, audience, now); err != nil {
		return Claims{}, err
	}
	return Claims{
		Client: p.ClientID, Tenant: p.Tenant, Scopes: ParseScopes(p.Scope), Expires: time.Unix(p.Expiry, 0).UTC(),
	}, nil
}
