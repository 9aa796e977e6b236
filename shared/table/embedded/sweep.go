package embedded

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble"

	"cedula/shared/table"
)

// sweepBatch items are deleted at once, so that other writers wait little.
const sweepBatch = table.MaxWriteItems

// Sweep deletes the items whose Expires is not after now, in batches, and
// returns how many it deleted. One that was given more time meanwhile stays.
func (db *DB) Sweep(ctx context.Context, now time.Time) (int, error) {
	db.sweeping.Lock()
	defer db.sweeping.Unlock()
	from := []byte{kindExpiry}
	for swept := 0; ; {
		keys, next, err := db.expired(ctx, from, now)
		if err != nil {
			return swept, fmt.Errorf("sweep: %w", err)
		}
		if len(keys) == 0 {
			return swept, nil
		}
		ops := make([]table.Op, len(keys))
		for i, k := range keys {
			ops[i] = table.Delete(k, table.AbsentOrExpired(now))
		}
		_, err = db.Write(ctx, ops...)
		if failed := new(table.ConditionError); errors.As(err, &failed) {
			continue // given more time since we looked, so no longer found
		}
		if err != nil {
			return swept, fmt.Errorf("sweep: %w", err)
		}
		swept += len(keys)
		from = next
	}
}

// expired returns the keys of the first items to sweep whose expiry entries
// stand at from or behind it, and where the entries after theirs begin.
func (db *DB) expired(ctx context.Context, from []byte, now time.Time) (keys []table.Key, next []byte, err error) {
	if err := db.enter(ctx); err != nil {
		return nil, nil, err
	}
	defer db.leave()
	rows, err := db.kv.NewIter(&pebble.IterOptions{
		LowerBound: from,
		UpperBound: expiryBound(now.Unix() + 1),
	})
	if err != nil {
		return nil, nil, readError(err)
	}
	for ok := rows.First(); ok && len(keys) < sweepBatch; ok = rows.Next() {
		k, ok := cutKey(rows.Key()[len(expiryBound(0)):])
		if !ok {
			return nil, nil, errors.Join(readError(ErrDamaged), rows.Close())
		}
		keys, next = append(keys, k), append(bytes.Clone(rows.Key()), 0)
	}
	if err := errors.Join(rows.Error(), rows.Close()); err != nil {
		return nil, nil, readError(err)
	}
	return keys, next, nil
}
