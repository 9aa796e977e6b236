package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"cedula/shared/auth"
	"cedula/shared/table"
)

// clientRecord is the body of a client's item.
type clientRecord struct {
	ID           string        `json:"id"`
	Tenant       string        `json:"t"`
	Name         string        `json:"n,omitzero"`
	Scopes       []string      `json:"s,omitempty"`
	Suspended    bool          `json:"off,omitzero"`
	Strict       bool          `json:"strict,omitzero"`
	Secrets      []auth.Secret `json:"sec,omitempty"`
	UsagePlanKey string        `json:"up,omitzero"`
	Live         bool          `json:"prod,omitzero"`
	Rate         float64       `json:"rate,omitzero"`
	Burst        int           `json:"burst,omitzero"`
	Quota        int           `json:"quota,omitzero"`
	Created      time.Time     `json:"c"`
	Onboarding   string        `json:"steps,omitzero"`
	PendingTTL   int64         `json:"life,omitzero"` // seconds
}

// CreateClient writes a client and its keys in one transaction.
func (s *Store) CreateClient(ctx context.Context, c auth.Client, apiKeys ...auth.Key) error {
	ops := []table.Op{table.Put(clientItem(c, 1), table.Absent())}
	for _, k := range apiKeys {
		ops = append(ops, table.Put(apiKeyItem(k, 1), table.Absent()))
	}
	failed, err := s.write(ctx, ops...)
	if failed != nil {
		return auth.ErrAlreadyExists
	}
	return authErrors.wrap("create client", err)
}

// Client reads a client.
func (s *Store) Client(ctx context.Context, id string) (auth.Client, error) {
	item, err := s.getItem(ctx, "read client", clientKey(id), authErrors)
	if err != nil {
		return auth.Client{}, err
	}
	return decodeClient(item.Body)
}

// Clients reads every client, from an eventually consistent index.
func (s *Store) Clients(ctx context.Context) (list []auth.Client, err error) {
	q := table.Query{Index: indexList, PK: clientsPK, Limit: table.MaxGetItems}
	err = s.eachPage(ctx, q, func(entries []table.Item) error {
		items, err := s.loadItems(ctx, entries)
		for n := range items {
			c, damaged := decodeClient(items[n].Body)
			list = append(list, c)
			err = errors.Join(err, damaged)
		}
		return err
	})
	return list, authErrors.wrap("list clients", err)
}

// UpdateClient writes the next version of a client.
func (s *Store) UpdateClient(ctx context.Context, id string, change func(*auth.Client) error) (auth.Client, error) {
	return updateItem(ctx, s, "change client", clientKey(id), decodeClient, change, clientItem)
}

// maxUpdateAttempts is how often an update of a client or a key is tried while concurrent updates win.
const maxUpdateAttempts = 10

// updateItem reads an item, changes its contents, and writes the result as its next version.
func updateItem[T any](
	ctx context.Context, s *Store, operation string, key table.Key,
	decode func([]byte) (T, error), change func(*T) error, item func(T, int64) table.Item,
) (t T, err error) {
	for range maxUpdateAttempts {
		current, err := s.getItem(ctx, operation, key, authErrors)
		if err != nil {
			return t, err
		}
		t, err = decode(current.Body)
		if err != nil {
			return t, err
		}
		more := findUnknown(current.Body, item(t, current.Version).Body)
		if err := change(&t); err != nil {
			return t, err
		}
		next := item(t, current.Version+1)
		next.Body = more.addTo(next.Body)
		failed, err := s.write(ctx, table.Put(next, table.VersionIs(current.Version)))
		if failed == nil {
			return t, authErrors.wrap(operation, err)
		}
	}
	return t, fmt.Errorf("%s: %w", operation, auth.ErrBusy)
}

// Credentials reads a client and one of its keys in one call.
func (s *Store) Credentials(ctx context.Context, client, keyID string) (auth.Client, auth.Key, error) {
	found, err := s.table.Get(ctx, true, clientKey(client), apiKeyKey(client, keyID))
	if err != nil {
		return auth.Client{}, auth.Key{}, authErrors.wrap("read credentials", err)
	}
	return decodeCredentials(found.Items)
}

// decodeCredentials reads the items of a client and a key, which come first.
func decodeCredentials(items []table.Item) (auth.Client, auth.Key, error) {
	if len(items) < 2 || items[0].SK != itemSK || !strings.HasPrefix(items[0].PK, prefixClient) ||
		!strings.HasPrefix(items[1].SK, prefixAPIKey) {
		return auth.Client{}, auth.Key{}, auth.ErrNotFound
	}
	c, err := decodeClient(items[0].Body)
	if err != nil {
		return auth.Client{}, auth.Key{}, err
	}
	k, err := decodeAPIKey(items[1].Body)
	return c, k, err
}

// Keys reads a client, which comes before its keys, and all its keys.
func (s *Store) Keys(ctx context.Context, client string) (c auth.Client, list []auth.Key, err error) {
	q := table.Query{PK: clientKey(client).PK, Strong: true}
	err = s.eachPage(ctx, q, func(items []table.Item) (err error) {
		for n := range items {
			if items[n].SK == itemSK {
				c, err = decodeClient(items[n].Body)
			} else {
				var k auth.Key
				k, err = decodeAPIKey(items[n].Body)
				list = append(list, k)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return auth.Client{}, nil, authErrors.wrap("read keys", err)
	}
	if c.ID == "" {
		return auth.Client{}, nil, auth.ErrNotFound
	}
	return c, list, nil
}

// clientItem returns the item of a client, which is in the list of all clients.
func clientItem(c auth.Client, version int64) table.Item {
	return table.Item{
		Key: clientKey(c.ID), Version: version, Body: encodeClient(c),
		Indexes: map[string]table.Key{indexList: {PK: clientsPK, SK: fmt.Sprintf("%011d#%s", c.Created.Unix(), c.ID)}},
	}
}

func encodeClient(c auth.Client) []byte {
	return mustEncode(clientRecord{
		ID: c.ID, Tenant: c.Tenant, Name: c.Name, Scopes: c.Scopes, Suspended: c.Suspended, Strict: c.Strict,
		Secrets: c.Secrets, UsagePlanKey: c.UsagePlanKey, Live: !c.TestMode,
		Rate: c.Limits.Rate, Burst: c.Limits.Burst, Quota: c.Limits.Quota, Created: c.Created.UTC(),
		Onboarding: c.Policy.Onboarding, PendingTTL: int64(c.Policy.PendingTTL / time.Second),
	})
}

func decodeClient(body []byte) (auth.Client, error) {
	r, err := decode[clientRecord](body, "client record")
	return auth.Client{
		ID: r.ID, Tenant: r.Tenant, Name: r.Name, Scopes: r.Scopes, Suspended: r.Suspended, Strict: r.Strict,
		Secrets: r.Secrets, UsagePlanKey: r.UsagePlanKey, TestMode: !r.Live,
		Limits: auth.Limits{Rate: r.Rate, Burst: r.Burst, Quota: r.Quota}, Created: r.Created,
		Policy: auth.Policy{Onboarding: r.Onboarding, PendingTTL: time.Duration(r.PendingTTL) * time.Second},
	}, err
}
