package auth

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// How many logins may fail, and within which time.
const (
	maxFailures           = 5
	failureWindowDuration = 10 * time.Second
)

// FailureWindow counts the failed logins of a client, or of some unknown clients, since the first one.
type FailureWindow struct {
	CounterID string // chosen by the Store
	Count     int
	Expires   time.Time // to the millisecond
	Version   int64     // of the stored counter; zero: none
}

// Login authenticates a client that wants a token, by a key of api and an active secret of the same client. It does not
// use the cache, so that a new secret is accepted immediately. It returns ErrExpired and ErrSuspended only if both are
// right; otherwise ErrMissing, ErrInvalid or ErrMismatch.
//
// After maxFailures failures within failureWindowDuration every login is throttled with a *Throttled, even a correct one:
// otherwise throttling would reveal which secret is right. Anyone who knows the id of a key can cause this for the length
// of the window. Unknown clients are throttled the same way, with the same number of Store calls.
func (g *Authenticator) Login(ctx context.Context, api API, apiKey, clientID, clientSecret string) (Client, error) {
	name, err := parseLogin(api, apiKey, clientID, clientSecret)
	if err != nil {
		return Client{}, err
	}
	c, k, failures, err := g.Store.CredentialsWithFailures(ctx, name.client, name.id)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Client{}, fmt.Errorf("auth: read credentials: %w", err)
	}
	now := g.now()
	if failures.exceeded(now) {
		return Client{}, &Throttled{RetryAfter: failures.Expires.Sub(now)}
	}
	rightKey := k.Hash.Equal(g.Hasher.Hash(apiKey))
	rightSecret := c.hasSecret(g.Hasher.Hash(clientSecret), now)
	err = record{client: c, key: k}.authorize(name, rightKey && rightSecret, now)
	if errors.Is(err, ErrInvalid) {
		if err := g.recordFailure(ctx, failures, now); err != nil {
			return Client{}, err
		}
	}
	if err != nil {
		return Client{}, err
	}
	return c, nil
}

// parseLogin does not check the form of the secret: one that cannot exist is a guess like any other.
func parseLogin(api API, apiKey, clientID, clientSecret string) (parsedKey, error) {
	if apiKey == "" || clientID == "" || clientSecret == "" {
		return parsedKey{}, ErrMissing
	}
	name, err := parseKey(apiKey, api)
	if err != nil {
		return parsedKey{}, err
	}
	if !ValidClientID(clientID) {
		return parsedKey{}, fmt.Errorf("%w: client format", ErrInvalid)
	}
	if name.client != clientID {
		return parsedKey{}, fmt.Errorf("%w: client and key", ErrMismatch)
	}
	return name, nil
}

// recordFailure writes one more failure. If another login writes first, it tries again with the stored failures, which
// include that one; so after maxFailures attempts nothing is left to write.
func (g *Authenticator) recordFailure(ctx context.Context, f FailureWindow, now time.Time) error {
	for range maxFailures {
		stored, err := g.Store.RecordFailure(ctx, f.increment(now))
		if err == nil {
			return nil
		}
		if !errors.Is(err, ErrVersionMismatch) {
			return fmt.Errorf("auth: count a failed login: %w", err)
		}
		if stored.exceeded(now) {
			return nil
		}
		f = stored
	}
	return nil
}

// active reports whether the failures count. If they expire later than a window can, the clock that wrote them was wrong.
func (f FailureWindow) active(now time.Time) bool {
	left := f.Expires.Sub(now)
	return left > 0 && left <= failureWindowDuration
}

func (f FailureWindow) exceeded(now time.Time) bool { return f.Count >= maxFailures && f.active(now) }

// increment returns f with one more failure.
func (f FailureWindow) increment(now time.Time) FailureWindow {
	if !f.active(now) {
		f.Count = 0
		f.Expires = now.Add(failureWindowDuration)
	}
	f.Count++
	return f
}
