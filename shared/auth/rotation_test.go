package auth_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"cedula/shared/auth"
)

func withOverlap(d time.Duration) auth.Rotation { return auth.Rotation{Overlap: d} }

// loginWith logs in as the fixture's client.
func (w *fixture) loginWith(secret string) error { return w.login(w.conomyKey, w.client.ID, secret) }

func wantRotationConflict(t *testing.T, err error, until time.Time) {
	t.Helper()
	var conflict *auth.RotationConflict
	if !errors.As(err, &conflict) || !conflict.Until.Equal(until) {
		t.Errorf("error = %v, want a RotationConflict until %v", err, until)
	}
}

func TestOldSecretIsValidForTheOverlap(t *testing.T) {
	w := newUncachedFixture(t)
	first := w.secret
	c, second, ends, err := w.RotateSecret(ctx, w.client.ID, withOverlap(48*time.Hour))
	wantError(t, err, nil)
	wantEqual(t, ends, []time.Time{w.now.Add(48 * time.Hour)})
	if got := len(c.ActiveSecrets(w.now)); got != 2 {
		t.Errorf("active secrets = %d, want 2", got)
	}
	wantError(t, w.loginWith(first), nil)
	wantError(t, w.loginWith(second), nil)
	wantError(t, w.loginWith(withNextChar(second, 3)), auth.ErrInvalid)

	w.now = w.now.Add(48 * time.Hour)
	wantError(t, w.loginWith(first), auth.ErrInvalid)
	wantError(t, w.loginWith(second), nil)

	_, third, ends, err := w.RotateSecret(ctx, w.client.ID, withOverlap(0))
	wantError(t, err, nil)
	wantEqual(t, ends, []time.Time{w.now})
	wantError(t, w.loginWith(second), auth.ErrInvalid)
	wantError(t, w.loginWith(third), nil)

	w.updateStored(w.conomyKey, func(c *auth.Client, _ *auth.Key) { c.Secrets = nil })
	wantError(t, w.loginWith(third), auth.ErrInvalid)
}

func TestRotatedKeyIsOfTheSameAPI(t *testing.T) {
	w := newUncachedFixture(t)
	for _, old := range []string{w.conomyKey, w.blnkKey} {
		made, fresh, _, err := w.RotateKey(ctx, keyID(old), withOverlap(0))
		wantError(t, err, nil)
		if made.API != w.store.keys[keyID(old)].API || fresh[:3] != old[:3] {
			t.Errorf("API = %q, prefix = %q, want those of the old key", made.API, fresh[:3])
		}
	}
}

func TestInvalidRotationsAreRejected(t *testing.T) {
	w := newFixture(t)
	for overlap, want := range map[time.Duration]error{
		-1: auth.ErrInvalidOverlap, 0: nil, auth.MaxOverlap: nil, auth.MaxOverlap + 1: auth.ErrInvalidOverlap,
	} {
		k, _ := w.createAdminKey(t, w.blnkKey)
		_, _, _, secretErr := w.RotateSecret(ctx, w.client.ID, auth.Rotation{Overlap: overlap, Force: true})
		_, _, _, keyErr := w.RotateKey(ctx, k.ID, withOverlap(overlap))
		wantError(t, secretErr, want)
		wantError(t, keyErr, want)
	}
	_, _, _, err := w.RotateSecret(ctx, "absent", withOverlap(0))
	wantError(t, err, auth.ErrNotFound)
	for _, id := range []string{"", "x", w.client.ID + "00000000", "C#" + w.client.ID} {
		_, err := w.RevokeKey(ctx, id)
		wantError(t, err, auth.ErrNotFound)
		_, _, _, err = w.RotateKey(ctx, id, withOverlap(0))
		wantError(t, err, auth.ErrNotFound)
	}
	_, _, err = w.CreateKey(ctx, "0000000000000000", auth.KeyParams{API: conomyAPI})
	wantError(t, err, auth.ErrNotFound)
}

func TestRotationKeepsPromisedSecretExpiry(t *testing.T) {
	for _, overlap := range []time.Duration{0, time.Hour, 72 * time.Hour} {
		t.Run(overlap.String(), func(t *testing.T) {
			w := newUncachedFixture(t)
			first, promised := w.secret, w.now.Add(48*time.Hour)
			_, second, _, err := w.RotateSecret(ctx, w.client.ID, withOverlap(48*time.Hour))
			wantError(t, err, nil)

			_, text, ends, err := w.RotateSecret(ctx, w.client.ID, withOverlap(overlap))
			wantRotationConflict(t, err, promised)
			if text != "" || len(ends) > 0 {
				t.Errorf("secret = %q, ends = %v with an error, want none", text, ends)
			}
			wantError(t, w.loginWith(first), nil)
			wantError(t, w.loginWith(second), nil)

			c, third, ends, err := w.RotateSecret(ctx, w.client.ID, auth.Rotation{Overlap: overlap, Force: true})
			wantError(t, err, nil)
			wantEqual(t, ends, []time.Time{w.now, w.now.Add(overlap)})
			wantError(t, w.loginWith(first), auth.ErrInvalid)
			wantError(t, w.loginWith(third), nil)
			if got, want := w.loginWith(second) == nil, overlap > 0; got != want {
				t.Errorf("the second secret is accepted = %v, want %v", got, want)
			}
			if got := len(c.ActiveSecrets(w.now)); got > 2 {
				t.Errorf("active secrets = %d, want at most 2", got)
			}

			w.now = promised
			_, _, _, err = w.RotateSecret(ctx, w.client.ID, withOverlap(0))
			if got, want := err == nil, overlap < 48*time.Hour; got != want {
				t.Errorf("rotation when the first promise ends: error = %v, want success = %v", err, want)
			}
		})
	}
}

// Forced rotations each return a secret, of which the last two are active. Of others only one succeeds.
func TestConcurrentRotations(t *testing.T) {
	for _, tt := range []struct {
		force        bool
		done, active int
	}{{false, 1, 1}, {true, 6, 2}} {
		w := newRealFixture(t)
		secrets, errs := make([]string, 6), make([]error, 6)
		var all sync.WaitGroup
		for n := range secrets {
			all.Go(func() {
				_, secrets[n], _, errs[n] = w.RotateSecret(ctx, w.client.ID, auth.Rotation{Overlap: time.Hour, Force: tt.force})
			})
		}
		all.Wait()
		done, active := 0, 0
		for n, secret := range secrets {
			if errs[n] == nil {
				done++
			} else {
				wantRotationConflict(t, errs[n], w.now.Add(time.Hour))
			}
			if secret != "" && w.loginWith(secret) == nil {
				active++
			}
		}
		if done != tt.done || active != tt.active {
			t.Errorf("force = %v: %d succeeded, %d active secrets, want %d and %d", tt.force, done, active, tt.done, tt.active)
		}
	}
}

func TestOldKeyIsValidForTheOverlap(t *testing.T) {
	w := newUncachedFixture(t)
	old, text, err := w.CreateKey(ctx, w.client.ID, w.keyParams("team", auth.ScopeIdentityRead))
	wantError(t, err, nil)
	wantEqual(t, old.Name, "svc")
	made, fresh, retired, err := w.RotateKey(ctx, old.ID, withOverlap(time.Minute))
	wantError(t, err, nil)
	want := old
	want.Revoked = w.now.Add(time.Minute)
	wantEqual(t, retired, want)
	want = old
	want.ID, want.Hash = keyID(fresh), w.hasher.Hash(fresh)
	wantEqual(t, made, want)

	wantError(t, w.authenticateKey(text), nil)
	wantError(t, w.authenticateKey(fresh), nil)
	w.now = w.now.Add(time.Minute)
	wantError(t, w.authenticateKey(text), auth.ErrExpired)
	wantError(t, w.authenticateKey(fresh), nil)
	_, _, _, err = w.RotateKey(ctx, old.ID, withOverlap(0))
	wantError(t, err, auth.ErrExpired)

	_, err = w.RevokeKey(ctx, made.ID)
	wantError(t, err, nil)
	wantError(t, w.authenticateKey(fresh), auth.ErrExpired)
}

// There may be more than two active keys, so only a shorter overlap breaks a promise.
func TestRotationKeepsPromisedKeyExpiry(t *testing.T) {
	w := newUncachedFixture(t)
	id, promised := keyID(w.blnkKey), w.now.Add(48*time.Hour)
	_, _, _, err := w.RotateKey(ctx, id, withOverlap(48*time.Hour))
	wantError(t, err, nil)
	before := len(w.store.keys)
	for _, overlap := range []time.Duration{0, time.Hour} {
		_, fresh, _, err := w.RotateKey(ctx, id, withOverlap(overlap))
		wantRotationConflict(t, err, promised)
		wantError(t, w.authenticateKey(w.blnkKey), nil)
		if fresh != "" || len(w.store.keys) != before {
			t.Errorf("overlap %v: a rejected rotation created a key", overlap)
		}
	}
	_, _, old, err := w.RotateKey(ctx, id, withOverlap(72*time.Hour))
	wantError(t, err, nil)
	wantEqual(t, old.ValidUntil(), promised)

	made, fresh, old, err := w.RotateKey(ctx, id, auth.Rotation{Force: true})
	wantError(t, err, nil)
	if made.Scopes != nil {
		t.Errorf("Scopes = %v, want nil as before", made.Scopes)
	}
	wantEqual(t, old.ValidUntil(), w.now)
	wantError(t, w.authenticateKey(w.blnkKey), auth.ErrExpired)
	wantError(t, w.authenticateKey(fresh), nil)
}

func TestExpiryOfAKeyIsNoPromise(t *testing.T) {
	w := newFixture(t)
	k, _, err := w.CreateKey(ctx, w.client.ID, w.keyParams(""))
	wantError(t, err, nil)
	_, _, old, err := w.RotateKey(ctx, k.ID, withOverlap(24*time.Hour))
	wantError(t, err, nil)
	wantEqual(t, old.ValidUntil(), k.Expires)
}
