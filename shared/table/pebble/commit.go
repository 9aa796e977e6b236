package pebble

import (
	"context"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"cedula/shared/table"
)

// commit is a set of changes that take effect together.
type commit struct {
	batch   *pebble.Batch
	rows    []string      // the item rows it changes
	flushed chan struct{} // closed once the changes are durable, or lost
	err     error         // of the flush; set before flushed is closed
}

// stage adds the replacement of an item to the commit, with its index and expiry entries, and returns the write units of
// the index entries that it removes and puts. A nil item is absent. Additions to a batch without an index never fail.
func (c *commit) stage(before, after *table.Item) (indexUnits float64) {
	if before == after {
		return 0
	}
	for _, e := range entriesNotIn(before, after) {
		_ = c.batch.Delete(e.row(), nil)
		indexUnits += unitsFor(e.bytes(), writeUnitBytes)
	}
	for _, e := range entriesNotIn(after, before) {
		_ = c.batch.Set(e.row(), nil, nil)
		indexUnits += unitsFor(e.bytes(), writeUnitBytes)
	}
	if before != nil && !before.Expires.IsZero() {
		_ = c.batch.Delete(expiryRow(before.Expires.Unix(), before.Key), nil)
	}
	if after == nil {
		_ = c.batch.Delete(c.addRow(before.Key), nil)
		return indexUnits
	}
	if !after.Expires.IsZero() {
		_ = c.batch.Set(expiryRow(after.Expires.Unix(), after.Key), nil, nil)
	}
	_ = c.batch.Set(c.addRow(after.Key), encode(after), nil)
	return indexUnits
}

// addRow notes that the commit changes the item under k and returns that item's row.
func (c *commit) addRow(k table.Key) []byte {
	row := itemRow(k)
	c.rows = append(c.rows, string(row))
	return row
}

// await returns once the changes are durable. A nil commit is.
func (c *commit) await(ctx context.Context) error {
	if c == nil {
		return nil
	}
	select {
	case <-c.flushed:
		return c.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// update calls stage, which reads the table and stages changes, and applies these as one step for other writers. It
// returns once everything that stage has seen or changed is durable. An error of stage discards the changes.
//
// Once the changes are applied it waits for their flush even if the context ends, so that its result is always the truth.
func (db *DB) update(ctx context.Context, stage func(*commit) error) error {
	if err := db.enter(ctx); err != nil {
		return err
	}
	defer db.leave()
	c := &commit{batch: db.kv.NewBatch(), flushed: make(chan struct{})}
	defer db.releaseBatch(c.batch)
	applied, refusal := db.apply(c, stage)
	if applied {
		return db.finish(c, c.batch.SyncWait())
	}
	if err := db.pending.awaitAll(ctx); err != nil {
		return err
	}
	return refusal
}

// apply makes the changes of a commit visible. It reports false if the commit has no changes, or if stage or the engine returned an
// error.
func (db *DB) apply(c *commit, stage func(*commit) error) (applied bool, err error) {
	db.writeMu.Lock()
	defer db.writeMu.Unlock()
	if err := stage(c); err != nil || c.batch.Empty() {
		return false, err
	}
	db.pending.register(c)
	err = db.diskError.guard(func() error { return db.kv.ApplyNoSyncWait(c.batch, pebble.Sync) })
	if err != nil {
		return false, db.finish(c, err)
	}
	return true, nil
}

// finish completes a commit with the outcome of its flush. Any error makes the table unusable.
func (db *DB) finish(c *commit, err error) error {
	if err != nil {
		db.diskError.set(err)
	}
	return db.pending.complete(c, db.Err())
}

// releaseBatch returns a batch's memory, unless a disk error made the engine keep it.
func (db *DB) releaseBatch(batch *pebble.Batch) {
	if db.Err() == nil {
		_ = batch.Close()
	}
}

// pendingCommits holds every commit that is applied and not yet flushed. The log is flushed in the order of the commits:
// the flush of one covers all before it, and waiting for the newest is waiting for all.
type pendingCommits struct {
	mu     sync.Mutex
	byRow  map[string]*commit // the newest commit of a row
	newest *commit
}

// register adds a commit. The caller holds the lock that orders commits and has not applied this one yet, so that a
// reader of its changes finds it here.
func (p *pendingCommits) register(c *commit) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, row := range c.rows {
		p.byRow[row] = c
	}
	p.newest = c
}

// complete removes a commit, passes err to the calls that wait for it, and returns err.
func (p *pendingCommits) complete(c *commit, err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, row := range c.rows {
		if p.byRow[row] == c {
			delete(p.byRow, row)
		}
	}
	if p.newest == c {
		p.newest = nil
	}
	c.err = err
	close(c.flushed)
	return err
}

// awaitRow returns once what an earlier read has seen of a row is durable.
func (p *pendingCommits) awaitRow(ctx context.Context, row []byte) error {
	p.mu.Lock()
	c := p.byRow[string(row)]
	p.mu.Unlock()
	return c.await(ctx)
}

// awaitAll returns once everything that an earlier read has seen is durable.
func (p *pendingCommits) awaitAll(ctx context.Context) error {
	p.mu.Lock()
	c := p.newest
	p.mu.Unlock()
	return c.await(ctx)
}
