// Package store implements the ports of identity and auth on one table: it defines every key, item and access pattern. It
// must not import an API or an engine.
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

// Store stores identities, clients and API keys in one table. It implements identity.Store and auth.AdminStore, and is safe
// for concurrent use.
type Store struct {
	ListSharding ListSharding // set before first use; nil: every list has one shard

	table         table.Table
	keys          keyBuilder
	messageCipher func() cipher.AEAD // encrypts queued messages
}

// New returns a store on t. The deployment secret has at least 32 bytes and must never change, because every key depends
// on it.
func New(t table.Table, secret []byte) *Store {
	boxes := sync.OnceValue(func() cipher.AEAD { return newMessageCipher(secret) }) // few functions need it
	return &Store{table: t, keys: newKeyBuilder(secret), messageCipher: boxes}
}

// Ping returns nil if the table is available. It reads an item that does not exist.
func (s *Store) Ping(ctx context.Context) error {
	_, err := s.table.Get(ctx, false, table.Key{PK: "PING", SK: itemSK})
	return identityErrors.wrap("ping", err)
}

// getItem reads an item that must exist.
func (s *Store) getItem(ctx context.Context, operation string, key table.Key, port portErrors) (table.Item, error) {
	found, err := s.table.Get(ctx, true, key)
	if err != nil {
		return table.Item{}, port.wrap(operation, err)
	}
	if len(found.Items) == 0 {
		return table.Item{}, port.notFound
	}
	return found.Items[0], nil
}

// write is table.Write, but returns failed conditions apart from other errors.
func (s *Store) write(ctx context.Context, ops ...table.Op) (failed *table.ConditionError, err error) {
	_, err = s.table.Write(ctx, ops...)
	if errors.As(err, &failed) {
		return failed, nil
	}
	return nil, err
}

// nextNonEmptyPage reads the next page that is not empty. DynamoDB may return an empty page with a continuation
// key.
func (s *Store) nextNonEmptyPage(ctx context.Context, q table.Query) (table.Page, error) {
	for {
		page, err := s.table.Query(ctx, q)
		if err != nil || len(page.Items) > 0 || page.Next == nil {
			return page, err
		}
		q.Start = page.Next
	}
}

// loadItems reads the items of index entries.
func (s *Store) loadItems(ctx context.Context, entries []table.Item) ([]table.Item, error) {
	if len(entries) == 0 {
		return nil, nil
	}
	keys := make([]table.Key, len(entries))
	for n := range entries {
		keys[n] = entries[n].Key
	}
	found, err := s.table.Get(ctx, true, keys...)
	return found.Items, err
}

// eachPage reads a query to its end. A page may be short or empty. It returns the error of the table or of take.
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

// ifVersion returns the condition that an item has a version, or, for 0, that it does not exist.
func ifVersion(version int64) table.Condition {
	if version == 0 {
		return table.Absent()
	}
	return table.VersionIs(version)
}

// portErrors are the errors of the port that a method implements.
type portErrors struct{ notFound, tooLarge, busy, unavailable error }

var (
	identityErrors = portErrors{identity.ErrNotFound, identity.ErrTooLarge, identity.ErrBusy, identity.ErrUnavailable}
	authErrors     = portErrors{auth.ErrNotFound, nil, auth.ErrBusy, auth.ErrUnavailable}
)

// wrap turns an error of the table into one of the port, and adds the operation's name.
func (p portErrors) wrap(operation string, err error) error {
	if err == nil {
		return nil
	}
	if p.tooLarge != nil && errors.Is(err, table.ErrTooLarge) {
		return fmt.Errorf("%s: %w: %w", operation, p.tooLarge, err)
	}
	if errors.Is(err, table.ErrConflict) {
		return fmt.Errorf("%s: %w: %w", operation, p.busy, err)
	}
	if isUnavailable(err) {
		return fmt.Errorf("%s: %w: %w", operation, p.unavailable, err)
	}
	return fmt.Errorf("%s: %w", operation, err)
}

// isUnavailable reports whether the table did not respond, or not in time.
func isUnavailable(err error) bool {
	return errors.Is(err, table.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}
