package auth

import (
	"context"
	"time"
)

// Client is an application that may call, for one tenant.
type Client struct {
	ID, Tenant, Name string
	Scopes           Scopes
	Suspended        bool
	Strict           bool     // refuse what the dialects otherwise let pass
	TestMode         bool     // its identities are test data
	Limits           Limits   // how often it may call
	Policy           Policy   // what it asks of its new identities
	Secrets          []Secret // at most two live ones, while one takes the other's place
	// UsagePlanKey is the API key value by which the gateway counts and
	// throttles this client's calls. It opens nothing.
	UsagePlanKey string
	Created      time.Time
}

// Policy is what a client requires of its new identities. It is opaque to this package, which only hands it on: the values
// are those of identity.Policy.
type Policy struct {
	Onboarding string        // empty: the default
	PendingTTL time.Duration // zero: the default
}

// Secret is one client secret as stored.
type Secret struct {
	Hash    Hash
	Expires time.Time // zero: never
}

// API is one of the APIs of the registry, as its package declares it. A key of one API is not accepted by another.
type API struct {
	Name      string // stored with every key: must never change
	KeyPrefix string // the three lower-case letters with which its keys begin: must never change
}

func (a API) valid() bool {
	return a.Name != "" && validKeyPrefix(a.KeyPrefix)
}

// DisplayPrefix returns the part of a key's text that is not secret.
func (a API) DisplayPrefix(keyID string) string { return a.KeyPrefix + "_" + keyID }

// Key is one API key as stored. Its ID is 24 characters long, unique, and
// begins with the id of its client.
type Key struct {
	ID, Client string
	API        string // name of the API that accepts it
	Hash       Hash
	// Scopes narrow the client's. Nil, and only nil, leaves them as they are:
	// a store must keep nil and empty apart.
	Scopes          Scopes
	Expires         time.Time // zero: never
	Revoked         time.Time // from when on the key is refused; zero: never
	Created         time.Time
	Name            string
	Owner           string   // whom it is for: a label
	CreatedBy       string   // the id of the key that made it; empty: an operator did
	RequestedScopes []string // its scopes in the words of whoever asked for it; they grant nothing
}

// createdByKey tells those of Keys.Create from an operator's. Before the maker was
// kept only they had an owner.
func (k Key) createdByKey() bool { return k.CreatedBy != "" || k.Owner != "" }

// ValidUntil is from when on the key is refused; zero: never.
func (k Key) ValidUntil() time.Time { return earliest(k.Expires, k.Revoked) }

// Store keeps clients and their keys. What it returns is the caller's to keep.
type Store interface {
	// Credentials reads a client and one key of it in one table call. It
	// returns ErrNotFound when either is absent.
	Credentials(ctx context.Context, client, keyID string) (Client, Key, error)
	// CreateClient writes a client and its keys, all or nothing. It returns
	// ErrAlreadyExists when the id is taken.
	CreateClient(ctx context.Context, c Client, keys ...Key) error
	// CreateKey writes a further key of a client. It returns ErrNotFound when
	// there is no such client and ErrAlreadyExists when the key's id is taken.
	CreateKey(ctx context.Context, k Key) error
	// Keys reads a client and every key of it, in no order that matters, in one
	// table call where a page holds them. A store forgets a key once KeyRetention has
	// passed since it expired or was revoked. ErrNotFound: there is no such client.
	Keys(ctx context.Context, client string) (Client, []Key, error)
	// RevokeKey makes a key refused from at on; one that is refused earlier
	// stays so. It returns ErrNotFound when the client has no such key.
	RevokeKey(ctx context.Context, client, id string, at time.Time) error

	LoginThrottle
}

// hasSecret tells whether h is the hash of a live secret of the client. It compares
// at least two, whatever the client has, and all of them.
func (c Client) hasSecret(h Hash, now time.Time) bool {
	secrets, held := c.Secrets, false
	for i := range max(2, len(secrets)) {
		var s Secret
		if i < len(secrets) {
			s = secrets[i]
		}
		if s.Hash.Equal(h) && !deadlinePassed(s.Expires, now) {
			held = true
		}
	}
	return held
}
