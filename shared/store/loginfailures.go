package store

import (
	"context"
	"errors"
	"strings"
	"time"

	"cedula/shared/auth"
	"cedula/shared/table"
)

// failureWindowRecord is the body of the item of a failure counter.
type failureWindowRecord struct {
	Count int   `json:"n"`
	Until int64 `json:"u"` // Unix milliseconds
}

// CredentialsWithFailures reads a client, one of its keys, and its failed logins, or those of unknown client ids.
func (s *Store) CredentialsWithFailures(ctx context.Context, client, keyID string) (auth.Client, auth.Key, auth.FailureWindow, error) {
	own, shared := loginFailuresKey(client), loginFailuresKey(s.keys.sharedFailureCounter(client))
	found, err := s.table.Get(ctx, true, clientKey(client), apiKeyKey(client, keyID), own, shared)
	if err != nil {
		return auth.Client{}, auth.Key{}, auth.FailureWindow{}, authErrors.wrap("read credentials", err)
	}
	c, k, err := decodeCredentials(found.Items)
	counter := own
	if errors.Is(err, auth.ErrNotFound) {
		counter = shared
	}
	f, damaged := decodeFailures(counter, found.Items)
	return c, k, f, errors.Join(err, damaged)
}

// RecordFailure replaces the failed logins that f was read from. The table deletes the item when the window ends.
func (s *Store) RecordFailure(ctx context.Context, f auth.FailureWindow) (auth.FailureWindow, error) {
	counter := loginFailuresKey(f.CounterID)
	failed, err := s.write(ctx, table.Put(table.Item{
		Key: counter, Version: f.Version + 1, Expires: f.Expires.Add(time.Second).Truncate(time.Second),
		Body: mustEncode(failureWindowRecord{f.Count, f.Expires.UnixMilli()}),
	}, ifVersion(f.Version)))
	if failed == nil {
		return f, authErrors.wrap("count failed logins", err)
	}
	var stored []table.Item
	if current := failed.Failures[0].Current; current != nil {
		stored = append(stored, *current)
	}
	now, damaged := decodeFailures(counter, stored)
	return now, errors.Join(auth.ErrVersionMismatch, damaged)
}

// decodeFailures returns the failures of a counter among items; zero if there is no such item.
func decodeFailures(counter table.Key, items []table.Item) (auth.FailureWindow, error) {
	f := auth.FailureWindow{CounterID: strings.TrimPrefix(counter.PK, prefixLoginFailures)}
	for _, i := range items {
		if i.Key != counter {
			continue
		}
		r, err := decode[failureWindowRecord](i.Body, "record of failed logins")
		if err != nil {
			return auth.FailureWindow{}, err
		}
		f.Count, f.Expires, f.Version = r.Count, time.UnixMilli(r.Until), i.Version
	}
	return f, nil
}
