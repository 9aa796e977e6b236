package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"cedula/shared/auth"
	"cedula/shared/table"
)

// failuresRecord is the failed logins of a counter as its item's body.
type failuresRecord struct {
	Count int   `json:"n"`
	Until int64 `json:"u"` // Unix milliseconds
}

// Attempt reads a client, one of its keys, and its failed logins or those of
// ids that no client has.
func (s *Store) Attempt(ctx context.Context, client, keyID string) (auth.Client, auth.Key, auth.Failures, error) {
	own, shared := failuresKey(client), failuresKey(s.keys.nobody(client))
	found, err := s.table.Get(ctx, true, clientKey(client), apiKeyKey(client, keyID), own, shared)
	if err != nil {
		return auth.Client{}, auth.Key{}, auth.Failures{}, explain("read credentials", err)
	}
	c, k, err := credentials(found.Items)
	counter := own
	if errors.Is(err, auth.ErrUnknown) {
		counter = shared
	}
	f, damaged := failures(counter, found.Items)
	return c, k, f, errors.Join(err, damaged)
}

// Count writes failed logins over those that f was read as. The item goes by
// itself once they are forgotten.
func (s *Store) Count(ctx context.Context, f auth.Failures) (auth.Failures, error) {
	counter, was := failuresKey(f.Counter), table.Absent()
	if f.Version > 0 {
		was = table.VersionIs(f.Version)
	}
	body := mustEncode(failuresRecord{f.Count, f.Until.UnixMilli()})
	_, err := s.table.Write(ctx, table.Put(table.Item{
		Key: counter, Version: f.Version + 1, Expires: f.Until.Add(time.Second).Truncate(time.Second), Body: body,
	}, was))
	var failed *table.ConditionError
	if !errors.As(err, &failed) {
		return f, explain("count failed logins", err)
	}
	var there []table.Item
	if current := failed.Of(0); current != nil && current.Current != nil {
		there = append(there, *current.Current)
	}
	now, damaged := failures(counter, there)
	return now, errors.Join(auth.ErrExists, damaged)
}

// failures finds a counter's among items; none is zero failures.
func failures(counter table.Key, items []table.Item) (auth.Failures, error) {
	f := auth.Failures{Counter: strings.TrimPrefix(counter.PK, prefixFailures)}
	for _, i := range items {
		if i.Key != counter {
			continue
		}
		var r failuresRecord
		if err := json.Unmarshal(i.Body, &r); err != nil {
			return auth.Failures{}, fmt.Errorf("store: damaged record of failed logins")
		}
		f.Count, f.Until, f.Version = r.Count, time.UnixMilli(r.Until), i.Version
	}
	return f, nil
}
