package pebble

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
	defer db.releaseBatch(batch)
	units, f, failed, err := db.apply(batch, ops)
	if err != nil {
		return table.Units{}, err
	}
	if f == nil {
		// Nothing changed, but the conditions may have seen what is not durable.
		if err := db.commits.awaitAll(ctx); err != nil {
			return table.Units{}, err
		}
		if failed != nil {
			return table.Units{}, failed
		}
		return units, nil
	}
	return units, db.commits.complete(f, batch.SyncWait())
}

// apply checks the conditions and makes the changes visible, as one step for
// other writers. The flight is nil when nothing changed.
func (db *DB) apply(batch *pebble.Batch, ops []table.Op) (table.Units, *commit, *table.ConditionError, error) {
	var none table.Units
	db.writeMu.Lock()
	defer db.writeMu.Unlock()
	before, failed, err := db.checkConditions(ops)
	if failed != nil || err != nil {
		return none, nil, failed, err
	}
	f := &commit{flushed: make(chan struct{})}
	for i := range ops {
		if err := stageOp(batch, f, &ops[i], before[i]); err != nil {
			return none, nil, nil, fmt.Errorf("%w: %v", table.ErrUnavailable, err)
		}
	}
	units := consumedUnits(ops, before)
	if batch.Empty() {
		return units, nil, nil, nil
	}
	db.commits.register(f)
	if err := db.submit(batch); err != nil {
		return none, nil, nil, db.commits.complete(f, err)
	}
	return units, f, nil, nil
}

// submit gives a batch to the engine. After a refused write that may never return: it
// waits for ever for room in memory, or for a lock that the engine's panic left
// held. Then nobody waits for it, and nobody comes after. The caller holds
// db.writing.
func (db *DB) submit(batch *pebble.Batch) error {
	if err := db.commits.failure(); err != nil {
		return err
	}
	taken := make(chan error, 1)
	go func() { taken <- db.applyToEngine(batch) }()
	select {
	case err := <-taken:
		return err
	case <-db.commits.diskError.failed:
		return db.commits.failure()
	}
}

func (db *DB) applyToEngine(batch *pebble.Batch) (err error) {
	defer db.recoverPanic(&err)
	return db.kv.ApplyNoSyncWait(batch, pebble.Sync)
}

// releaseBatch gives a batch's memory back, unless the engine may be holding it for ever.
func (db *DB) releaseBatch(batch *pebble.Batch) {
	if db.commits.failure() == nil {
		_ = batch.Close()
	}
}

// checkConditions reads the item under every operation's key and names the operations
// whose condition it does not meet.
//
// Most of the keys are those of new items. An iterator, unlike a Get, asks the
// filters of the last level too, so that what is absent costs no read of a block.
func (db *DB) checkConditions(ops []table.Op) (before []*table.Item, failed *table.ConditionError, err error) {
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
		if before[i], err = seekItem(rows, ops[i].Item.Key); err != nil {
			return nil, nil, err
		}
		if satisfied(ops[i].Condition, before[i]) {
			continue
		}
		if failed == nil {
			failed = new(table.ConditionError)
		}
		failed.Failures = append(failed.Failures, table.Failure{Op: i, Current: before[i]})
	}
	return before, failed, nil
}

// seekItem reads the item under a key; nil when absent.
func seekItem(rows *pebble.Iterator, k table.Key) (*table.Item, error) {
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
