package auth

import (
	"context"
	"crypto"
	"fmt"

	"cedula/shared/strictjson"
)

// KeySet is our own keys while one takes another's place. The first signs; tokens
// of all of them are taken, and all are published. A new key joins behind the
// first, goes to the front once everybody has seen it, and the old one leaves
// when the last token that it signed has expired.
type KeySet []Signer

// Key implements KeySource. It loads a key only when none before it has that id,
// so a token of the first costs what it cost with one key.
func (r KeySet) Key(ctx context.Context, kid string) (crypto.PublicKey, error) {
	var failed error
	for _, s := range r {
		if err := loadKey(ctx, s); err != nil {
			failed = err
			continue
		}
		if key := s.Public(); key != nil && s.KeyID() == kid {
			return key, nil
		}
	}
	if failed != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, failed)
	}
	return nil, ErrNotFound
}

// JWKS is the JWK set of the public keys (RFC 7517, section 5), each with its
// use and algorithm. It returns ErrUnavailable unless it has them all: a set
// that lacks one would have its tokens refused.
func (r KeySet) JWKS(ctx context.Context) ([]byte, error) {
	var set struct {
		Keys []jwk `json:"keys"`
	}
	set.Keys = []jwk{}
	seen := map[string]bool{}
	for _, s := range r {
		if err := loadKey(ctx, s); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		key, err := newJWK(s.Public())
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		if !seen[key.KeyID] {
			set.Keys = append(set.Keys, key)
		}
		seen[key.KeyID] = true
	}
	return strictjson.Encode(set), nil
}

// IssuerMetadata is what others need to verify our tokens. Keys is a Ring: named by
// what it does, so that no program which never asks it links its cryptography.
type IssuerMetadata struct {
	Issuer string
	Keys   interface {
		JWKS(ctx context.Context) ([]byte, error)
	}
}

// loadKey fetches a key that is elsewhere.
func loadKey(ctx context.Context, s Signer) error {
	if l, ok := s.(interface{ Load(context.Context) error }); ok {
		return l.Load(ctx)
	}
	return nil
}
