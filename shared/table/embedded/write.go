package embedded

import (
	"context"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble"

	"cedula/shared/table"
)

// Write implements table.Table. It never returns ErrConflict: writers wait for
// each other. Once its changes are applied it waits for their flush even if
// the context ends, so that its answer is always the truth.
func (db *DB) Write(ctx context.Context, ops ...table.Op) (table.Units, error) {
	if err := table.CheckWrite(ops, db.indexes); err != nil {
		return table.Units{}, err
	}
	if err := db.enter(ctx); err != nil {
		return table.Units{}, fmt.Errorf("write: %w", err)
	}
	defer db.leave()
	units, err := db.write(ctx, ops)
	if err != nil {
		return table.Units{}, fmt.Errorf("write: %w", err)
	}
	return units, nil
}

func (db *DB) write(ctx context.Context, ops []table.Op) (table.Units, error) {
	batch := db.kv.NewBatch()
	defer db.letGo(batch)
	units, f, failed, err := db.apply(batch, ops)
	if err != nil {
		return table.Units{}, err
	}
	if f == nil {
		// Nothing changed, but the conditions may have seen what is not durable.
		if err := db.flights.awaitAll(ctx); err != nil {
			return table.Units{}, err
		}
		if failed != nil {
			return table.Units{}, failed
		}
		return units, nil
	}
	return units, db.flights.land(f, batch.SyncWait())
}

// apply checks the conditions and makes the changes visible, as one step for
// other writers. The flight is nil when nothing changed.
func (db *DB) apply(batch *pebble.Batch, ops []table.Op) (table.Units, *flight, *table.ConditionError, error) {
	var none table.Units
	db.writing.Lock()
	defer db.writing.Unlock()
	before, failed, err := db.check(ops)
	if failed != nil || err != nil {
		return none, nil, failed, err
	}
	f := &flight{landed: make(chan struct{})}
	for i := range ops {
		if err := stage(batch, f, &ops[i], before[i]); err != nil {
			return none, nil, nil, fmt.Errorf("%w: %v", table.ErrUnavailable, err)
		}
	}
	units := price(ops, before)
	if batch.Empty() {
		return units, nil, nil, nil
	}
	db.flights.depart(f)
	if err := db.hand(batch); err != nil {
		return none, nil, nil, db.flights.land(f, err)
	}
	return units, f, nil, nil
}

// hand gives a batch to the engine. After a refused write that may never return: it
// waits for ever for room in memory, or for a lock that the engine's panic left
// held. Then nobody waits for it, and nobody comes after. The caller holds
// db.writing.
func (db *DB) hand(batch *pebble.Batch) error {
	if err := db.flights.broken(); err != nil {
		return err
	}
	taken := make(chan error, 1)
	go func() { taken <- db.take(batch) }()
	select {
	case err := <-taken:
		return err
	case <-db.flights.fault.broken:
		return db.flights.broken()
	}
}

func (db *DB) take(batch *pebble.Batch) (err error) {
	defer db.recoverTo(&err)
	return db.kv.ApplyNoSyncWait(batch, pebble.Sync)
}

// letGo gives a batch's memory back, unless the engine may be holding it for ever.
func (db *DB) letGo(batch *pebble.Batch) {
	if db.flights.broken() == nil {
		_ = batch.Close()
	}
}

// check reads the item under every operation's key and names the operations
// whose condition it does not meet.
//
// Most of the keys are those of new items. An iterator, unlike a Get, asks the
// filters of the last level too, so that what is absent costs no read of a block.
func (db *DB) check(ops []table.Op) (before []*table.Item, failed *table.ConditionError, err error) {
	rows, err := db.kv.NewIter(&pebble.IterOptions{UseL6Filters: true})
	if err != nil {
		return nil, nil, readError(err)
	}
	defer func() {
		if closed := rows.Close(); err == nil && closed != nil {
			err = readError(closed)
		}
	}()
	before = make([]*table.Item, len(ops))
	for i := range ops {
		if before[i], err = seek(rows, ops[i].Item.Key); err != nil {
			return nil, nil, err
		}
		if holds(ops[i].Condition, before[i]) {
			continue
		}
		if failed == nil {
			failed = new(table.ConditionError)
		}
		failed.Failed = append(failed.Failed, table.Failure{Op: i, Current: before[i]})
	}
	return before, failed, nil
}

// seek reads the item under a key; nil when absent.
func seek(rows *pebble.Iterator, k table.Key) (*table.Item, error) {
	if !rows.SeekPrefixGE(itemRow(k)) {
		if err := rows.Error(); err != nil {
			return nil, readError(err)
		}
		return nil, nil
	}
	item, err := decode(k, slices.Clone(rows.Value()))
	if err != nil {
		return nil, readError(err)
	}
	return item, nil
}
