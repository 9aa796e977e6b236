package auth_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cedula/shared/auth"
)

func TestCachedKeyNeedsNoStoreCall(t *testing.T) {
	w := newFixture(t)
	token := w.token(t)
	for range 5 {
		_, bearerErr := w.authenticator.AuthenticateBearer(ctx, conomyAPI, token, w.credentials.Keys["conomy"])
		_, keyErr := w.authenticator.AuthenticateKey(ctx, blnkAPI, w.credentials.Keys["blnk"])
		if bearerErr != nil || keyErr != nil {
			t.Fatalf("bearerErr = %v, keyErr = %v; want bearerErr == nil and keyErr == nil", bearerErr, keyErr)
		}
	}
	if w.store.callCount() != 2 {
		t.Errorf("%d store calls for two keys; want w.store.callCount() == 2", w.store.callCount())
	}
}

func TestChangeIsSeenAfterTTL(t *testing.T) {
	for fact, try := range map[string]struct {
		ttl, after time.Duration
		seen       bool
	}{
		"just before the default": {0, 30*time.Second - 1, false},
		"at the default":          {0, 30 * time.Second, true},
		"nothing remembered":      {-1, 0, true},
	} {
		w := newFixture(t)
		w.authenticator.CacheTTL = try.ttl
		if _, err := w.authenticator.AuthenticateKey(ctx, blnkAPI, w.credentials.Keys["blnk"]); err != nil {
			t.Fatal(err)
		}
		w.updateStored(w.credentials.Keys["blnk"], func(_ *auth.Client, k *auth.Key) { k.Revoked = w.now.Add(-time.Hour) })
		w.now = w.now.Add(try.after)
		if _, err := w.authenticator.AuthenticateKey(ctx, blnkAPI, w.credentials.Keys["blnk"]); errors.Is(err, auth.ErrExpired) != try.seen {
			t.Errorf("%s: %v; want errors.Is(err, auth.ErrExpired) == try.seen", fact, err)
		}
	}
}

func TestExpiryIsCheckedOnCachedKeys(t *testing.T) {
	for fact, edit := range map[string]func(*auth.Key, time.Time){
		"expiry":     func(k *auth.Key, at time.Time) { k.Expires = at },
		"revocation": func(k *auth.Key, at time.Time) { k.Revoked = at },
	} {
		w := newFixture(t)
		at := w.now.Add(10 * time.Second)
		w.updateStored(w.credentials.Keys["blnk"], func(_ *auth.Client, k *auth.Key) { edit(k, at) })
		if _, err := w.authenticator.AuthenticateKey(ctx, blnkAPI, w.credentials.Keys["blnk"]); err != nil {
			t.Fatal(err)
		}
		w.now = at
		_, err := w.authenticator.AuthenticateKey(ctx, blnkAPI, w.credentials.Keys["blnk"])
		wantError(t, err, auth.ErrExpired)
		if w.store.callCount() != 1 {
			t.Errorf("%s: %d store calls; want w.store.callCount() == 1", fact, w.store.callCount())
		}
	}
	w := newFixture(t)
	w.issuer.TTL, w.authenticator.CacheTTL = time.Second, time.Hour
	token := w.token(t)
	if _, err := w.authenticator.AuthenticateBearer(ctx, conomyAPI, token, w.credentials.Keys["conomy"]); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(time.Second)
	_, err := w.authenticator.AuthenticateBearer(ctx, conomyAPI, token, w.credentials.Keys["conomy"])
	wantError(t, err, auth.ErrExpired)
}

func TestCachedKeyDoesNotAcceptWrongSecret(t *testing.T) {
	w := newFixture(t)
	if _, err := w.authenticator.AuthenticateKey(ctx, blnkAPI, w.credentials.Keys["blnk"]); err != nil {
		t.Fatal(err)
	}
	_, err := w.authenticator.AuthenticateKey(ctx, blnkAPI, withWrongSecret(w.credentials.Keys["blnk"]))
	wantError(t, err, auth.ErrInvalid)
}

func TestUnknownKeyIsCachedForTTL(t *testing.T) {
	w := newFixture(t)
	later, shown := w.createClient(t, "later")
	w.store.mu.Lock()
	delete(w.store.clients, later.ID)
	w.store.mu.Unlock()
	for range 3 {
		_, err := w.authenticator.AuthenticateKey(ctx, blnkAPI, shown.Keys["blnk"])
		wantError(t, err, auth.ErrInvalid)
	}
	if w.store.callCount() != 1 {
		t.Errorf("%d store calls; want w.store.callCount() == 1", w.store.callCount())
	}
	w.store.clients[later.ID] = later
	w.now = w.now.Add(30 * time.Second)
	if _, err := w.authenticator.AuthenticateKey(ctx, blnkAPI, shown.Keys["blnk"]); err != nil {
		t.Error(err)
	}
}

func TestCallersShareNoMemory(t *testing.T) {
	w := newFixture(t)
	first, _ := w.authenticator.AuthenticateKey(ctx, blnkAPI, w.credentials.Keys["blnk"])
	first.Scopes[0] = "*"
	second, err := w.authenticator.AuthenticateKey(ctx, blnkAPI, w.credentials.Keys["blnk"])
	if err != nil || second.Scopes.Has("client:admin") {
		t.Error("one caller changed the scopes of the next")
	}
}

// blockReads holds every read until opened, or until its context ends.
func blockReads(w *fixture) (open func()) {
	opened := make(chan struct{})
	w.store.beforeRead = func(ctx context.Context) error {
		select {
		case <-opened:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return func() { close(opened) }
}

func TestConcurrentMissesShareOneStoreCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newFixture(t)
		open := blockReads(w)
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				if _, err := w.authenticator.AuthenticateKey(ctx, blnkAPI, w.credentials.Keys["blnk"]); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		open()
		all.Wait()
		if w.store.callCount() != 1 {
			t.Errorf("%d store calls; want w.store.callCount() == 1", w.store.callCount())
		}
	})
}
