package auth

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// RevocationDelay is after how long everybody has seen what an Operator ended: 30 s
// of a Guard's memory and 30 s of the gateway's.
const RevocationDelay = 60 * time.Second

// AdminStore is what an Operator needs of a store.
type AdminStore interface {
	Store
	// Client reads one. ErrNotFound.
	Client(ctx context.Context, id string) (Client, error)
	// Clients reads all, the oldest first.
	Clients(ctx context.Context) ([]Client, error)
	// UpdateClient writes what change makes of the newest state, which may take
	// several attempts, and returns it. ErrNotFound, or what change returned.
	UpdateClient(ctx context.Context, id string, change func(*Client) error) (Client, error)
	// UpdateKey is UpdateClient for a key.
	UpdateKey(ctx context.Context, client, id string, change func(*Key) error) (Key, error)
}

// Admin manages every client of a registry. Who can call it may do anything.
type Admin struct {
	AdminStore
	Hasher Hasher
	APIs   []API            // a new client gets a key for each
	Now    func() time.Time // nil: time.Now
}

// Client is the Registry's; what is no id is ErrNotFound without asking.
func (o *Admin) Client(ctx context.Context, id string) (Client, error) {
	if !ValidClientID(id) {
		return Client{}, ErrNotFound
	}
	return o.AdminStore.Client(ctx, id)
}

// UpdateClient is the Registry's, and as careful as Client.
func (o *Admin) UpdateClient(ctx context.Context, id string, change func(*Client) error) (Client, error) {
	if !ValidClientID(id) {
		return Client{}, ErrNotFound
	}
	return o.AdminStore.UpdateClient(ctx, id, change)
}

// Keys is the Registry's, and as careful as Client.
func (o *Admin) Keys(ctx context.Context, client string) (Client, []Key, error) {
	if !ValidClientID(client) {
		return Client{}, nil, ErrNotFound
	}
	return o.AdminStore.Keys(ctx, client)
}

// SetSuspended shuts a client out with all its keys and tokens, or lets it in again.
func (o *Admin) SetSuspended(ctx context.Context, client string, suspended bool) (Client, error) {
	return o.UpdateClient(ctx, client, func(c *Client) error {
		c.Suspended = suspended
		return nil
	})
}

// CreateKey makes a key of a client and returns its text, to be shown once.
// Scopes that are nil leave the client's as they are.
func (o *Admin) CreateKey(ctx context.Context, client string, n KeyParams) (Key, string, error) {
	all := Caller{Scopes: Scopes{ScopeAll}}
	if !ValidClientID(client) {
		return Key{}, "", ErrNotFound
	}
	if err := n.check(all, o.now()); err != nil {
		return Key{}, "", err
	}
	k, text := newKey(client, n.API, o.Hasher)
	if n.Scopes != nil {
		k.Scopes = NewScopes(n.Scopes)
	}
	if n.Name != "" {
		k.Name = n.Name
	}
	k.Owner, k.CreatedBy, k.RequestedScopes, k.Expires, k.Created = n.Owner, n.createdBy, n.RequestedScopes, n.Expires, o.now()
	if err := o.AdminStore.CreateKey(ctx, k); err != nil {
		return Key{}, "", fmt.Errorf("auth: create key: %w", err)
	}
	return k, text, nil
}

// RevokeKey ends a key. One that has ended stays as it is.
func (o *Admin) RevokeKey(ctx context.Context, id string) (Key, error) {
	client, err := clientIDFromKeyID(id)
	if err != nil {
		return Key{}, err
	}
	return o.UpdateKey(ctx, client, id, func(k *Key) error {
		k.Revoked = earliest(k.Revoked, o.now())
		return nil
	})
}

// RevokeWithDescendants ends a key, every key that it made, and every key that these
// made, and returns those that it ended, the key itself first. It looks again
// until it finds no more, since a key may be making others meanwhile. What was
// made by way of a key that the store has forgotten is not found.
func (o *Admin) RevokeWithDescendants(ctx context.Context, id string) ([]Key, error) {
	first, err := o.RevokeKey(ctx, id)
	if err != nil {
		return nil, err
	}
	ended := []Key{first}
	for {
		_, all, err := o.Keys(ctx, first.Client)
		if err != nil {
			return ended, err
		}
		live := slices.DeleteFunc(descendantsOf(id, all), func(k Key) bool { return k.inactive(o.now()) })
		if len(live) == 0 {
			return ended, nil
		}
		for _, k := range live {
			k, err := o.RevokeKey(ctx, k.ID)
			if err != nil {
				return ended, err
			}
			ended = append(ended, k)
		}
	}
}

// descendantsOf are those of the keys that a key made, directly or not.
func descendantsOf(id string, all []Key) []Key {
	makers, made := map[string]bool{id: true}, []Key(nil)
	for grown := true; grown; {
		grown = false
		for _, k := range all {
			if makers[k.CreatedBy] && !makers[k.ID] {
				makers[k.ID], grown = true, true
				made = append(made, k)
			}
		}
	}
	return made
}

// clientIDFromKeyID is the client whose id begins a key's.
func clientIDFromKeyID(id string) (string, error) {
	if !validAlphabet(id, keyIDChars) {
		return "", ErrNotFound
	}
	return strings.Clone(id[:clientChars]), nil
}

func (o *Admin) now() time.Time { return currentTime(o.Now).UTC().Truncate(time.Second) }

// ActiveSecrets are the secrets of a client that are good now.
func (c Client) ActiveSecrets(now time.Time) []Secret {
	return slices.DeleteFunc(slices.Clone(c.Secrets), func(s Secret) bool { return deadlinePassed(s.Expires, now) })
}
