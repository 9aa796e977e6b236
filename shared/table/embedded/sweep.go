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

// due is an expiry entry: an item and the second that was given to it.
type due struct {
	table.Key
	seconds int64
}

func (d due) row() []byte { return expiryRow(d.seconds, d.Key) }

// Sweep deletes the items whose Expires is not after now, in batches, and
// returns how many it deleted. One that was given more time meanwhile stays.
func (db *DB) Sweep(ctx context.Context, now time.Time) (int, error) {
	db.sweeping.Lock()
	defer db.sweeping.Unlock()
	swept, from := 0, []byte{kindExpiry}
	for from != nil {
		n, next, err := db.sweepFrom(ctx, from, now)
		if err != nil {
			return swept, fmt.Errorf("sweep: %w", err)
		}
		swept, from = swept+n, next
	}
	return swept, nil
}

// sweepFrom deletes a batch whose entries stand at from or behind it, and
// returns where to go on; nil at the end.
func (db *DB) sweepFrom(ctx context.Context, from []byte, now time.Time) (swept int, next []byte, err error) {
	found, next, err := db.expired(ctx, from, now)
	if err != nil || len(found) == 0 {
		return 0, nil, err
	}
	found, err = db.agreeing(ctx, found)
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

// agreeing deletes the entries that their items contradict, which no write
// leaves behind, and returns the others.
func (db *DB) agreeing(ctx context.Context, found []due) ([]due, error) {
	if err := db.enter(ctx); err != nil {
		return nil, err
	}
	defer db.leave()
	db.writing.Lock()
	defer db.writing.Unlock()
	batch := db.kv.NewBatch()
	defer db.letGo(batch)
	var good []due
	for _, d := range found {
		item, err := db.row(d.Key)
		if err != nil {
			return nil, err
		}
		if item != nil && !item.Expires.IsZero() && item.Expires.Unix() == d.seconds {
			good = append(good, d)
		} else if err := batch.Delete(d.row(), nil); err != nil {
			return nil, fmt.Errorf("%w: %v", table.ErrUnavailable, err)
		}
	}
	return good, db.drop(batch)
}

// drop applies a batch that takes away nothing that a call could see.
func (db *DB) drop(batch *pebble.Batch) error {
	if batch.Empty() {
		return nil
	}
	if err := db.hand(batch); err != nil {
		return err
	}
	if err := batch.SyncWait(); err != nil {
		db.flights.fault.set(err)
	}
	return db.flights.broken()
}

// expired returns the first entries to sweep that stand at from or behind it,
// and where the entries after them begin.
func (db *DB) expired(ctx context.Context, from []byte, now time.Time) (found []due, next []byte, err error) {
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
	for ok := rows.First(); ok && len(found) < sweepBatch; ok = rows.Next() {
		d, ok := dueOf(rows.Key())
		if !ok {
			return nil, nil, errors.Join(readError(ErrDamaged), rows.Close())
		}
		found, next = append(found, d), append(bytes.Clone(rows.Key()), 0)
	}
	if err := errors.Join(rows.Error(), rows.Close()); err != nil {
		return nil, nil, readError(err)
	}
	return found, next, nil
}

// dueOf reads an expiry row.
func dueOf(row []byte) (due, bool) {
	seconds, rest, ok := cutSeconds(row)
	if !ok {
		return due{}, false
	}
	k, ok := cutKey(rest)
	return due{k, seconds}, ok
}
