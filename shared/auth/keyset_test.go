package auth_test

import (
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"cedula/shared/auth"
)

// remoteSigner is a remote key that counts how often it is loaded.
type remoteSigner struct {
	auth.Signer
	loads int
	err   error // of PublicKey
}

func (f *remoteSigner) PublicKey(ctx context.Context) (string, *ecdsa.PublicKey, error) {
	f.loads++
	id, key, _ := f.Signer.PublicKey(ctx)
	return id, key, f.err
}

// newKeySet returns a set of two remote keys.
func newKeySet(t *testing.T) (set auth.KeySet, first, second *remoteSigner) {
	t.Helper()
	first, second = &remoteSigner{Signer: newLocalKey(t)}, &remoteSigner{Signer: newLocalKey(t)}
	return auth.KeySet{first, second}, first, second
}

func TestKeySetRotation(t *testing.T) {
	w := newFixture(t)
	_, before, next := newKeySet(t)
	signedBy := func(keys ...auth.Signer) string {
		i := auth.Issuer{Signer: keys[0], Issuer: issuer, Audience: audience, Now: w.authenticator.Now}
		token, _, err := i.Issue(ctx, w.client)
		wantError(t, err, nil)
		return token
	}
	old, fresh := signedBy(before, next), signedBy(next, before)
	for _, step := range []struct {
		keys      auth.KeySet
		old, next error
	}{
		{auth.KeySet{before, next}, nil, nil},
		{auth.KeySet{next, before}, nil, nil},
		{auth.KeySet{next}, auth.ErrInvalid, nil},
		{nil, auth.ErrInvalid, auth.ErrInvalid},
	} {
		v := auth.NewVerifier(issuer, audience, step.keys)
		_, err := v.Verify(ctx, old, w.now)
		wantError(t, err, step.old)
		_, err = v.Verify(ctx, fresh, w.now)
		wantError(t, err, step.next)
	}
}

func TestKeySetLoadsKeysLazily(t *testing.T) {
	keys, first, second := newKeySet(t)
	wantKey := func(s *remoteSigner) {
		t.Helper()
		id, want, _ := s.Signer.PublicKey(ctx)
		if key, err := keys.Key(ctx, id); err != nil || !want.Equal(key) {
			t.Errorf("Key = %v, error = %v, want the key with the id", key, err)
		}
	}
	wantKey(first)
	if second.loads != 0 {
		t.Errorf("the second key was loaded %d times, want 0", second.loads)
	}
	wantKey(second)
	for _, kid := range []string{"unknown", ""} {
		_, err := keys.Key(ctx, kid)
		wantError(t, err, auth.ErrNotFound)
	}
	second.err = errDown
	wantKey(first)
	if _, err := keys.Key(ctx, "unknown"); !errors.Is(err, auth.ErrUnavailable) || !errors.Is(err, errDown) || errors.Is(err, auth.ErrNotFound) {
		t.Errorf("error = %v while a key is unavailable, want %v: %v", err, auth.ErrUnavailable, errDown)
	}
	second.err, first.err = nil, errDown
	wantKey(second)
}

func TestJWKS(t *testing.T) {
	keys, first, second := newKeySet(t)
	text, err := append(keys, first).JWKS(ctx)
	wantError(t, err, nil)
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(text, &set); err != nil || len(set.Keys) != 2 {
		t.Fatalf("JWKS = %s, error = %v, want two keys", text, err)
	}
	for i, s := range []*remoteSigner{first, second} {
		k := set.Keys[i]
		id, want, _ := s.PublicKey(ctx)
		if !want.Equal(k.Key) || k.KeyID != id || k.Algorithm != "ES256" || k.Use != "sig" || !k.IsPublic() {
			t.Errorf("key %d = %+v, want that of the signer for ES256 signatures", i, k)
		}
	}
	if text, err := (auth.KeySet{}).JWKS(ctx); err != nil || string(text) != `{"keys":[]}` {
		t.Errorf("JWKS of no keys = %s, error = %v", text, err)
	}
	second.err = errDown
	if _, err := keys.JWKS(ctx); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("JWKS while a key is unavailable: error = %v, want %v", err, auth.ErrUnavailable)
	}
}
