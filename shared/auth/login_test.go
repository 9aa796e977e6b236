package auth_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"cedula/shared/auth"
)

func wantThrottled(t *testing.T, err error, wait time.Duration) {
	t.Helper()
	var throttled *auth.Throttled
	if !errors.As(err, &throttled) || throttled.RetryAfter != wait || !errors.Is(err, auth.ErrThrottled) || !auth.IsDenial(err) {
		t.Errorf("error = %v, want a Throttled that says to wait %v", err, wait)
	}
}

// guesser logs in with wrong credentials.
type guesser struct {
	*fixture
	key, id, wrong string
}

// newGuesser returns one that tries wrong secrets of a client, or of an unknown one.
func newGuesser(t testing.TB, known bool) guesser {
	w := newFixture(t)
	g := guesser{w, w.conomyKey, w.client.ID, withNextChar(w.secret, 7)}
	if !known {
		g.id = "0123456789abcdef"
		g.key = withChecksum("cak_" + g.id + g.key[20:61])
	}
	return g
}

func (g guesser) guess() error { return g.login(g.key, g.id, g.wrong) }

// guessRight logs in with the right secret.
func (g guesser) guessRight() error { return g.login(g.key, g.id, g.secret) }

func (g guesser) wantWrites(t *testing.T, want int) {
	t.Helper()
	if got := g.store.writes; got != want {
		t.Errorf("recorded failures = %d, want %d", got, want)
	}
}

// A known client and an unknown one look alike from outside, and cost the same.
func TestRepeatedFailuresAreThrottled(t *testing.T) {
	for fact, tt := range map[string]struct {
		known bool
		edit  func(*guesser)
	}{
		"known":              {true, func(*guesser) {}},
		"unknown":            {false, func(*guesser) {}},
		"known, malformed":   {true, func(g *guesser) { g.wrong = "hunter2" }},
		"unknown, malformed": {false, func(g *guesser) { g.wrong = "hunter2" }},
		"one half":           {true, func(g *guesser) { g.wrong = g.secret[:32] }},
		"very long":          {true, func(g *guesser) { g.wrong = strings.Repeat("?", 10_000) }},
		"wrong key":          {true, func(g *guesser) { g.key = withWrongSecret(g.key) }},
		"wrong key, right":   {true, func(g *guesser) { g.key, g.wrong = withWrongSecret(g.key), g.secret }},
	} {
		t.Run(fact, func(t *testing.T) {
			g := newGuesser(t, tt.known)
			tt.edit(&g)
			for n := range 5 {
				if err := g.guess(); err == nil || err.Error() != auth.ErrInvalid.Error() {
					t.Errorf("error = %v, want exactly %v", err, auth.ErrInvalid)
				}
				g.wantCalls(t, 1)
				g.wantWrites(t, n+1)
				g.now = g.now.Add(time.Second)
			}
			wantThrottled(t, g.guess(), 5*time.Second)
			wantThrottled(t, g.guessRight(), 5*time.Second)
			g.now = g.now.Add(4500 * time.Millisecond)
			wantThrottled(t, g.guess(), 500*time.Millisecond)
			g.wantWrites(t, 5) // a throttled login is not counted
			g.now = g.now.Add(500 * time.Millisecond)
			for range 5 {
				wantError(t, g.guess(), auth.ErrInvalid)
			}
			wantThrottled(t, g.guess(), 10*time.Second)
		})
	}
}

func TestFewFailuresAreNotThrottled(t *testing.T) {
	g := newGuesser(t, true)
	for range 12 {
		for range 4 {
			wantError(t, g.guess(), auth.ErrInvalid)
		}
		g.store.calls = 0
		wantError(t, g.guessRight(), nil)
		g.wantCalls(t, 1)
		g.now = g.now.Add(10 * time.Second)
	}
	g.wantWrites(t, 12*4)
}

func TestFailuresDoNotThrottleOthers(t *testing.T) {
	g := newGuesser(t, true)
	for range 20 {
		_ = g.guess()
		_ = g.login(withChecksum("cak_0123456789abcdef"+g.key[20:61]), "0123456789abcdef", g.wrong)
	}
	_, other := g.createClient(t, "acme")
	wantError(t, g.login(other.Keys["conomy"], other.ClientID, other.ClientSecret), nil)
	if got := len(g.store.failures); got != 2 {
		t.Errorf("counters = %d, want one of the client and one of unknown clients", got)
	}
	wantError(t, g.authenticateBearer(g.token(t), g.key), nil) // the throttled client's token and key
}

func TestOnlyWrongCredentialsCountAsFailures(t *testing.T) {
	g := newGuesser(t, true)
	g.updateStored(g.key, func(c *auth.Client, _ *auth.Key) { c.Suspended = true })
	for range 6 {
		wantError(t, g.guessRight(), auth.ErrSuspended)
	}
	g.updateStored(g.key, func(c *auth.Client, k *auth.Key) { c.Suspended, k.Expires = false, g.now })
	for range 6 {
		wantError(t, g.guessRight(), auth.ErrExpired)
		wantError(t, g.login(g.key, g.id, ""), auth.ErrMissing)
		wantError(t, g.login(g.key, "malformed", "short"), auth.ErrInvalid)
		wantError(t, g.login("malformed", g.id, "short"), auth.ErrInvalid)
	}
	g.wantWrites(t, 0)
}

func TestConcurrentFailuresAreAllCounted(t *testing.T) {
	g := newGuesser(t, true)
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			if err := g.guess(); !errors.Is(err, auth.ErrInvalid) {
				t.Errorf("error = %v, want %v", err, auth.ErrInvalid)
			}
		})
	}
	all.Wait()
	wantThrottled(t, g.guess(), 10*time.Second)
}

// Otherwise a clock far ahead that wrote once would lock a client out.
func TestWindowFromWrongClockIsIgnored(t *testing.T) {
	g := newGuesser(t, true)
	g.now = g.now.Add(time.Hour)
	for range 5 {
		wantError(t, g.guess(), auth.ErrInvalid)
	}
	g.now = g.now.Add(-time.Hour)
	wantError(t, g.guessRight(), nil)
}

func TestUnrecordedFailureIsAnError(t *testing.T) {
	g := newGuesser(t, true)
	g.store.recordErr = errDown
	if err := g.guess(); !errors.Is(err, errDown) || auth.IsDenial(err) {
		t.Errorf("error = %v, want %v", err, errDown)
	}
}
