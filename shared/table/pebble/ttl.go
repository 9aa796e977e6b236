package pebble

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble"

	"cedula/shared/table"
)

// sweepBatchSize items are deleted at once, so that other writers wait little.
const sweepBatchSize = table.MaxWriteItems

// expiryEntry is an expiry entry: an item and the second that was given to it.
type expiryEntry struct {
	table.Key
	seconds int64
}

func (d expiryEntry) row() []byte { return expiryRow(d.seconds, d.Key) }

// Sweep deletes the items whose Expires is not after now, in batches, and
// returns how many it deleted. One that was given more time meanwhile stays.
func (db *DB) Sweep(ctx context.Context, now time.Time) (int, error) {
	db.sweepMu.Lock()
	defer db.sweepMu.Unlock()
	swept, from := 0, []byte{kindExpiry}
	for from != nil {
		n, next, err := db.sweepOneBatch(ctx, from, now)
		if err != nil {
			return swept, fmt.Errorf("sweep: %w", err)
		}
		swept, from = swept+n, next
	}
	return swept, nil
}

// sweepOneBatch deletes a batch whose entries stand at from or behind it, and
// returns where to go on; nil at the end.
func (db *DB) sweepOneBatch(ctx context.Context, from []byte, now time.Time) (swept int, next []byte, err error) {
	found, next, err := db.readExpiryEntries(ctx, from, now)
	if err != nil || len(found) == 0 {
		return 0, nil, err
	}
	found, err = db.dropStaleEntries(ctx, found)
	if err != nil || len(found) == 0 {
		return 0, next, err
	}
	ops := make([]table.Op, len(found))
	for i, d := range found {
		ops[i] = table.Delete(d.Key, table.AbsentOrExpired(now))
	}
	_, err = db.Write(ctx, ops...)
	if failed := new(table.ConditionError); errors.As(err, &failed) {
		return 0, from, nil // given more time since we looked, so no longer found
	}
	return len(found), next, err
}

// dropStaleEntries deletes the entries that their items contradict, which no write
// leaves behind, and returns the others.
func (db *DB) dropStaleEntries(ctx context.Context, found []expiryEntry) ([]expiryEntry, error) {
	if err := db.enter(ctx); err != nil {
		return nil, err
	}
	defer db.leave()
	db.writeMu.Lock()
	defer db.writeMu.Unlock()
	batch := db.kv.NewBatch()
	defer db.releaseBatch(batch)
	var good []expiryEntry
	for _, d := range found {
		item, err := db.readItem(d.Key)
		if err != nil {
			return nil, err
		}
		if item != nil && !item.Expires.IsZero() && item.Expires.Unix() == d.seconds {
			good = append(good, d)
		} else if err := batch.Delete(d.row(), nil); err != nil {
			return nil, fmt.Errorf("%w: %v", table.ErrUnavailable, err)
		}
	}
	return good, db.applyDeletes(batch)
}

// applyDeletes applies a batch that takes away nothing that a call could see.
func (db *DB) applyDeletes(batch *pebble.Batch) error {
	if batch.Empty() {
		return nil
	}
	if err := db.submit(batch); err != nil {
		return err
	}
	if err := batch.SyncWait(); err != nil {
		db.commits.diskError.record(err)
	}
	return db.commits.failure()
}

// readExpiryEntries returns the first entries to sweep that stand at from or behind it,
// and where the entries after them begin.
func (db *DB) readExpiryEntries(ctx context.Context, from []byte, now time.Time) (found []expiryEntry, next []byte, err error) {
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
	for ok := rows.First(); ok && len(found) < sweepBatchSize; ok = rows.Next() {
		d, ok := decodeExpiryRow(rows.Key())
		if !ok {
			return nil, nil, errors.Join(readError(ErrCorrupt), rows.Close())
		}
		found, next = append(found, d), append(bytes.Clone(rows.Key()), 0)
	}
	if err := errors.Join(rows.Error(), rows.Close()); err != nil {
		return nil, nil, readError(err)
	}
	return found, next, nil
}

// decodeExpiryRow reads an expiry row.
func decodeExpiryRow(row []byte) (expiryEntry, bool) {
	seconds, rest, ok := cutSeconds(row)
	if !ok {
		return expiryEntry{}, false
	}
	k, ok := cutKey(rest)
	return expiryEntry{k, seconds}, ok
}
