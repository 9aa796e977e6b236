package pebble

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble"

	"cedula/shared/table"
)

// sweepBatchSize is how many items one commit of Sweep deletes, so that other writers do not wait long.
const sweepBatchSize = table.MaxWriteItems

// expiryEntry is a row that says when an item expires.
type expiryEntry struct {
	table.Key
	seconds int64
}

// Sweep deletes the items whose Expires is not after now, in batches, and returns how many it deleted.
func (db *DB) Sweep(ctx context.Context, now time.Time) (int, error) {
	total := 0
	lower, upper := []byte{kindExpiry}, expiryBound(now.Unix()+1)
	for {
		deleted := 0
		var due []expiryEntry
		err := db.update(ctx, func(c *commit) (err error) {
			due, err = db.readExpiryEntries(lower, upper)
			if err == nil {
				deleted, err = db.stageExpired(c, due)
			}
			return err
		})
		if err != nil {
			return total, fmt.Errorf("sweep: %w", err)
		}
		total += deleted
		if len(due) < sweepBatchSize {
			return total, nil
		}
		last := due[len(due)-1]
		lower = append(expiryRow(last.seconds, last.Key), 0)
	}
}

// stageExpired stages the deletion of the items that expired and returns their number. It ignores an entry that
// contradicts its item; no write leaves one.
func (db *DB) stageExpired(c *commit, due []expiryEntry) (int, error) {
	deleted := 0
	for _, e := range due {
		item, err := db.readItem(e.Key)
		if err != nil {
			return 0, err
		}
		if item == nil || item.Expires.IsZero() || item.Expires.Unix() != e.seconds {
			continue
		}
		if err := c.stage(item, nil); err != nil {
			return 0, fmt.Errorf("%w: %v", table.ErrUnavailable, err)
		}
		deleted++
	}
	return deleted, nil
}

// readExpiryEntries returns the first entries from lower, included, to upper, excluded.
func (db *DB) readExpiryEntries(lower, upper []byte) ([]expiryEntry, error) {
	rows, err := db.kv.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return nil, readError(err)
	}
	var found []expiryEntry
	for ok := rows.First(); ok && len(found) < sweepBatchSize; ok = rows.Next() {
		seconds, k, ok := cutExpiryRow(rows.Key())
		if !ok {
			return nil, errors.Join(readError(ErrCorrupt), rows.Close())
		}
		found = append(found, expiryEntry{k, seconds})
	}
	if err := errors.Join(rows.Error(), rows.Close()); err != nil {
		return nil, readError(err)
	}
	return found, nil
}
