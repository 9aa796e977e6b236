package pebble

import (
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"syscall"

	"cedula/shared/table"
)

// diskError is the first write that the system refused. Later entries of the log are lost with it, so that the engine
// cannot be used any more.
type diskError struct {
	once   sync.Once
	err    error         // set before failed is closed
	failed chan struct{} // closed by set
}

func newDiskError() *diskError { return &diskError{failed: make(chan struct{})} }

// set stores the cause of the first refusal; later ones follow from it.
func (e *diskError) set(cause error) {
	e.once.Do(func() {
		e.err = fmt.Errorf("%w: the disk refused a write%s", table.ErrUnavailable, systemErrorText(cause))
		close(e.failed)
	})
}

// get returns nil while every write has succeeded.
func (e *diskError) get() error {
	select {
	case <-e.failed:
		return e.err
	default:
		return nil
	}
}

// onBackgroundError receives the errors of the engine's own goroutines. It ignores damaged files: the calls that read
// them return an error.
func (e *diskError) onBackgroundError(cause error) {
	if isSystemError(cause) {
		e.set(cause)
	}
}

// guard runs a call that makes the engine write. After a refused write such a call may panic, or wait forever for memory
// or for a lock that a panic left held; guard then returns the disk error without waiting for it.
func (e *diskError) guard(call func() error) error {
	if err := e.get(); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				cause, _ := p.(error)
				e.set(cause)
			}
		}()
		done <- call()
	}()
	select {
	case err := <-done:
		return err
	case <-e.failed:
		return e.err
	}
}

// isSystemError reports whether the system refused an operation. A missing file is damage instead.
func isSystemError(err error) bool {
	var refusal syscall.Errno
	return errors.As(err, &refusal) && refusal != syscall.ENOENT
}

// systemErrorText returns the system's own text for a refusal and the file it concerns. The engine's text could quote
// keys.
func systemErrorText(err error) string {
	var refusal syscall.Errno
	if !errors.As(err, &refusal) {
		return ""
	}
	if at := new(fs.PathError); errors.As(err, &at) {
		return fmt.Sprintf(": %s: %v", at.Path, refusal)
	}
	return fmt.Sprintf(": %v", refusal)
}
