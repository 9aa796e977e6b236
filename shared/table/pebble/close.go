package pebble

import (
	"errors"
	"fmt"
	"time"

	"cedula/shared/table"
)

// failedCloseTimeout bounds how long Close waits for an engine that a refused write
// may have left anywhere.
const failedCloseTimeout = 3 * time.Second

// Close waits for the calls under way and releases the folder. Every later
// call returns table.ErrUnavailable; closing twice is no error. After a refused
// write it returns that refusal, and may leave the folder locked until the
// process ends.
func (db *DB) Close() error {
	done := make(chan error, 1)
	go func() { done <- db.close() }()
	select {
	case err := <-done:
		return err
	case <-db.commits.diskError.failed:
	}
	select {
	case err := <-done:
		return err
	case <-time.After(failedCloseTimeout):
		return fmt.Errorf("close: %w", db.commits.failure())
	}
}

func (db *DB) close() error {
	db.closeMu.Lock()
	defer db.closeMu.Unlock()
	if db.closed {
		return nil
	}
	db.closed = true
	err := errors.Join(db.flush(), db.closeEngine(), db.lock.Close())
	if broken := db.commits.failure(); broken != nil {
		return fmt.Errorf("close: %w", broken)
	}
	if err != nil {
		return fmt.Errorf("close: %w: %v", table.ErrUnavailable, err)
	}
	return nil
}

// flush makes the data rest no longer on the log, whose damage goes unnoticed.
// The engine tries for ever; it is left to that when the disk refuses.
func (db *DB) flush() (err error) {
	if db.commits.failure() != nil {
		return nil
	}
	defer db.recoverPanic(&err)
	flushed, err := db.kv.AsyncFlush()
	if err != nil {
		return err
	}
	select {
	case <-flushed:
	case <-db.commits.diskError.failed:
	}
	return nil
}

func (db *DB) closeEngine() (err error) {
	defer db.recoverPanic(&err)
	return db.kv.Close()
}

// recoverPanic turns the engine's panic into an error and ends all other use of
// it: the panic may have left its locks held.
func (db *DB) recoverPanic(err *error) {
	if p := recover(); p != nil {
		cause, _ := p.(error)
		db.commits.diskError.record(cause)
		*err = db.commits.failure()
	}
}
