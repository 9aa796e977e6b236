package auth_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"cedula/shared/auth"
)

func wantThrottled(t *testing.T, err error, wait time.Duration) {
	t.Helper()
	var slowed *auth.Throttled
	if !errors.As(err, &slowed) || slowed.RetryAfter != wait || !errors.Is(err, auth.ErrThrottled) || !auth.IsDenial(err) {
		t.Errorf("got %v, want to wait %v", err, wait)
	}
}

// guesser tries wrong secrets of a client, or of ids that nobody has.
type guesser struct {
	*fixture
	key, id, secret string
}

func (g guesser) guess() error { return login(g.fixture, g.key, g.id, g.secret) }

func newGuesser(t testing.TB) guesser {
	w := newFixture(t)
	return guesser{w, w.credentials.Keys["conomy"], w.credentials.ClientID, withNextChar(w.credentials.ClientSecret, 7)}
}

// malformed tries what no secret can be.
func (g guesser) malformed() guesser {
	g.secret = "hunter2"
	return g
}

// unknown is the same of a client that is not there.
func (g guesser) unknown() guesser {
	const nowhere = "0123456789abcdef"
	g.key, g.id = withChecksum("cak_"+nowhere+g.key[20:61]), nowhere
	return g
}

// TestRepeatedFailuresAreThrottled: from the outside a known client and an unknown one look
// alike, and cost the table the same.
func TestRepeatedFailuresAreThrottled(t *testing.T) {
	for who, g := range map[string]guesser{
		"known": newGuesser(t), "unknown": newGuesser(t).unknown(),
		"known, malformed": newGuesser(t).malformed(), "unknown, malformed": newGuesser(t).unknown().malformed(),
	} {
		t.Run(who, func(t *testing.T) {
			for n := range 5 {
				wantError(t, g.guess(), auth.ErrInvalid)
				if g.store.callCount() != n+1 || g.store.writes != n+1 {
					t.Errorf("%d reads, %d writes after %d; want g.store.callCount() == n + 1 and g.store.writes == n + 1", g.store.callCount(), g.store.writes, n+1)
				}
				g.now = g.now.Add(time.Second)
			}
			wantThrottled(t, g.guess(), 5*time.Second)
			wantThrottled(t, login(g.fixture, g.key, g.id, g.credentials.ClientSecret), 5*time.Second)
			g.now = g.now.Add(4500 * time.Millisecond)
			wantThrottled(t, g.guess(), 500*time.Millisecond)
			if g.store.writes != 5 {
				t.Errorf("%d writes: a slowed login is not counted; want g.store.writes == 5", g.store.writes)
			}
			g.now = g.now.Add(500 * time.Millisecond)
			wantError(t, g.guess(), auth.ErrInvalid)
			for range 4 {
				wantError(t, g.guess(), auth.ErrInvalid)
			}
			wantThrottled(t, g.guess(), 10*time.Second)
		})
	}
}

func TestFewFailuresAreNotThrottled(t *testing.T) {
	g := newGuesser(t)
	for range 12 { // four in ten seconds, again and again
		for range 4 {
			wantError(t, g.guess(), auth.ErrInvalid)
		}
		if err := login(g.fixture, g.key, g.id, g.credentials.ClientSecret); err != nil {
			t.Fatal(err)
		}
		g.now = g.now.Add(10 * time.Second)
	}
}

func TestSuccessCostsOneRead(t *testing.T) {
	g := newGuesser(t)
	for range 3 {
		if err := login(g.fixture, g.key, g.id, g.credentials.ClientSecret); err != nil {
			t.Fatal(err)
		}
	}
	if g.store.callCount() != 3 || g.store.writes != 0 {
		t.Errorf("%d reads, %d writes; want g.store.callCount() == 3 and g.store.writes == 0", g.store.callCount(), g.store.writes)
	}
}

// One client's failures are not another's, nor those of unknown ids a client's.
func TestOtherClientsAreNotThrottled(t *testing.T) {
	g := newGuesser(t)
	for range 20 {
		_ = g.guess()
		_ = g.unknown().guess()
	}
	_, other := g.createClient(t, "acme")
	if err := login(g.fixture, other.Keys["conomy"], other.ClientID, other.ClientSecret); err != nil {
		t.Error(err)
	}
	if len(g.store.failures) != 2 {
		t.Errorf("%d counters; want len(g.store.failures) == 2", len(g.store.failures))
	}
	// The key and the token of a client that is slowed work on.
	if _, err := g.authenticator.AuthenticateBearer(ctx, conomyAPI, g.token(t), g.key); err != nil {
		t.Error(err)
	}
}

// What is wrong with right credentials, and what names no client, is no guess.
func TestOnlyWrongCredentialsCountAsFailures(t *testing.T) {
	g := newGuesser(t)
	g.updateStored(g.key, func(c *auth.Client, _ *auth.Key) { c.Suspended = true })
	for range 6 {
		wantError(t, login(g.fixture, g.key, g.id, g.credentials.ClientSecret), auth.ErrSuspended)
	}
	g.updateStored(g.key, func(c *auth.Client, k *auth.Key) { c.Suspended, k.Expires = false, g.now })
	for range 6 {
		wantError(t, login(g.fixture, g.key, g.id, g.credentials.ClientSecret), auth.ErrExpired)
		wantError(t, login(g.fixture, g.key, g.id, ""), auth.ErrMissing)
		wantError(t, login(g.fixture, g.key, "no id", "short"), auth.ErrInvalid)
		wantError(t, login(g.fixture, "no key", g.id, "short"), auth.ErrInvalid)
	}
	if g.store.writes != 0 {
		t.Errorf("%d failures counted; want g.store.writes == 0", g.store.writes)
	}
	for range 5 { // a wrong key is one
		wantError(t, login(g.fixture, withWrongSecret(g.key), g.id, g.credentials.ClientSecret), auth.ErrInvalid)
	}
	wantThrottled(t, g.guess(), 10*time.Second)
}

func TestConcurrentFailuresAreAllCounted(t *testing.T) {
	g := newGuesser(t)
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			if err := g.guess(); !errors.Is(err, auth.ErrInvalid) {
				t.Errorf("err = %v; want auth.ErrInvalid", err)
			}
		})
	}
	all.Wait()
	wantThrottled(t, g.guess(), 10*time.Second)
}

// A clock far ahead that wrote once must not shut a client out for good.
func TestWindowFromWrongClockIsIgnored(t *testing.T) {
	g := newGuesser(t)
	g.now = g.now.Add(time.Hour)
	for range 5 {
		wantError(t, g.guess(), auth.ErrInvalid)
	}
	g.now = g.now.Add(-time.Hour)
	if err := login(g.fixture, g.key, g.id, g.credentials.ClientSecret); err != nil {
		t.Error(err)
	}
}

func TestUnrecordedFailureIsAnError(t *testing.T) {
	g := newGuesser(t)
	g.store.recordErr = errDown
	if err := g.guess(); !errors.Is(err, errDown) || auth.IsDenial(err) {
		t.Errorf("err = %v; want errDown and not auth.IsDenial(err)", err)
	}
}
