package auth_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cedula/shared/auth"
)

func TestWarmGuardAsksNobody(t *testing.T) {
	w := newWorld(t)
	token := w.token(t)
	for range 5 {
		_, bearerErr := w.guard.Bearer(ctx, token, w.shown.ConomyKey)
		_, keyErr := w.guard.Key(ctx, w.shown.BlnkKey)
		if bearerErr != nil || keyErr != nil {
			t.Fatal(bearerErr, keyErr)
		}
	}
	if w.store.count() != 2 {
		t.Errorf("%d store calls for two keys", w.store.count())
	}
}

func TestChangeIsSeenAfterTTL(t *testing.T) {
	for fact, try := range map[string]struct {
		ttl, after time.Duration
		seen       bool
	}{
		"just before the default": {0, 30*time.Second - 1, false},
		"at the default":          {0, 30 * time.Second, true},
		"just before its own":     {time.Second, time.Second - 1, false},
		"at its own":              {time.Second, time.Second, true},
		"clock set back":          {0, -time.Second, true},
		"nothing remembered":      {-1, 0, true},
	} {
		w := newWorld(t)
		w.guard.TTL = try.ttl
		if _, err := w.guard.Key(ctx, w.shown.BlnkKey); err != nil {
			t.Fatal(err)
		}
		w.change(w.shown.BlnkKey, func(_ *auth.Client, k *auth.Key) { k.Revoked = w.now.Add(-time.Hour) })
		w.now = w.now.Add(try.after)
		if _, err := w.guard.Key(ctx, w.shown.BlnkKey); errors.Is(err, auth.ErrExpired) != try.seen {
			t.Errorf("%s: %v", fact, err)
		}
		if try.ttl < 0 && w.guard.Remembered() > 0 {
			t.Errorf("%s: yet something is", fact)
		}
	}
}

func TestTimesAreJudgedOnAWarmKey(t *testing.T) {
	for fact, edit := range map[string]func(*auth.Key, time.Time){
		"expiry":     func(k *auth.Key, at time.Time) { k.Expires = at },
		"revocation": func(k *auth.Key, at time.Time) { k.Revoked = at },
	} {
		w := newWorld(t)
		at := w.now.Add(10 * time.Second)
		w.change(w.shown.BlnkKey, func(_ *auth.Client, k *auth.Key) { edit(k, at) })
		if _, err := w.guard.Key(ctx, w.shown.BlnkKey); err != nil {
			t.Fatal(err)
		}
		w.now = at
		_, err := w.guard.Key(ctx, w.shown.BlnkKey)
		refused(t, err, auth.ErrExpired)
		if w.store.count() != 1 {
			t.Errorf("%s: %d store calls", fact, w.store.count())
		}
	}
	w := newWorld(t)
	w.issuer.TTL, w.guard.TTL = time.Second, time.Hour
	token := w.token(t)
	if _, err := w.guard.Bearer(ctx, token, w.shown.ConomyKey); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(time.Second)
	_, err := w.guard.Bearer(ctx, token, w.shown.ConomyKey)
	refused(t, err, auth.ErrExpired)
}

func TestWarmKeyDoesNotCoverAWrongSecret(t *testing.T) {
	w := newWorld(t)
	if _, err := w.guard.Key(ctx, w.shown.BlnkKey); err != nil {
		t.Fatal(err)
	}
	_, err := w.guard.Key(ctx, wrong(w.shown.BlnkKey))
	refused(t, err, auth.ErrInvalid)
}

func TestUnknownKeyIsRememberedNoLongerThanTTL(t *testing.T) {
	w := newWorld(t)
	later, shown := w.register(t, "later")
	w.store.mu.Lock()
	delete(w.store.clients, later.ID)
	w.store.mu.Unlock()
	for range 3 {
		_, err := w.guard.Key(ctx, shown.BlnkKey)
		refused(t, err, auth.ErrInvalid)
	}
	if w.store.count() != 1 {
		t.Errorf("%d store calls", w.store.count())
	}
	w.store.clients[later.ID] = later
	w.now = w.now.Add(30 * time.Second)
	if _, err := w.guard.Key(ctx, shown.BlnkKey); err != nil {
		t.Error(err)
	}
}

func TestCacheIsBounded(t *testing.T) {
	w := newWorld(t)
	w.guard.Entries = 64
	for i := range 1000 {
		key := sealed(fmt.Sprintf("cbk_%024d_%s", i, w.shown.BlnkKey[29:61]))
		_, err := w.guard.Key(ctx, key)
		refused(t, err, auth.ErrInvalid)
		if n := w.guard.Remembered(); n > 64 {
			t.Fatalf("%d keys remembered after %d", n, i)
		}
	}
	w.now = w.now.Add(time.Minute) // all but the next are stale when it needs room
	for w.guard.Remembered() < 64 {
		w.now = w.now.Add(time.Microsecond)
		_, _ = w.guard.Key(ctx, sealed(fmt.Sprintf("cbk_%024d_%s", w.now.UnixNano()%1e12, w.shown.BlnkKey[29:61])))
	}
	w.now = w.now.Add(time.Minute)
	if _, err := w.guard.Key(ctx, w.shown.BlnkKey); err != nil || w.guard.Remembered() != 1 {
		t.Errorf("%v, %d keys remembered", err, w.guard.Remembered())
	}
}

func TestCallersShareNoMemory(t *testing.T) {
	w := newWorld(t)
	first, _ := w.guard.Key(ctx, w.shown.BlnkKey)
	first.Scopes[0] = "*"
	second, err := w.guard.Key(ctx, w.shown.BlnkKey)
	if err != nil || second.Scopes.Has("client:admin") {
		t.Error("one caller changed the scopes of the next")
	}
}

// gate holds every read until opened, or until its context ends.
func gate(w *world) (open func()) {
	opened := make(chan struct{})
	w.store.before = func(ctx context.Context) error {
		select {
		case <-opened:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return func() { close(opened) }
}

func TestStampedeIsOneCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		open := gate(w)
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				if _, err := w.guard.Key(ctx, w.shown.BlnkKey); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		open()
		all.Wait()
		if w.store.count() != 1 {
			t.Errorf("%d store calls", w.store.count())
		}
	})
}

func TestCancelledCallerSpoilsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		open := gate(w)
		var all sync.WaitGroup
		leader, stop := context.WithCancel(ctx)
		all.Go(func() {
			if _, err := w.guard.Key(leader, w.shown.BlnkKey); !errors.Is(err, context.Canceled) {
				t.Errorf("the one who gave up: %v", err)
			}
		})
		synctest.Wait()
		for range 20 {
			all.Go(func() {
				if _, err := w.guard.Key(ctx, w.shown.BlnkKey); err != nil {
					t.Errorf("one who waited: %v", err)
				}
			})
		}
		impatient, giveUp := context.WithCancel(ctx)
		all.Go(func() {
			if _, err := w.guard.Key(impatient, w.shown.BlnkKey); !errors.Is(err, context.Canceled) {
				t.Errorf("one who gave up waiting: %v", err)
			}
		})
		synctest.Wait()
		giveUp()
		synctest.Wait()
		stop()
		synctest.Wait()
		open()
		all.Wait()
		if w.store.count() != 2 {
			t.Errorf("%d store calls, not one given up and one more", w.store.count())
		}
	})
}

func TestPanickingStoreLeavesNobodyWaiting(t *testing.T) {
	w := newWorld(t)
	w.store.before = func(context.Context) error { panic("broken") }
	func() {
		defer func() { _ = recover() }()
		_, _ = w.guard.Key(ctx, w.shown.BlnkKey)
	}()
	w.store.before = nil
	if _, err := w.guard.Key(ctx, w.shown.BlnkKey); err != nil {
		t.Error(err)
	}
}
