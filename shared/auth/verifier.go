package auth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"cedula/shared/strictjson"
)

// Claims are what a verified token says.
type Claims struct {
	// Tenant is empty in the token of an external issuer, which does not know it.
	Client, Tenant string
	Scopes         Scopes
	Expires        time.Time
}

// Verifier accepts the access tokens of our own issuer for one audience, and those of the issuers that AddIssuer adds.
type Verifier struct {
	own      TrustedIssuer
	external map[string]TrustedIssuer // by issuer
}

// TrustedIssuer describes an issuer and its tokens.
type TrustedIssuer struct {
	Issuer        string    // the exact claim iss
	Keys          KeySource // its keys
	Algorithms    []string  // that it signs with
	TokenTypes    []string  // the accepted values of the header's typ; "" accepts its absence
	IgnoredParams []string  // the header parameters that are allowed besides alg, typ and kid
	LowS          bool      // its ES256 signatures have the lower of the two values of s, so that a token has one text
	// ParseClaims decodes the body of a token with a valid signature and checks all of its claims.
	ParseClaims func(body []byte, now time.Time) (Claims, error)
}

// NewVerifier makes a Verifier. An empty issuer or audience accepts no token.
func NewVerifier(issuer, audience string, keys KeySource) *Verifier {
	own := TrustedIssuer{
		Issuer: issuer, Keys: keys, Algorithms: []string{ES256}, TokenTypes: AccessTokenTypes, LowS: true,
		ParseClaims: func(body []byte, now time.Time) (Claims, error) { return parseOwnClaims(body, issuer, audience, now) },
	}
	return &Verifier{own: own, external: map[string]TrustedIssuer{}}
}

// AddIssuer makes v accept the tokens of another issuer. It must not be called once v is in use.
func (v *Verifier) AddIssuer(i TrustedIssuer) error {
	if _, ok := v.external[i.Issuer]; ok || i.Issuer == v.own.Issuer {
		return errors.New("issuer is trusted already")
	}
	v.external[i.Issuer] = i
	return nil
}

// Verify returns what a token says. It returns ErrInvalid for a token that is not trustworthy, ErrExpired for one that was,
// and the error of a KeySource that does not respond.
//
// Of our own tokens it requires more than RFC 9068: ES256; no header parameters but alg, typ and kid; times in whole
// seconds; a lifetime of at most 24 hours; sub equal to client_id.
func (v *Verifier) Verify(ctx context.Context, token string, now time.Time) (Claims, error) {
	c, err := parseJWS(token)
	if err != nil {
		return Claims{}, err
	}
	issuer, err := v.issuerOf(c)
	if err != nil {
		return Claims{}, err
	}
	alg, kid, err := issuer.parseHeader(c)
	if err != nil {
		return Claims{}, err
	}
	key, err := issuer.Keys.Key(ctx, kid)
	if errors.Is(err, ErrNotFound) {
		return Claims{}, InvalidToken("key unknown")
	}
	if err != nil {
		return Claims{}, fmt.Errorf("auth: keys of the issuer: %w", err)
	}
	if issuer.LowS && !bytes.Equal(c.signature, withLowS(c.signature)) {
		return Claims{}, InvalidToken("signature")
	}
	body, err := c.verify(alg, key)
	if err != nil {
		return Claims{}, err
	}
	return issuer.ParseClaims(body, now)
}

// issuerOf chooses the keys to verify a token with by its unverified claim iss (RFC 8725, section 3.8). ParseClaims
// compares the claim again once the signature is verified.
func (v *Verifier) issuerOf(c jws) (TrustedIssuer, error) {
	if len(v.external) == 0 {
		return v.own, nil
	}
	name := c.unverifiedIssuer()
	if issuer, ok := v.external[name]; ok {
		return issuer, nil
	}
	if name != v.own.Issuer {
		return TrustedIssuer{}, InvalidToken("issuer")
	}
	return v.own, nil
}

// unverifiedIssuer returns the claim iss of a token that anyone may have made, "" if it cannot be read. It allows
// duplicate names, because the search for them allocates several times the size of the token.
func (c jws) unverifiedIssuer() string {
	var claims struct {
		Issuer string `json:"iss"`
	}
	if strictjson.TooDeep(c.payload) || json.Unmarshal(c.payload, &claims, jsontext.AllowDuplicateNames(true)) != nil {
		return ""
	}
	return claims.Issuer
}

func parseOwnClaims(body []byte, issuer, audience string, now time.Time) (Claims, error) {
	var p tokenClaims
	if strictjson.Decode(body, &p) != nil {
		return Claims{}, InvalidToken("claims")
	}
	if err := p.check(issuer, audience, now); err != nil {
		return Claims{}, err
	}
	return Claims{
		Client: p.ClientID, Tenant: p.Tenant, Scopes: ParseScopes(p.Scope), Expires: time.Unix(p.Expiry, 0).UTC(),
	}, nil
}
