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

// far is a key that is elsewhere: it counts what it costs to have it.
type far struct {
	auth.Signer
	loads int
	fail  error
}

func (f *far) Load(context.Context) error { f.loads++; return f.fail }

func newFar(t testing.TB) *far {
	t.Helper()
	key, err := auth.NewLocalKey()
	if err != nil {
		t.Fatal(err)
	}
	return &far{Signer: key}
}

func verifierOf(keys auth.Ring) *auth.Verifier { return auth.NewVerifier(issuer, audience, keys) }

// TestRotation goes the way of one key after another: first the next one is
// trusted, then it signs, then the one before it goes.
func TestRotation(t *testing.T) {
	w := newWorld(t)
	before, next := newFar(t), newFar(t)
	signedBy := func(keys auth.Ring) string {
		i := auth.Issuer{Signer: keys[0], Issuer: issuer, Audience: audience, Now: w.guard.Now}
		token, _, err := i.Issue(ctx, w.client)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	old, fresh := signedBy(auth.Ring{before, next}), signedBy(auth.Ring{next, before})
	for step, keys := range []auth.Ring{{before, next}, {next, before}} {
		for _, token := range []string{old, fresh} {
			if _, err := verifierOf(keys).Verify(ctx, token, w.now); err != nil {
				t.Errorf("step %d: %v", step, err)
			}
		}
	}
	if _, err := verifierOf(auth.Ring{next}).Verify(ctx, fresh, w.now); err != nil {
		t.Error(err)
	}
	_, err := verifierOf(auth.Ring{next}).Verify(ctx, old, w.now)
	refused(t, err, auth.ErrInvalid)
	_, err = verifierOf(nil).Verify(ctx, fresh, w.now)
	refused(t, err, auth.ErrInvalid)
}

// TestRingLoadsNoMoreThanItNeeds: the second key is fetched when a token names
// a key that the first is not.
func TestRingLoadsNoMoreThanItNeeds(t *testing.T) {
	first, second := newFar(t), newFar(t)
	keys := auth.Ring{first, second}
	for range 3 {
		if key, err := keys.Key(ctx, first.KeyID()); err != nil || !first.Public().Equal(key) {
			t.Error(err)
		}
	}
	if second.loads != 0 {
		t.Errorf("the second key was loaded %d times", second.loads)
	}
	if key, err := keys.Key(ctx, second.KeyID()); err != nil || !second.Public().Equal(key) {
		t.Error(err)
	}
	for _, kid := range []string{"unknown", ""} {
		if _, err := keys.Key(ctx, kid); !errors.Is(err, auth.ErrUnknown) {
			t.Errorf("%q: %v", kid, err)
		}
	}
	second.fail = errDown
	if _, err := keys.Key(ctx, first.KeyID()); err != nil {
		t.Errorf("a key that is away hides another: %v", err)
	}
	if _, err := keys.Key(ctx, "unknown"); !errors.Is(err, auth.ErrUnavailable) || !errors.Is(err, errDown) || errors.Is(err, auth.ErrUnknown) {
		t.Errorf("nobody can tell: %v", err)
	}
}

func TestJWKS(t *testing.T) {
	first, second := newFar(t), newFar(t)
	text, err := auth.Ring{first, second, first}.JWKS(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(text, &set); err != nil || len(set.Keys) != 2 {
		t.Fatalf("%v: %s", err, text)
	}
	for i, s := range []*far{first, second} {
		k := set.Keys[i]
		public, ok := k.Key.(*ecdsa.PublicKey)
		if !ok || !public.Equal(s.Public()) || k.KeyID != s.KeyID() || k.Algorithm != "ES256" || k.Use != "sig" || !k.IsPublic() {
			t.Errorf("key %d: %+v", i, k)
		}
	}
	// What we publish is what an issuer's keys may look like.
	if _, err := sourceOf(t, string(text)).Key(ctx, second.KeyID()); err != nil {
		t.Error(err)
	}
	if text, err := (auth.Ring{}).JWKS(ctx); err != nil || string(text) != `{"keys":[]}` {
		t.Errorf("no key: %s, %v", text, err)
	}
	second.fail = errDown
	if _, err := (auth.Ring{first, second}).JWKS(ctx); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("a set without one of them: %v", err)
	}
}
