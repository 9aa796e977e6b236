// Package pebble keeps a table in a folder of this machine, durable, for one
// process at a time.
// It must not know what the items mean, nor that any other engine exists.
//
// It behaves as DynamoDB does, limits, order and units included, so that what
// runs here runs there. An expired item stays until Sweep deletes it.
//
// # Durability
//
// Conditions are checked and changes applied in memory under one lock; the
// wait for the disk happens outside it, so that concurrent writers share one
// flush. Between the two a change can be seen in memory that a crash would
// undo; whoever saw one waits for its flush before answering (flight.go).
package pebble

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/cockroachdb/pebble"

	"cedula/shared/table"
)

// Errors of Open and, for ErrDamaged, of every read.
var (
	// ErrLocked: another process, or another DB of this one, has the folder.
	ErrLocked = errors.New("embedded table: the folder is in use by another process")
	// ErrCorrupt: the folder is no database of this package, or files in it are
	// damaged. Nothing was deleted or overwritten.
	ErrCorrupt = errors.New("embedded table: the folder is damaged or holds no database of this program")
	// ErrFormatVersion: the folder was written by another version of this package.
	ErrFormatVersion = errors.New("embedded table: the folder was written by another version of this program")
)

// DB is an open table. Its methods are safe for concurrent use.
type DB struct {
	indexes []string
	kv      *pebble.DB
	lock    *pebble.Lock
	commits pendingCommits

	writeMu sync.Mutex // held from the first condition read until the changes are applied
	sweepMu sync.Mutex

	closeMu sync.RWMutex // held shared by every call, alone by Close
	closed  bool
}

var _ table.Table = (*DB)(nil)

// enter begins a call; unless it returns an error, leave must end it.
func (db *DB) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	db.closeMu.RLock()
	err := db.commits.failure()
	if db.closed {
		err = fmt.Errorf("%w: closed", table.ErrUnavailable)
	}
	if err != nil {
		db.closeMu.RUnlock()
	}
	return err
}

func (db *DB) leave() { db.closeMu.RUnlock() }

// readItem reads the item under a key; nil when absent.
func (db *DB) readItem(k table.Key) (*table.Item, error) {
	value, release, err := db.kv.Get(itemRow(k))
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, readError(err)
	}
	item, err := decode(k, slices.Clone(value))
	if err := errors.Join(err, release.Close()); err != nil {
		return nil, readError(err)
	}
	return item, nil
}

// readError names damage as such; the engine's own words could quote keys.
func readError(err error) error {
	if pebble.IsCorruptionError(err) || errors.Is(err, ErrCorrupt) {
		return fmt.Errorf("%w: %w", table.ErrUnavailable, ErrCorrupt)
	}
	return fmt.Errorf("%w: a file of the folder cannot be read", table.ErrUnavailable)
}
