package auth

import (
	"context"
	"time"
)

// Store persists clients and their keys. It is safe for concurrent use. What it returns belongs to the caller. Beside the
// errors that are named here it returns ErrUnavailable and ErrBusy.
type Store interface {
	// Credentials reads a client and one of its keys in one call of the table. It returns ErrNotFound if either is absent.
	Credentials(ctx context.Context, client, keyID string) (Client, Key, error)
	// CredentialsWithFailures also reads the failed logins, in the same call. With ErrNotFound it returns those of unknown
	// clients, which share a limited number of counters.
	CredentialsWithFailures(ctx context.Context, client, keyID string) (Client, Key, FailureWindow, error)
	// RecordFailure writes f. If the counter no longer has the version f.Version, it returns ErrVersionMismatch and the
	// stored failures.
	RecordFailure(ctx context.Context, f FailureWindow) (FailureWindow, error)
	// CreateKey writes another key of a client. It returns ErrNotFound if the client does not exist and ErrAlreadyExists if
	// the key does.
	CreateKey(ctx context.Context, k Key) error
	// Keys reads a client and all of its keys, in any order, in one call of the table unless they fill several pages. It
	// returns ErrNotFound if the client does not exist. A key is deleted KeyRetention after it expired or was revoked.
	Keys(ctx context.Context, client string) (Client, []Key, error)
	// RevokeKey makes a key invalid from at on, or from an earlier time if that is stored. It returns ErrNotFound if the
	// client has no such key.
	RevokeKey(ctx context.Context, client, id string, at time.Time) error
}

// AdminStore is what an Admin needs of a store.
type AdminStore interface {
	Store
	// CreateClient writes a client and its keys, all or nothing. It returns ErrAlreadyExists if one of the ids exists.
	CreateClient(ctx context.Context, c Client, keys ...Key) error
	// Client returns ErrNotFound if there is no such client.
	Client(ctx context.Context, id string) (Client, error)
	// Clients returns all clients, the oldest first.
	Clients(ctx context.Context) ([]Client, error)
	// UpdateClient calls change with the newest version of a client, writes the result and returns it. It may call change
	// several times. It returns ErrNotFound, or the error of change.
	UpdateClient(ctx context.Context, id string, change func(*Client) error) (Client, error)
	// UpdateKey is UpdateClient for a key.
	UpdateKey(ctx context.Context, client, id string, change func(*Key) error) (Key, error)
}
