package pebble

import (
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"syscall"

	"cedula/shared/table"
)

// diskError is the first refusal of a write by the system. What came after it in
// the log is lost, so nothing works any more.
type diskError struct {
	once   sync.Once
	err    error         // set before broken is closed
	failed chan struct{} // closed by the refusal
	notify chan error    // what Failed gives
}

func newDiskError() *diskError {
	return &diskError{failed: make(chan struct{}), notify: make(chan error, 1)}
}

// record takes the first refusal's cause; later ones follow from it.
func (f *diskError) record(cause error) {
	f.once.Do(func() {
		f.err = fmt.Errorf("%w: the disk refused a write%s", table.ErrUnavailable, systemErrorText(cause))
		f.notify <- f.err
		close(f.failed)
	})
}

// onBackgroundError takes what went wrong behind the calls. Damage is not for here:
// whoever reads it is told.
func (f *diskError) onBackgroundError(cause error) {
	var refusal syscall.Errno
	if errors.As(cause, &refusal) && refusal != syscall.ENOENT {
		f.record(cause)
	}
}

// failure is nil while everything works.
func (f *diskError) failure() error {
	select {
	case <-f.failed:
		return f.err
	default:
		return nil
	}
}

// systemErrorText is the system's own words for a refusal and the file they are about.
// The engine's could quote keys.
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

// Failed yields, once, why the disk refused a write. After that every call
// returns table.ErrUnavailable until the folder is opened anew; what was
// acknowledged before is there then.
func (db *DB) Failed() <-chan error { return db.commits.diskError.notify }
