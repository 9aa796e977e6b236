package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// SeenWithin is after how long everybody has seen what an Operator ended: 30 s
// of a Guard's memory and 30 s of the gateway's.
const SeenWithin = 60 * time.Second

// MaxOverlap is how long a credential may live on beside the one that takes its
// place.
const MaxOverlap = 7 * 24 * time.Hour

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

// ErrOverlap is for an overlap outside 0 to MaxOverlap.
var ErrOverlap = errors.New("auth: overlap must be between 0 and 7 days")

// Suspend shuts a client out with all its keys and tokens, or lets it in again.
func (o *Operator) Suspend(ctx context.Context, client string, suspended bool) (Client, error) {
	return o.ChangeClient(ctx, client, func(c *Client) error {
		c.Suspended = suspended
		return nil
	})
}

// RotateSecret gives a client a new secret and returns its text, to be shown
// once. The newest of the secrets it has lives on for the overlap, any other
// ends at once.
func (o *Operator) RotateSecret(ctx context.Context, client string, overlap time.Duration) (Client, string, error) {
	if overlap < 0 || overlap > MaxOverlap {
		return Client{}, "", ErrOverlap
	}
	text := random(secretChars)
	changed, err := o.ChangeClient(ctx, client, func(c *Client) error {
		now, secrets := o.now(), []Secret{{Hash: o.Hasher.Hash(text)}}
		if old := len(c.Secrets) - 1; old >= 0 && overlap > 0 && !reached(c.Secrets[old].Expires, now) {
			last := c.Secrets[old]
			last.Expires = earliest(last.Expires, now.Add(overlap))
			secrets = []Secret{last, secrets[0]}
		}
		c.Secrets = secrets
		return nil
	})
	if err != nil {
		return Client{}, "", err
	}
	return changed, text, nil
}

// CreateKey makes a key of a client and returns its text, to be shown once.
// Scopes that are nil leave the client's as they are.
func (o *Operator) CreateKey(ctx context.Context, client string, n NewKey) (Key, string, error) {
	all := Caller{Scopes: Scopes{ScopeAll}}
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
	k.Owner, k.Granted, k.Expires, k.Created = n.Owner, n.Granted, n.Expires, o.now()
	if err := o.Registry.CreateKey(ctx, k); err != nil {
		return Key{}, "", fmt.Errorf("auth: create key: %w", err)
	}
	return k, text, nil
}

// RotateKey makes a key that may do what another may, which lives on for the
// overlap. It returns ErrUnknown for an id that is none, and ErrExpired for a
// key that has ended.
func (o *Operator) RotateKey(ctx context.Context, id string, overlap time.Duration) (Key, string, error) {
	client, err := clientOfKey(id)
	if err != nil {
		return Key{}, "", err
	}
	if overlap < 0 || overlap > MaxOverlap {
		return Key{}, "", ErrOverlap
	}
	_, old, err := o.Credentials(ctx, client, id)
	switch {
	case err != nil:
		return Key{}, "", err
	case old.ended(o.now()):
		return Key{}, "", ErrExpired
	}
	made, text, err := o.CreateKey(ctx, client, NewKey{
		Use: old.Use, Name: old.Name, Owner: old.Owner, Scopes: old.Scopes, Granted: old.Granted, Expires: old.Expires,
	})
	if err != nil {
		return Key{}, "", err
	}
	_, err = o.ChangeKey(ctx, client, id, func(k *Key) error {
		k.Revoked = earliest(k.Revoked, o.now().Add(overlap))
		return nil
	})
	return made, text, err
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
