package auth_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"cedula/shared/auth"
)

func TestRotateSecret(t *testing.T) {
	o := newAdminFixture(t)
	first := o.credentials.ClientSecret
	c, second, ends, err := o.RotateSecret(ctx, o.client.ID, withOverlap(48*time.Hour))
	if err != nil || len(c.ActiveSecrets(o.now)) != 2 {
		t.Fatalf("len(c.ActiveSecrets(o.now)) = %v, err = %v; want no error and len(c.ActiveSecrets(o.now)) == 2", len(c.ActiveSecrets(o.now)), err)
	}
	wantEnds(t, ends, o.now.Add(48*time.Hour))
	if o.login(first) != nil || o.login(second) != nil {
		t.Error("both secrets are good while they overlap")
	}
	o.now = o.now.Add(48 * time.Hour)
	if o.login(first) == nil || o.login(second) != nil {
		t.Error("the overlap has ended")
	}
	_, third, ends, err := o.RotateSecret(ctx, o.client.ID, withOverlap(0))
	if err != nil || o.login(second) == nil || o.login(third) != nil {
		t.Error("without an overlap the old secret ends at once", err)
	}
	wantEnds(t, ends, o.now)
	for _, overlap := range []time.Duration{-1, auth.MaxOverlap + 1} {
		if _, _, _, err := o.RotateSecret(ctx, o.client.ID, withOverlap(overlap)); !errors.Is(err, auth.ErrInvalidOverlap) {
			t.Errorf("overlap %v: %v; want auth.ErrInvalidOverlap", overlap, err)
		}
	}
	if _, _, _, err := o.RotateSecret(ctx, "nobody", withOverlap(0)); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("nobody: %v; want auth.ErrNotFound", err)
	}
}

// TestRotationKeepsPromisedSecretExpiry: a rotation names a time, and another one does not take it
// back unless it is told to. There are never more than two live secrets.
func TestRotationKeepsPromisedSecretExpiry(t *testing.T) {
	for _, overlap := range []time.Duration{0, time.Hour, 72 * time.Hour} {
		o := newAdminFixture(t)
		first, promised := o.credentials.ClientSecret, o.now.Add(48*time.Hour)
		_, second, _, err := o.RotateSecret(ctx, o.client.ID, withOverlap(48*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		_, text, ends, err := o.RotateSecret(ctx, o.client.ID, withOverlap(overlap))
		wantRotationConflict(t, err, promised)
		if text != "" || len(ends) > 0 || o.login(first) != nil || o.login(second) != nil {
			t.Errorf(`overlap %v: a refused rotation changed something; want text == "" and len(ends) == 0 and o.login(first) == nil and o.login(second) == nil`, overlap)
		}
		c, third, ends, err := o.RotateSecret(ctx, o.client.ID, auth.Rotation{Overlap: overlap, Force: true})
		if err != nil || len(c.ActiveSecrets(o.now)) > 2 || o.login(first) == nil || o.login(second) == nil != (overlap > 0) || o.login(third) != nil {
			t.Errorf("overlap %v, forced: %v; want no error and len(c.ActiveSecrets(o.now)) <= 2 and o.login(first) != nil and o.login(second) == nil == (overlap > 0) and o.login(third) == nil", overlap, err)
		}
		wantEnds(t, ends, o.now, o.now.Add(overlap))
		o.now = promised
		if _, _, _, err := o.RotateSecret(ctx, o.client.ID, withOverlap(0)); overlap < 48*time.Hour != (err == nil) {
			t.Errorf("overlap %v, when all promises are kept: %v; want overlap < 48*time.Hour == (err == nil)", overlap, err)
		}
	}
}

func withOverlap(d time.Duration) auth.Rotation { return auth.Rotation{Overlap: d} }

func wantEnds(t *testing.T, got []time.Time, want ...time.Time) {
	t.Helper()
	if !slices.EqualFunc(got, want, time.Time.Equal) {
		t.Errorf("got ends %v, want %v", got, want)
	}
}

func wantRotationConflict(t *testing.T, err error, until time.Time) {
	t.Helper()
	var promised *auth.RotationConflict
	if !errors.As(err, &promised) || !promised.Until.Equal(until) {
		t.Errorf("got %v, want a promise until %v", err, until)
	}
}

// TestConcurrentRotations: of rotations at the same moment one is done; forced, each
// gives a secret, and two of them are live.
func TestConcurrentRotations(t *testing.T) {
	for _, force := range []bool{false, true} {
		o := newAdminFixture(t)
		secrets, errs := make([]string, 6), make([]error, 6)
		var all sync.WaitGroup
		for n := range secrets {
			all.Go(func() {
				_, secrets[n], _, errs[n] = o.RotateSecret(ctx, o.client.ID, auth.Rotation{Overlap: time.Hour, Force: force})
			})
		}
		all.Wait()
		live, done := 0, 0
		for n, s := range secrets {
			var promised *auth.RotationConflict
			switch {
			case errs[n] == nil:
				done++
			case force || !errors.As(errs[n], &promised):
				t.Error(errs[n])
			}
			if s != "" && o.login(s) == nil {
				live++
			}
		}
		if force && (live != 2 || done != 6) || !force && (live != 1 || done != 1) {
			t.Errorf("forced %v: %d done, %d live secrets; want (not force or live == 2 and done == 6) and (force or live == 1 and done == 1)", force, done, live)
		}
	}
}

func TestRotateKey(t *testing.T) {
	o := newAdminFixture(t)
	old, text, err := o.CreateKey(ctx, o.client.ID, auth.KeyParams{
		API: blnkAPI, Name: "svc", Owner: "team", Scopes: auth.Scopes{auth.ScopeIdentityRead}, Expires: o.now.Add(72 * time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	made, fresh, before, err := o.RotateKey(ctx, old.ID, withOverlap(time.Hour))
	if before.ID != old.ID || !before.ValidUntil().Equal(o.now.Add(time.Hour)) {
		t.Errorf("the old key: %+v; want before.ID == old.ID and before.ValidUntil() == o.now.Add(time.Hour)", before)
	}
	if err != nil || made.Name != old.Name || made.Owner != old.Owner || !made.Expires.Equal(old.Expires) || len(made.Scopes) != 1 {
		t.Fatalf("%+v, %v; want no error and made.Name == old.Name and made.Owner == old.Owner and made.Expires == old.Expires and len(made.Scopes) == 1", made, err)
	}
	if o.authenticateKey(text) != nil || o.authenticateKey(fresh) != nil {
		t.Error("both keys are good while they overlap")
	}
	o.now = o.now.Add(time.Hour)
	if !errors.Is(o.authenticateKey(text), auth.ErrExpired) || o.authenticateKey(fresh) != nil {
		t.Error("the overlap has ended")
	}
	if _, _, _, err := o.RotateKey(ctx, old.ID, withOverlap(0)); !errors.Is(err, auth.ErrExpired) {
		t.Errorf("a key that has ended: %v; want auth.ErrExpired", err)
	}
	if _, err := o.RevokeKey(ctx, made.ID); err != nil || !errors.Is(o.authenticateKey(fresh), auth.ErrExpired) {
		t.Error("revoked", err)
	}
	for _, id := range []string{"", "x", o.client.ID + "00000000", "C#" + o.client.ID} {
		if _, err := o.RevokeKey(ctx, id); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("revoke %q: %v; want auth.ErrNotFound", id, err)
		}
		if _, _, _, err := o.RotateKey(ctx, id, withOverlap(0)); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("rotate %q: %v; want auth.ErrNotFound", id, err)
		}
	}
	// The key that a client was registered with leaves its scopes as they are,
	// and so does the one in its place.
	master, text, _, err := o.RotateKey(ctx, o.credentials.Keys["blnk"][4:28], withOverlap(0))
	if err != nil || master.Scopes != nil || o.authenticateKey(text) != nil || !errors.Is(o.authenticateKey(o.credentials.Keys["blnk"]), auth.ErrExpired) {
		t.Errorf("%+v, %v; want no error and master.Scopes == nil and o.authenticateKey(text) == nil and auth.ErrExpired", master, err)
	}
	if _, _, err := o.CreateKey(ctx, "0000000000000000", auth.KeyParams{API: conomyAPI}); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("a key of nobody: %v; want auth.ErrNotFound", err)
	}
}

// TestRotationKeepsPromisedKeyExpiry: TestRotationKeepsPromisedSecretExpiry for keys, of which there may be more than
// two: only a shorter overlap takes anything back.
func TestRotationKeepsPromisedKeyExpiry(t *testing.T) {
	o := newAdminFixture(t)
	id, text, promised := o.credentials.Keys["blnk"][4:28], o.credentials.Keys["blnk"], o.now.Add(48*time.Hour)
	if _, _, _, err := o.RotateKey(ctx, id, withOverlap(48*time.Hour)); err != nil {
		t.Fatal(err)
	}
	have := len(o.listKeys(t))
	for _, overlap := range []time.Duration{0, time.Hour} {
		_, fresh, _, err := o.RotateKey(ctx, id, withOverlap(overlap))
		wantRotationConflict(t, err, promised)
		if fresh != "" || o.authenticateKey(text) != nil || len(o.listKeys(t)) != have {
			t.Errorf(`overlap %v: a refused rotation changed something; want fresh == "" and o.authenticateKey(text) == nil and len(o.listKeys(t)) == have`, overlap)
		}
	}
	_, _, old, err := o.RotateKey(ctx, id, withOverlap(72*time.Hour))
	if err != nil || !old.ValidUntil().Equal(promised) {
		t.Errorf("a longer overlap leaves the promise: %v, %v; want no error and old.ValidUntil() == promised", old.ValidUntil(), err)
	}
	_, fresh, old, err := o.RotateKey(ctx, id, auth.Rotation{Force: true})
	if err != nil || !old.ValidUntil().Equal(o.now) || !errors.Is(o.authenticateKey(text), auth.ErrExpired) || o.authenticateKey(fresh) != nil {
		t.Errorf("forced: %v, %v; want no error and old.ValidUntil() == o.now and auth.ErrExpired and o.authenticateKey(fresh) == nil", old.ValidUntil(), err)
	}
	// An expiry is no promise of a rotation's: the key ends with the overlap.
	late, _, err := o.CreateKey(ctx, o.client.ID, auth.KeyParams{API: blnkAPI, Expires: o.now.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, old, err := o.RotateKey(ctx, late.ID, withOverlap(24*time.Hour)); err != nil || !old.ValidUntil().Equal(late.Expires) {
		t.Errorf("a key that expires sooner: %v, %v; want no error and old.ValidUntil() == late.Expires", old.ValidUntil(), err)
	}
}

func (o *adminFixture) listKeys(t *testing.T) []auth.Key {
	t.Helper()
	_, all, err := o.Keys(ctx, o.client.ID)
	if err != nil {
		t.Fatal(err)
	}
	return all
}
