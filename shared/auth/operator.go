package auth

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// SeenWithin is after how long everybody has seen what an Operator ended: 30 s
// of a Guard's memory and 30 s of the gateway's.
const SeenWithin = 60 * time.Second

// Registry is what an Operator needs of a store.
type Registry interface {
	Store
	// Client reads one. ErrUnknown.
	Client(ctx context.Context, id string) (Client, error)
	// Clients reads all, the oldest first.
	Clients(ctx context.Context) ([]Client, error)
	// ChangeClient writes what change makes of the newest state, which may take
	// several attempts, and returns it. ErrUnknown, or what change returned.
	ChangeClient(ctx context.Context, id string, change func(*Client) error) (Client, error)
	// ChangeKey is ChangeClient for a key.
	ChangeKey(ctx context.Context, client, id string, change func(*Key) error) (Key, error)
}

// Operator manages every client of a registry. Who can call it may do anything.
type Operator struct {
	Registry
	Hasher Hasher
	Now    func() time.Time // nil: time.Now
}

// Client is the Registry's; what is no id is ErrUnknown without asking.
func (o *Operator) Client(ctx context.Context, id string) (Client, error) {
	if !spelled(id, clientChars) {
		return Client{}, ErrUnknown
	}
	return o.Registry.Client(ctx, id)
}

// ChangeClient is the Registry's, and as careful as Client.
func (o *Operator) ChangeClient(ctx context.Context, id string, change func(*Client) error) (Client, error) {
	if !spelled(id, clientChars) {
		return Client{}, ErrUnknown
	}
	return o.Registry.ChangeClient(ctx, id, change)
}

// Keys is the Registry's, and as careful as Client.
func (o *Operator) Keys(ctx context.Context, client string) (Client, []Key, error) {
	if !spelled(client, clientChars) {
		return Client{}, nil, ErrUnknown
	}
	return o.Registry.Keys(ctx, client)
}

// Suspend shuts a client out with all its keys and tokens, or lets it in again.
func (o *Operator) Suspend(ctx context.Context, client string, suspended bool) (Client, error) {
	return o.ChangeClient(ctx, client, func(c *Client) error {
		c.Suspended = suspended
		return nil
	})
}

// CreateKey makes a key of a client and returns its text, to be shown once.
// Scopes that are nil leave the client's as they are.
func (o *Operator) CreateKey(ctx context.Context, client string, n NewKey) (Key, string, error) {
	all := Caller{Scopes: Scopes{ScopeAll}}
	if !spelled(client, clientChars) {
		return Key{}, "", ErrUnknown
	}
	if err := n.check(all, o.now()); err != nil {
		return Key{}, "", err
	}
	k, text := newKey(client, n.Use, o.Hasher)
	if n.Scopes != nil {
		k.Scopes = newScopes(n.Scopes)
	}
	if n.Name != "" {
		k.Name = n.Name
	}
	k.Owner, k.Maker, k.Granted, k.Expires, k.Created = n.Owner, n.maker, n.Granted, n.Expires, o.now()
	if err := o.Registry.CreateKey(ctx, k); err != nil {
		return Key{}, "", fmt.Errorf("auth: create key: %w", err)
	}
	return k, text, nil
}

// RevokeKey ends a key. One that has ended stays as it is.
func (o *Operator) RevokeKey(ctx context.Context, id string) (Key, error) {
	client, err := clientOfKey(id)
	if err != nil {
		return Key{}, err
	}
	return o.ChangeKey(ctx, client, id, func(k *Key) error {
		k.Revoked = earliest(k.Revoked, o.now())
		return nil
	})
}

// RevokeWithMade ends a key, every key that it made, and every key that these
// made, and returns those that it ended, the key itself first. It looks again
// until it finds no more, since a key may be making others meanwhile. What was
// made by way of a key that the store has forgotten is not found.
func (o *Operator) RevokeWithMade(ctx context.Context, id string) ([]Key, error) {
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
		live := slices.DeleteFunc(madeBy(id, all), func(k Key) bool { return k.ended(o.now()) })
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

// madeBy are those of the keys that a key made, directly or not.
func madeBy(id string, all []Key) []Key {
	makers, made := map[string]bool{id: true}, []Key(nil)
	for grown := true; grown; {
		grown = false
		for _, k := range all {
			if makers[k.Maker] && !makers[k.ID] {
				makers[k.ID], grown = true, true
				made = append(made, k)
			}
		}
	}
	return made
}

// clientOfKey is the client whose id begins a key's.
func clientOfKey(id string) (string, error) {
	if !spelled(id, keyIDChars) {
		return "", ErrUnknown
	}
	return strings.Clone(id[:clientChars]), nil
}

func (o *Operator) now() time.Time { return at(o.Now).UTC().Truncate(time.Second) }

// Live are the secrets of a client that are good now.
func (c Client) Live(now time.Time) []Secret {
	return slices.DeleteFunc(slices.Clone(c.Secrets), func(s Secret) bool { return reached(s.Expires, now) })
}
