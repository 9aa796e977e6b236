package auth_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"cedula/shared/auth"
)

func wantSlowed(t *testing.T, err error, wait time.Duration) {
	t.Helper()
	var slowed *auth.Slowed
	if !errors.As(err, &slowed) || slowed.Wait != wait || !errors.Is(err, auth.ErrTooMany) || !auth.IsRefusal(err) {
		t.Errorf("got %v, want to wait %v", err, wait)
	}
}

// guesser tries wrong secrets of a client, or of ids that nobody has.
type guesser struct {
	*world
	key, id, secret string
}

func (g guesser) guess() error { return login(g.world, g.key, g.id, g.secret) }

func newGuesser(t testing.TB) guesser {
	w := newWorld(t)
	return guesser{w, w.shown.ConomyKey, w.shown.ClientID, bump(w.shown.ClientSecret, 7)}
}

// malformed tries what no secret can be.
func (g guesser) malformed() guesser {
	g.secret = "hunter2"
	return g
}

// unknown is the same of a client that is not there.
func (g guesser) unknown() guesser {
	const nowhere = "0123456789abcdef"
	g.key, g.id = sealed("cak_"+nowhere+g.key[20:61]), nowhere
	return g
}

// TestLoginsAreSlowed: from the outside a known client and an unknown one look
// alike, and cost the table the same.
func TestLoginsAreSlowed(t *testing.T) {
	for who, g := range map[string]guesser{
		"known": newGuesser(t), "unknown": newGuesser(t).unknown(),
		"known, malformed": newGuesser(t).malformed(), "unknown, malformed": newGuesser(t).unknown().malformed(),
	} {
		t.Run(who, func(t *testing.T) {
			for n := range 5 {
				refused(t, g.guess(), auth.ErrInvalid)
				if g.store.count() != n+1 || g.store.writes != n+1 {
					t.Errorf("%d reads, %d writes after %d", g.store.count(), g.store.writes, n+1)
				}
				g.now = g.now.Add(time.Second)
			}
			wantSlowed(t, g.guess(), 5*time.Second)
			wantSlowed(t, login(g.world, g.key, g.id, g.shown.ClientSecret), 5*time.Second)
			g.now = g.now.Add(4500 * time.Millisecond)
			wantSlowed(t, g.guess(), 500*time.Millisecond)
			if g.store.writes != 5 {
				t.Errorf("%d writes: a slowed login is not counted", g.store.writes)
			}
			g.now = g.now.Add(500 * time.Millisecond)
			refused(t, g.guess(), auth.ErrInvalid)
			for range 4 {
				refused(t, g.guess(), auth.ErrInvalid)
			}
			wantSlowed(t, g.guess(), 10*time.Second)
		})
	}
}

func TestFewFailuresDoNotSlow(t *testing.T) {
	g := newGuesser(t)
	for range 12 { // four in ten seconds, again and again
		for range 4 {
			refused(t, g.guess(), auth.ErrInvalid)
		}
		if err := login(g.world, g.key, g.id, g.shown.ClientSecret); err != nil {
			t.Fatal(err)
		}
		g.now = g.now.Add(10 * time.Second)
	}
}

func TestSuccessCostsOneRead(t *testing.T) {
	g := newGuesser(t)
	for range 3 {
		if err := login(g.world, g.key, g.id, g.shown.ClientSecret); err != nil {
			t.Fatal(err)
		}
	}
	if g.store.count() != 3 || g.store.writes != 0 {
		t.Errorf("%d reads, %d writes", g.store.count(), g.store.writes)
	}
}

// One client's failures are not another's, nor those of unknown ids a client's.
func TestOthersAreNotSlowed(t *testing.T) {
	g := newGuesser(t)
	for range 20 {
		_ = g.guess()
		_ = g.unknown().guess()
	}
	_, other := g.register(t, "acme")
	if err := login(g.world, other.ConomyKey, other.ClientID, other.ClientSecret); err != nil {
		t.Error(err)
	}
	if len(g.store.failed) != 2 {
		t.Errorf("%d counters", len(g.store.failed))
	}
	// The key and the token of a client that is slowed work on.
	if _, err := g.guard.Bearer(ctx, g.token(t), g.key); err != nil {
		t.Error(err)
	}
}

// What is wrong with right credentials, and what names no client, is no guess.
func TestOnlyGuessesCount(t *testing.T) {
	g := newGuesser(t)
	g.change(g.key, func(c *auth.Client, _ *auth.Key) { c.Suspended = true })
	for range 6 {
		refused(t, login(g.world, g.key, g.id, g.shown.ClientSecret), auth.ErrSuspended)
	}
	g.change(g.key, func(c *auth.Client, k *auth.Key) { c.Suspended, k.Expires = false, g.now })
	for range 6 {
		refused(t, login(g.world, g.key, g.id, g.shown.ClientSecret), auth.ErrExpired)
		refused(t, login(g.world, g.key, g.id, ""), auth.ErrMissing)
		refused(t, login(g.world, g.key, "no id", "short"), auth.ErrInvalid)
		refused(t, login(g.world, "no key", g.id, "short"), auth.ErrInvalid)
	}
	if g.store.writes != 0 {
		t.Errorf("%d failures counted", g.store.writes)
	}
	for range 5 { // a wrong key is one
		refused(t, login(g.world, wrong(g.key), g.id, g.shown.ClientSecret), auth.ErrInvalid)
	}
	wantSlowed(t, g.guess(), 10*time.Second)
}

func TestGuessesAtOnceAllCount(t *testing.T) {
	g := newGuesser(t)
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			if err := g.guess(); !errors.Is(err, auth.ErrInvalid) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	wantSlowed(t, g.guess(), 10*time.Second)
}

// A clock far ahead that wrote once must not shut a client out for good.
func TestWindowOfAWrongClock(t *testing.T) {
	g := newGuesser(t)
	g.now = g.now.Add(time.Hour)
	for range 5 {
		refused(t, g.guess(), auth.ErrInvalid)
	}
	g.now = g.now.Add(-time.Hour)
	if err := login(g.world, g.key, g.id, g.shown.ClientSecret); err != nil {
		t.Error(err)
	}
}

func TestUncountedGuessDecidesNothing(t *testing.T) {
	g := newGuesser(t)
	g.store.uncounted = errDown
	if err := g.guess(); !errors.Is(err, errDown) || auth.IsRefusal(err) {
		t.Error(err)
	}
}
