package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cedula/shared/auth"
	"cedula/shared/table"
)

// Client reads a client.
func (s *Store) Client(ctx context.Context, id string) (auth.Client, error) {
	item, err := s.getItem(ctx, "read client", clientKey(id))
	if err != nil {
		return auth.Client{}, err
	}
	return decodeClient(item.Body)
}

// getItem reads an item that must be there.
func (s *Store) getItem(ctx context.Context, operation string, key table.Key) (table.Item, error) {
	found, err := s.table.Get(ctx, true, key)
	if err != nil {
		return table.Item{}, wrapAuthErr(operation, err)
	}
	if len(found.Items) == 0 {
		return table.Item{}, auth.ErrNotFound
	}
	return found.Items[0], nil
}

// Clients reads every client, from an index that may be a moment behind.
func (s *Store) Clients(ctx context.Context) ([]auth.Client, error) {
	q := table.Query{Index: indexList, PK: clientsPK, Limit: table.MaxGetItems}
	var list []auth.Client
	err := s.eachPage(ctx, q, func(entries []table.Item) error {
		some, err := s.loadClients(ctx, entries)
		list = append(list, some...)
		return err
	})
	return list, wrapAuthErr("list clients", err)
}

func (s *Store) loadClients(ctx context.Context, entries []table.Item) ([]auth.Client, error) {
	if len(entries) == 0 {
		return nil, nil
	}
	keys := make([]table.Key, len(entries))
	for n := range entries {
		keys[n] = entries[n].Key
	}
	found, err := s.table.Get(ctx, true, keys...)
	if err != nil {
		return nil, err
	}
	list := make([]auth.Client, len(found.Items))
	for n := range found.Items {
		list[n], err = decodeClient(found.Items[n].Body)
		if err != nil {
			return nil, err
		}
	}
	return list, nil
}

// UpdateClient writes the next version of a client.
func (s *Store) UpdateClient(ctx context.Context, id string, change func(*auth.Client) error) (c auth.Client, err error) {
	err = s.updateItem(ctx, "change client", clientKey(id), func(item table.Item) (table.Item, error) {
		c, err = decodeClient(item.Body)
		if err != nil {
			return item, err
		}
		err := change(&c)
		return clientItem(c, item.Version+1), err
	})
	return c, err
}

// UpdateKey writes the next version of a key.
func (s *Store) UpdateKey(ctx context.Context, client, id string, change func(*auth.Key) error) (k auth.Key, err error) {
	err = s.updateItem(ctx, "change key", apiKeyKey(client, id), func(item table.Item) (table.Item, error) {
		k, err = decodeAPIKey(item.Body)
		if err != nil {
			return item, err
		}
		err := change(&k)
		return apiKeyItem(k, item.Version+1), err
	})
	return k, err
}

// RevokeKey writes the time from which on a key is refused. One that is refused
// by then already stays as it is.
func (s *Store) RevokeKey(ctx context.Context, client, id string, at time.Time) error {
	_, err := s.UpdateKey(ctx, client, id, func(k *auth.Key) error {
		if !k.Revoked.IsZero() && !k.Revoked.After(at) {
			return errUnchanged
		}
		k.Revoked = at
		return nil
	})
	if errors.Is(err, errUnchanged) {
		return nil
	}
	return err
}

// errUnchanged ends a change that has nothing to write.
var errUnchanged = errors.New("store: nothing to change")

// maxUpdateAttempts is how often an item is read that others change meanwhile.
const maxUpdateAttempts = 10

func (s *Store) updateItem(ctx context.Context, operation string, key table.Key, next func(table.Item) (table.Item, error)) error {
	for range maxUpdateAttempts {
		item, err := s.getItem(ctx, operation, key)
		if err != nil {
			return err
		}
		changed, err := next(item)
		if err != nil {
			return err
		}
		_, err = s.table.Write(ctx, table.Put(changed, table.VersionIs(item.Version)))
		var failed *table.ConditionError
		if !errors.As(err, &failed) {
			return wrapAuthErr(operation, err)
		}
	}
	return fmt.Errorf("%s: %w", operation, auth.ErrBusy)
}

// clientItem is a version of a client, which stands in the list of all.
func clientItem(c auth.Client, version int64) table.Item {
	return table.Item{
		Key: clientKey(c.ID), Version: version, Body: encodeClient(c),
		Indexes: map[string]table.Key{indexList: {PK: clientsPK, SK: fmt.Sprintf("%011d#%s", c.Created.Unix(), c.ID)}},
	}
}
