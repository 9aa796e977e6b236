package auth

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
)

// DefaultTokenTTL is how long a token is good where an Issuer says nothing else.
const DefaultTokenTTL = time.Hour

// Issuer makes the access tokens that a Verifier of the same issuer and
// audience takes (RFC 9068).
type Issuer struct {
	Signer
	Issuer, Audience string
	TTL              time.Duration    // zero: DefaultTokenTTL; at most 24 h
	Now              func() time.Time // nil: time.Now
}

// Issue returns a token that carries the client's id, tenant and scopes. It
// returns ErrSuspended for a suspended client and ErrInvalid for one without an
// id or a tenant; any other error means that the key could not be used, or that
// the token would be too long.
func (i *Issuer) Issue(ctx context.Context, c Client) (token string, expires time.Time, err error) {
	switch {
	case c.Suspended:
		return "", time.Time{}, ErrSuspended
	case c.ID == "" || c.Tenant == "":
		return "", time.Time{}, fmt.Errorf("%w: client without id or tenant", ErrInvalid)
	}
	claims, err := i.claims(c)
	if err != nil {
		return "", time.Time{}, err
	}
	token, err = i.sign(ctx, claims)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("auth: issue: %w", err)
	}
	return token, time.Unix(claims.Expiry, 0).UTC(), nil
}

func (i *Issuer) claims(c Client) (payload, error) {
	ttl := cmp.Or(i.TTL, DefaultTokenTTL)
	if ttl < time.Second || ttl > maxTokenTTL || i.Issuer == "" || i.Audience == "" {
		return payload{}, errors.New("auth: issue: the issuer is not set up")
	}
	now := time.Now
	if i.Now != nil {
		now = i.Now
	}
	issued := now().Unix()
	return payload{
		Issuer: i.Issuer, Audience: audience{i.Audience}, Subject: c.ID, ClientID: c.ID, Tenant: c.Tenant,
		Scope: c.Scopes.String(), IssuedAt: issued, Expiry: issued + int64(ttl/time.Second), ID: random(32),
	}, nil
}

func (i *Issuer) sign(ctx context.Context, claims payload) (string, error) {
	if l, ok := i.Signer.(interface{ Load(context.Context) error }); ok {
		if err := l.Load(ctx); err != nil {
			return "", err
		}
	}
	kid, key := i.KeyID(), i.Public()
	if kid == "" || key == nil {
		return "", errors.New("no signing key")
	}
	text, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.ES256, Key: &digestSigner{ctx, i.Signer, jose.JSONWebKey{Key: key, KeyID: kid}}},
		(&jose.SignerOptions{}).WithType(tokenType))
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(text)
	if err != nil {
		return "", err
	}
	token, err := signed.CompactSerialize()
	if err == nil && len(token) > maxToken {
		err = errors.New("token too long")
	}
	return token, err
}

// digestSigner lends a Signer to go-jose for one call, which is why it may hold
// that call's context.
type digestSigner struct {
	ctx    context.Context
	signer Signer
	public jose.JSONWebKey
}

func (d *digestSigner) Public() *jose.JSONWebKey        { return &d.public }
func (d *digestSigner) Algs() []jose.SignatureAlgorithm { return []jose.SignatureAlgorithm{jose.ES256} }

func (d *digestSigner) SignPayload(text []byte, _ jose.SignatureAlgorithm) ([]byte, error) {
	digest := sha256.Sum256(text)
	sig, err := d.signer.Sign(d.ctx, digest[:])
	if err == nil && len(sig) != signatureBytes {
		err = errors.New("signature of the wrong length")
	}
	return sig, err
}
