package auth

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// RevocationDelay is the time after which a revocation or suspension by an Admin takes effect everywhere: 30 seconds of an
// Authenticator's cache and 30 seconds of API Gateway's.
const RevocationDelay = 60 * time.Second

// Admin manages all clients of a registry. It checks no permission.
type Admin struct {
	AdminStore
	Hasher Hasher
	APIs   []API            // a new client gets a key for each
	Now    func() time.Time // nil: time.Now
}

func (o *Admin) now() time.Time { return currentTime(o.Now).UTC().Truncate(time.Second) }

// CreateClient creates a client with a secret and a key for each API, none of which expires. It returns an
// *InvalidClientError or the error of the store; then it created nothing.
func (o *Admin) CreateClient(ctx context.Context, n ClientParams) (Client, Credentials, error) {
	if err := n.Validate(); err != nil {
		return Client{}, Credentials{}, err
	}
	now := currentTime(o.Now)
	shown := Credentials{ClientID: randomString(clientChars), ClientSecret: randomString(secretChars), Keys: map[string]string{}}
	c := Client{
		ID: shown.ClientID, Tenant: n.Tenant, Name: n.Name, Scopes: NewScopes(n.Scopes), Strict: n.Strict,
		TestMode: n.TestMode, Limits: n.Limits, Policy: n.Policy,
		Secrets: []Secret{{Hash: o.Hasher.Hash(shown.ClientSecret)}}, Created: now,
	}
	c.UsagePlanKey = o.Hasher.usagePlanKey(c.ID)
	if c.Tenant == "" {
		c.Tenant = c.ID
	}
	keys := make([]Key, len(o.APIs))
	for i, api := range o.APIs {
		keys[i], shown.Keys[api.Name] = newKey(c.ID, api, o.Hasher)
		keys[i].Created = now
	}
	if err := o.AdminStore.CreateClient(ctx, c, keys...); err != nil {
		return Client{}, Credentials{}, fmt.Errorf("auth: create client: %w", err)
	}
	return c, shown, nil
}

// Client implements AdminStore. It returns ErrNotFound for an id of another form without a call of the store.
func (o *Admin) Client(ctx context.Context, id string) (Client, error) {
	if !ValidClientID(id) {
		return Client{}, ErrNotFound
	}
	return o.AdminStore.Client(ctx, id)
}

// UpdateClient implements AdminStore, with the check of Client.
func (o *Admin) UpdateClient(ctx context.Context, id string, change func(*Client) error) (Client, error) {
	if !ValidClientID(id) {
		return Client{}, ErrNotFound
	}
	return o.AdminStore.UpdateClient(ctx, id, change)
}

// Keys implements AdminStore, with the check of Client.
func (o *Admin) Keys(ctx context.Context, client string) (Client, []Key, error) {
	if !ValidClientID(client) {
		return Client{}, nil, ErrNotFound
	}
	return o.AdminStore.Keys(ctx, client)
}

// SetSuspended suspends a client with all its keys and tokens, or ends its suspension.
func (o *Admin) SetSuspended(ctx context.Context, client string, suspended bool) (Client, error) {
	return o.UpdateClient(ctx, client, func(c *Client) error {
		c.Suspended = suspended
		return nil
	})
}

// CreateKey creates a key of a client and returns its text, to be shown once. Nil scopes do not restrict the client's.
func (o *Admin) CreateKey(ctx context.Context, client string, n KeyParams) (Key, string, error) {
	if !ValidClientID(client) {
		return Key{}, "", ErrNotFound
	}
	if err := n.Validate(o.now()); err != nil {
		return Key{}, "", err
	}
	n.Name = cmp.Or(n.Name, n.API.Name)
	return n.create(ctx, o.AdminStore, client, o.Hasher, o.now())
}

// RevokeKey revokes a key. It does not change a key that is already revoked.
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

// RevokeWithDescendants revokes a key, the keys that it created, the keys that these created and so on. It returns those
// that it revoked, the key itself first. It repeats until it finds no more, because a key may be creating others
// concurrently. It does not find descendants of a key that is no longer stored.
func (o *Admin) RevokeWithDescendants(ctx context.Context, id string) ([]Key, error) {
	first, err := o.RevokeKey(ctx, id)
	if err != nil {
		return nil, err
	}
	revoked := []Key{first}
	for {
		_, all, err := o.Keys(ctx, first.Client)
		if err != nil {
			return revoked, err
		}
		active := slices.DeleteFunc(descendantsOf(id, all), func(k Key) bool { return k.inactive(o.now()) })
		if len(active) == 0 {
			return revoked, nil
		}
		for _, k := range active {
			k, err := o.RevokeKey(ctx, k.ID)
			if err != nil {
				return revoked, err
			}
			revoked = append(revoked, k)
		}
	}
}

// descendantsOf returns the keys among all that a key created, directly or not.
func descendantsOf(id string, all []Key) []Key {
	var descendants []Key
	lineage := map[string]bool{id: true}
	for grown := true; grown; {
		grown = false
		for _, k := range all {
			if lineage[k.CreatedBy] && !lineage[k.ID] {
				lineage[k.ID] = true
				descendants = append(descendants, k)
				grown = true
			}
		}
	}
	return descendants
}
