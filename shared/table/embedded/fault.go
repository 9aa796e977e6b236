package embedded

import (
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"syscall"

	"cedula/shared/table"
)

// fault is the first refusal of a write by the system. What came after it in
// the log is lost, so nothing works any more.
type fault struct {
	once   sync.Once
	err    error         // set before broken is closed
	broken chan struct{} // closed by the refusal
	told   chan error    // what Failed gives
}

func newFault() *fault {
	return &fault{broken: make(chan struct{}), told: make(chan error, 1)}
}

// set takes the first refusal's cause; later ones follow from it.
func (f *fault) set(cause error) {
	f.once.Do(func() {
		f.err = fmt.Errorf("%w: the disk refused a write%s", table.ErrUnavailable, said(cause))
		f.told <- f.err
		close(f.broken)
	})
}

// background takes what went wrong behind the calls. Damage is not for here:
// whoever reads it is told.
func (f *fault) background(cause error) {
	var refusal syscall.Errno
	if errors.As(cause, &refusal) && refusal != syscall.ENOENT {
		f.set(cause)
	}
}

// cause is nil while everything works.
func (f *fault) cause() error {
	select {
	case <-f.broken:
		return f.err
	default:
		return nil
	}
}

// said is the system's own words for a refusal and the file they are about.
// The engine's could quote keys.
func said(err error) string {
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
func (db *DB) Failed() <-chan error { return db.flights.fault.told }
