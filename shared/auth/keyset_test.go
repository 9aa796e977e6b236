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

// remoteSigner is a key that is elsewhere: it counts what it costs to have it.
type remoteSigner struct {
	auth.Signer
	loads int
	fail  error
}

func (f *remoteSigner) Load(context.Context) error { f.loads++; return f.fail }

func newRemoteSigner(t testing.TB) *remoteSigner {
	t.Helper()
	key, err := auth.NewLocalKey()
	if err != nil {
		t.Fatal(err)
	}
	return &remoteSigner{Signer: key}
}

func verifierOf(keys auth.KeySet) *auth.Verifier { return auth.NewVerifier(issuer, audience, keys) }

// TestKeySetRotation goes the way of one key after another: first the next one is
// trusted, then it signs, then the one before it goes.
func TestKeySetRotation(t *testing.T) {
	w := newFixture(t)
	before, next := newRemoteSigner(t), newRemoteSigner(t)
	signedBy := func(keys auth.KeySet) string {
		i := auth.Issuer{Signer: keys[0], Issuer: issuer, Audience: audience, Now: w.authenticator.Now}
		token, _, err := i.Issue(ctx, w.client)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	old, fresh := signedBy(auth.KeySet{before, next}), signedBy(auth.KeySet{next, before})
	for step, keys := range []auth.KeySet{{before, next}, {next, before}} {
		for _, token := range []string{old, fresh} {
			if _, err := verifierOf(keys).Verify(ctx, token, w.now); err != nil {
				t.Errorf("step %d: %v", step, err)
			}
		}
	}
	if _, err := verifierOf(auth.KeySet{next}).Verify(ctx, fresh, w.now); err != nil {
		t.Error(err)
	}
	_, err := verifierOf(auth.KeySet{next}).Verify(ctx, old, w.now)
	wantError(t, err, auth.ErrInvalid)
	_, err = verifierOf(nil).Verify(ctx, fresh, w.now)
	wantError(t, err, auth.ErrInvalid)
}

// TestKeySetLoadsKeysLazily: the second key is fetched when a token names
// a key that the first is not.
func TestKeySetLoadsKeysLazily(t *testing.T) {
	first, second := newRemoteSigner(t), newRemoteSigner(t)
	keys := auth.KeySet{first, second}
	for range 3 {
		if key, err := keys.Key(ctx, first.KeyID()); err != nil || !first.Public().Equal(key) {
			t.Errorf("err = %v; want no error and first.Public() == key", err)
		}
	}
	if second.loads != 0 {
		t.Errorf("the second key was loaded %d times; want second.loads == 0", second.loads)
	}
	if key, err := keys.Key(ctx, second.KeyID()); err != nil || !second.Public().Equal(key) {
		t.Errorf("err = %v; want no error and second.Public() == key", err)
	}
	for _, kid := range []string{"unknown", ""} {
		if _, err := keys.Key(ctx, kid); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("%q: %v; want auth.ErrNotFound", kid, err)
		}
	}
	second.fail = errDown
	if _, err := keys.Key(ctx, first.KeyID()); err != nil {
		t.Errorf("a key that is away hides another: %v", err)
	}
	if _, err := keys.Key(ctx, "unknown"); !errors.Is(err, auth.ErrUnavailable) || !errors.Is(err, errDown) || errors.Is(err, auth.ErrNotFound) {
		t.Errorf("nobody can tell: %v; want auth.ErrUnavailable and errDown and not auth.ErrNotFound", err)
	}
}

func TestJWKS(t *testing.T) {
	first, second := newRemoteSigner(t), newRemoteSigner(t)
	text, err := auth.KeySet{first, second, first}.JWKS(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(text, &set); err != nil || len(set.Keys) != 2 {
		t.Fatalf("%v: %s; want no error and len(set.Keys) == 2", err, text)
	}
	for i, s := range []*remoteSigner{first, second} {
		k := set.Keys[i]
		public, ok := k.Key.(*ecdsa.PublicKey)
		if !ok || !public.Equal(s.Public()) || k.KeyID != s.KeyID() || k.Algorithm != "ES256" || k.Use != "sig" || !k.IsPublic() {
			t.Errorf(`key %d: %+v; want ok and public == s.Public() and k.KeyID == s.KeyID() and k.Algorithm == "ES256" and k.Use == "sig" and k.IsPublic()`, i, k)
		}
	}
	// What we publish is what an issuer's keys may look like.
	if _, err := keySourceOf(t, string(text)).Key(ctx, second.KeyID()); err != nil {
		t.Error(err)
	}
	if text, err := (auth.KeySet{}).JWKS(ctx); err != nil || string(text) != `{"keys":[]}` {
		t.Errorf("no key: %s, %v; want no error and string(text) == `{\"keys\":[]}`", text, err)
	}
	second.fail = errDown
	if _, err := (auth.KeySet{first, second}).JWKS(ctx); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("a set without one of them: %v; want auth.ErrUnavailable", err)
	}
}
