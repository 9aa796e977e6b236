// Package store is the single-table design: every key, every item and every
// access pattern of the registry.
// It knows no wire format, no HTTP and no engine's own types.
package store

import (
	"context"
	"crypto/cipher"
	"errors"
	"fmt"
	"sync"

	"cedula/shared/auth"
	"cedula/shared/identity"
	"cedula/shared/table"
)

// Store keeps identities, clients and API keys in one table. It implements
// identity.Store and auth.Store.
type Store struct {
	ListSharding ListSharding // set before first use; nil: every list has one shard

	table         table.Table
	keys          keyBuilder
	messageCipher func() cipher.AEAD // of messages
}

// New is a store on t. The secret is the deployment's, at least 32 bytes, and
// must never change: every key depends on it.
func New(t table.Table, secret []byte) *Store {
	boxes := sync.OnceValue(func() cipher.AEAD { return newMessageCipher(secret) }) // few need it
	return &Store{table: t, keys: newKeyBuilder(secret), messageCipher: boxes}
}

// Ping returns nil if the table answers. It reads one item that does not exist.
func (s *Store) Ping(ctx context.Context) error {
	_, err := s.table.Get(ctx, false, table.Key{PK: "PING", SK: itemSK})
	return wrapErr("ping", err)
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

// nextNonEmptyPage reads the next page of a query that holds anything. A page without items
// is no end where it says how to go on.
func (s *Store) nextNonEmptyPage(ctx context.Context, q table.Query) (table.Page, error) {
	for {
		page, err := s.table.Query(ctx, q)
		if err != nil || len(page.Items) > 0 || page.Next == nil {
			return page, err
		}
		q.Start = page.Next
	}
}

// eachPage reads a query to its end. A page may end early, and hold nothing. It returns the error of the table or of take.
func (s *Store) eachPage(ctx context.Context, q table.Query, take func([]table.Item) error) error {
	for {
		page, err := s.table.Query(ctx, q)
		if err != nil {
			return err
		}
		if err := take(page.Items); err != nil || page.Next == nil {
			return err
		}
		q.Start = page.Next
	}
}

// ifVersion is the condition of what is written over a version; 0 is none.
func ifVersion(version int64) table.Condition {
	if version == 0 {
		return table.Absent()
	}
	return table.VersionIs(version)
}

// wrapErr turns a table's error into the core's, with the operation's name.
func wrapErr(operation string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, table.ErrTooLarge) {
		return fmt.Errorf("%s: %w: %w", operation, identity.ErrTooLarge, err)
	}
	if errors.Is(err, table.ErrConflict) {
		return fmt.Errorf("%s: %w: %w", operation, identity.ErrBusy, err)
	}
	if unavailable(err) {
		return fmt.Errorf("%s: %w: %w", operation, identity.ErrUnavailable, err)
	}
	return fmt.Errorf("%s: %w", operation, err)
}

// wrapAuthErr turns a table's error into one of auth, with the operation's name.
func wrapAuthErr(operation string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, table.ErrConflict) {
		return fmt.Errorf("%s: %w: %w", operation, auth.ErrBusy, err)
	}
	if unavailable(err) {
		return fmt.Errorf("%s: %w: %w", operation, auth.ErrUnavailable, err)
	}
	return fmt.Errorf("%s: %w", operation, err)
}

// unavailable reports whether the table did not answer, or not in time.
func unavailable(err error) bool {
	return errors.Is(err, table.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}
