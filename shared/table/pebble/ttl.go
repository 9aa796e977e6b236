package pebble

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"cedula/shared/table"
)

// sweepBatchSize is how many items one commit of Sweep deletes, so that other writers do not wait long.
const sweepBatchSize = table.MaxWriteItems

// Sweep deletes the items whose Expires is not after now, in batches, and returns how many it deleted.
func (db *DB) Sweep(ctx context.Context, now time.Time) (int, error) {
	expired, err := db.expiredKeys(ctx, now)
	if err != nil {
		return 0, fmt.Errorf("sweep: %w", err)
	}
	deleted := 0
	for batch := range slices.Chunk(expired, sweepBatchSize) {
		staged := 0
		err := db.update(ctx, func(c *commit) (err error) {
			staged, err = db.stageExpired(c, batch, now)
			return err
		})
		if err != nil {
			return deleted, fmt.Errorf("sweep: %w", err)
		}
		deleted += staged
	}
	return deleted, nil
}

// stageExpired stages the deletion of the items under these keys and returns their number. It spares an item that was
// renewed since its key was read.
func (db *DB) stageExpired(c *commit, keys []table.Key, now time.Time) (int, error) {
	deleted := 0
	for _, k := range keys {
		item, err := db.readItem(k)
		if err != nil {
			return 0, err
		}
		if item != nil && !item.Expires.IsZero() && !item.Expires.After(now) {
			c.stage(item, nil)
			deleted++
		}
	}
	return deleted, nil
}

// expiredKeys returns the keys of the items whose Expires is not after now.
func (db *DB) expiredKeys(ctx context.Context, now time.Time) (keys []table.Key, err error) {
	if err := db.enter(ctx); err != nil {
		return nil, err
	}
	defer db.leave()
	rows, err := db.kv.NewIter(&pebble.IterOptions{LowerBound: []byte{kindExpiry}, UpperBound: expiryBound(now.Unix() + 1)})
	if err != nil {
		return nil, readError(err)
	}
	for ok := rows.First(); ok; ok = rows.Next() {
		k, ok := cutExpiryRow(rows.Key())
		if !ok {
			return nil, errors.Join(readError(ErrCorrupt), rows.Close())
		}
		keys = append(keys, k)
	}
	if err := errors.Join(rows.Error(), rows.Close()); err != nil {
		return nil, readError(err)
	}
	return keys, nil
}
