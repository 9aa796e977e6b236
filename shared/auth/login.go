package auth

import (
	"context"
	"errors"
	"fmt"
)

// Login authenticates a client that wants a token, by a key of api and an active secret of the same client. It always asks the Store, so that a new secret works at once, and
// says ErrExpired or ErrSuspended only to who has both. Otherwise it returns
// ErrMissing, ErrInvalid or ErrMismatch.
//
// After maxFailures wrong ones within failureWindowDuration it returns a *Slowed for the
// rest of it, whatever the credentials: if the right ones passed, a guesser
// would not be slowed at all, and would read from the answer which those are.
// Who may slow a client down knows the id of one of its keys. Ids that nobody
// has are slowed alike, at the same number of Store calls.
func (g *Authenticator) Login(ctx context.Context, api API, apiKey, clientID, clientSecret string) (Client, error) {
	name, err := parseLogin(api, apiKey, clientID, clientSecret)
	if err != nil {
		return Client{}, err
	}
	r, failures, err := g.readCredentialsWithFailures(ctx, name)
	if err != nil {
		return Client{}, err
	}
	now := g.now()
	if failures.exceeded(now) {
		return Client{}, failures.throttled(now)
	}
	rightKey := r.key.Hash.Equal(g.Hasher.Hash(apiKey))
	rightSecret := r.client.hasSecret(g.Hasher.Hash(clientSecret), now)
	err = r.authorize(name, rightKey && rightSecret, now)
	if errors.Is(err, ErrInvalid) {
		if uncounted := g.recordFailure(ctx, failures, now); uncounted != nil {
			return Client{}, uncounted
		}
	}
	if err != nil {
		return Client{}, err
	}
	return r.client, nil
}

// parseLogin leaves the secret's form alone: one that nobody can have is a guess
// like any other.
func parseLogin(api API, apiKey, clientID, clientSecret string) (parsedKey, error) {
	if apiKey == "" || clientID == "" || clientSecret == "" {
		return parsedKey{}, ErrMissing
	}
	name, err := parseKeyForAPI(apiKey, api)
	switch {
	case err != nil:
		return parsedKey{}, err
	case !ValidClientID(clientID):
		return parsedKey{}, fmt.Errorf("%w: client format", ErrInvalid)
	case name.client != clientID:
		return parsedKey{}, fmt.Errorf("%w: client and key", ErrMismatch)
	}
	return name, nil
}

// readCredentialsWithFailures is read for a login.
func (g *Authenticator) readCredentialsWithFailures(ctx context.Context, name parsedKey) (record, FailureWindow, error) {
	c, k, f, err := g.Store.CredentialsWithFailures(ctx, name.client, name.id)
	switch {
	case errors.Is(err, ErrNotFound):
		return record{}, f, nil
	case err != nil:
		return record{}, FailureWindow{}, fmt.Errorf("auth: read credentials: %w", err)
	}
	return record{client: c, key: k}, f, nil
}
