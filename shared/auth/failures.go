package auth

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// How many logins may fail, and in what time.
const (
	maxFailures   = 5
	failureWindow = 10 * time.Second
)

// Failures counts the failed logins of one client, or of those ids that no
// client has, since the first of them.
type Failures struct {
	Counter string // whose they are, in the Store's words
	Count   int
	Until   time.Time // when they are forgotten, to the millisecond
	Version int64     // of what the Store holds; zero: nothing
}

// Attempts is the part of a Store that slows down who guesses.
type Attempts interface {
	// Attempt is Credentials with the failures so far, in one table call.
	// Beside ErrUnknown it returns the failures of such ids, which share a
	// bounded number of counters.
	Attempt(ctx context.Context, client, keyID string) (Client, Key, Failures, error)
	// Count writes f unless the counter has another version than f.Version by
	// now: then it returns ErrExists and the failures that are there.
	Count(ctx context.Context, f Failures) (Failures, error)
}

// Slowed is ErrTooMany with the time to wait.
type Slowed struct{ Wait time.Duration }

// Error implements error.
func (s *Slowed) Error() string { return ErrTooMany.Error() }

// Unwrap returns ErrTooMany.
func (s *Slowed) Unwrap() error { return ErrTooMany }

// open tells whether the failures count. An end further away than a window can
// be is of a clock that was wrong.
func (f Failures) open(now time.Time) bool {
	left := f.Until.Sub(now)
	return left > 0 && left <= failureWindow
}

func (f Failures) full(now time.Time) bool { return f.Count >= maxFailures && f.open(now) }

func (f Failures) slowed(now time.Time) error { return &Slowed{Wait: f.Until.Sub(now)} }

// plus is f with one more failure.
func (f Failures) plus(now time.Time) Failures {
	if !f.open(now) {
		f.Count, f.Until = 0, now.Add(failureWindow)
	}
	f.Count++
	return f
}

// count writes one more failure. Who loses the race to write it tries again:
// the winner has counted as well, so after maxFailures races nothing is left to
// write.
func (g *Guard) count(ctx context.Context, f Failures, now time.Time) error {
	for range maxFailures {
		there, err := g.Store.Count(ctx, f.plus(now))
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, ErrExists):
			return fmt.Errorf("auth: count a failed login: %w", err)
		case there.full(now):
			return nil
		}
		f = there
	}
	return nil
}
