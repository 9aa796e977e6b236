package auth

import (
	"context"
	"crypto"
	"fmt"
	"slices"

	"cedula/shared/strictjson"
)

// KeySet holds our own keys, several of them during a rotation. The first one signs; the tokens of all are accepted, and
// all are published. A new key is first added at the end, moves to the front once all verifiers know it, and the old key
// is removed when the last token that it signed has expired.
type KeySet []Signer

// Key implements KeySource. It loads a key only if none before it has that id.
func (r KeySet) Key(ctx context.Context, kid string) (crypto.PublicKey, error) {
	var loadErr error
	for _, s := range r {
		id, key, err := s.PublicKey(ctx)
		if err != nil {
			loadErr = err
		} else if id == kid {
			return key, nil
		}
	}
	if loadErr != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, loadErr)
	}
	return nil, ErrNotFound
}

// JWKS returns the JWK set of the public keys (RFC 7517, section 5), each with its use and algorithm. It returns
// ErrUnavailable unless all keys are available: verifiers would reject the tokens of a missing one.
func (r KeySet) JWKS(ctx context.Context) ([]byte, error) {
	var set struct {
		Keys []jwk `json:"keys"`
	}
	set.Keys = []jwk{}
	for _, s := range r {
		_, public, err := s.PublicKey(ctx)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		key, err := newJWK(public)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(set.Keys, key) {
			set.Keys = append(set.Keys, key)
		}
	}
	return strictjson.Encode(set), nil
}

// IssuerMetadata is what others need to verify our tokens. Keys is a KeySet; as an interface it does not make every program
// link its cryptography.
type IssuerMetadata struct {
	Issuer string
	Keys   interface {
		JWKS(ctx context.Context) ([]byte, error)
	}
}
