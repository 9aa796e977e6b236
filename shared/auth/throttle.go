package auth

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// How many logins may fail, and in what time.
const (
	maxFailures           = 5
	failureWindowDuration = 10 * time.Second
)

// FailureWindow counts the failed logins of one client, or of those ids that no
// client has, since the first of them.
type FailureWindow struct {
	CounterID string // whose they are, in the Store's words
	Count     int
	Expires   time.Time // when they are forgotten, to the millisecond
	Version   int64     // of what the Store holds; zero: nothing
}

// LoginThrottle is the part of a Store that slows down who guesses.
type LoginThrottle interface {
	// CredentialsWithFailures is Credentials with the failures so far, in one table call.
	// Beside ErrNotFound it returns the failures of such ids, which share a
	// bounded number of counters.
	CredentialsWithFailures(ctx context.Context, client, keyID string) (Client, Key, FailureWindow, error)
	// RecordFailure writes f. If the counter no longer has the version f.Version, it returns ErrVersionMismatch and the
	// stored failures.
	RecordFailure(ctx context.Context, f FailureWindow) (FailureWindow, error)
}

// Throttled is ErrThrottled with the time to wait.
type Throttled struct{ RetryAfter time.Duration }

// Error implements error.
func (s *Throttled) Error() string { return ErrThrottled.Error() }

// Unwrap returns ErrThrottled.
func (s *Throttled) Unwrap() error { return ErrThrottled }

// active tells whether the failures count. An end further away than a window can
// be is of a clock that was wrong.
func (f FailureWindow) active(now time.Time) bool {
	left := f.Expires.Sub(now)
	return left > 0 && left <= failureWindowDuration
}

func (f FailureWindow) exceeded(now time.Time) bool { return f.Count >= maxFailures && f.active(now) }

func (f FailureWindow) throttled(now time.Time) error {
	return &Throttled{RetryAfter: f.Expires.Sub(now)}
}

// increment is f with one more failure.
func (f FailureWindow) increment(now time.Time) FailureWindow {
	if !f.active(now) {
		f.Count, f.Expires = 0, now.Add(failureWindowDuration)
	}
	f.Count++
	return f
}

// recordFailure writes one more failure. Who loses the race to write it tries again:
// the winner has counted as well, so after maxFailures races nothing is left to
// write.
func (g *Authenticator) recordFailure(ctx context.Context, f FailureWindow, now time.Time) error {
	for range maxFailures {
		there, err := g.Store.RecordFailure(ctx, f.increment(now))
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, ErrVersionMismatch):
			return fmt.Errorf("auth: count a failed login: %w", err)
		case there.exceeded(now):
			return nil
		}
		f = there
	}
	return nil
}
