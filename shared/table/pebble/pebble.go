// Package pebble implements table.Table in a folder of this machine, on the Pebble key-value engine. It is durable and
// belongs to one process at a time.
// It must not know what the items mean, nor that any other engine exists.
//
// It behaves as DynamoDB does, including limits, order and units, so that what works here works there. An expired item
// stays until Sweep deletes it.
//
// # Durability
//
// Conditions are checked and changes applied in memory under one lock. The wait for the disk happens outside that lock,
// so that concurrent writers share one flush. Between the two, a change is visible in memory that a crash would undo; a
// call that has seen one waits for its flush before it returns (commit.go).
//
// # Disk errors
//
// After the system has refused a write, for example because the disk is full, the engine is unusable: it may retry
// forever, or panic with its locks held. From then on every call returns table.ErrUnavailable, including those that are
// already waiting, until the folder is opened again (diskerror.go).
package pebble

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"cedula/shared/table"
)

// Errors of Open and, for ErrCorrupt, of every read.
var (
	// ErrLocked means that another process, or another DB of this one, has the folder open.
	ErrLocked = errors.New("embedded table: the folder is in use by another process")
	// ErrCorrupt means that the folder is not a database of this package, or that files in it are damaged. Nothing was
	// deleted or overwritten.
	ErrCorrupt = errors.New("embedded table: the folder is damaged or holds no database of this program")
	// ErrFormatVersion means that the folder was written by another version of this package.
	ErrFormatVersion = errors.New("embedded table: the folder was written by another version of this program")
)

// DB is an open table. Its methods are safe for concurrent use.
type DB struct {
	dir       string
	indexes   []string
	kv        *pebble.DB
	lock      *pebble.Lock
	diskError *diskError
	live      *liveLogs
	pending   pendingCommits

	writeMu sync.Mutex // held from the first condition read until the changes are applied

	closeMu sync.RWMutex // held shared by every call, exclusively by close
	closed  bool
}

var _ table.Table = (*DB)(nil)

// Failed returns a channel that is closed once the disk has refused a write. From then on every call returns
// table.ErrUnavailable until the folder is opened again, which shows everything that was acknowledged before.
func (db *DB) Failed() <-chan struct{} { return db.diskError.failed }

// Err returns why the disk rejected a write, or nil if none was rejected.
func (db *DB) Err() error { return db.diskError.get() }

// enter begins a call; unless it returns an error, leave must end it.
func (db *DB) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	db.closeMu.RLock()
	err := db.Err()
	if db.closed {
		err = fmt.Errorf("%w: closed", table.ErrUnavailable)
	}
	if err != nil {
		db.closeMu.RUnlock()
	}
	return err
}

func (db *DB) leave() { db.closeMu.RUnlock() }

// Close waits for running calls and releases the folder. Later calls return table.ErrUnavailable; closing twice is not
// an error. After a disk error it returns that error immediately and leaves the folder locked until the process ends.
func (db *DB) Close() error {
	if err := db.diskError.guard(db.close); err != nil {
		return fmt.Errorf("close: %w", err)
	}
	return nil
}

func (db *DB) close() error {
	db.closeMu.Lock()
	defer db.closeMu.Unlock()
	if db.closed {
		return nil
	}
	db.closed = true
	if err := errors.Join(db.closeEngine(), db.live.close(), db.lock.Close()); err != nil {
		return fmt.Errorf("%w: %v", table.ErrUnavailable, err)
	}
	return nil
}

// closeEngine leaves the marker of a clean shutdown if nothing failed.
func (db *DB) closeEngine() error {
	count, err := db.countClosing()
	if err := errors.Join(err, db.flush(), db.kv.Close()); err != nil {
		return err
	}
	return writeDurably(filepath.Join(db.dir, closedFile), strconv.Itoa(count))
}

// flush moves the data from the log, in which damage can pass unnoticed, to tables with checksums.
func (db *DB) flush() error {
	flushed, err := db.kv.AsyncFlush()
	if err == nil {
		<-flushed
	}
	return err
}
