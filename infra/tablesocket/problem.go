package tablesocket

import (
	"context"
	"errors"
	"slices"

	"cedula/shared/table"
)

// problem is a call's error: its words, and which of the known errors it is.
type problem struct {
	Text   string
	Known  []string  // names in known
	Failed []failure // of a table.ConditionError
}

type failure struct {
	Op      int
	Current *item
}

// known are the errors that errors.Is finds on the other side too.
var known = []struct {
	name string
	err  error
}{
	{"too large", table.ErrTooLarge},
	{"conflict", table.ErrConflict},
	{"unavailable", table.ErrUnavailable},
	{"misuse", table.ErrMisuse},
	{"canceled", context.Canceled},
	{"deadline exceeded", context.DeadlineExceeded},
}

// packError returns false when the error is none that a table is known to
// return: then its words are not for the other side.
func packError(err error) (*problem, bool) {
	p := &problem{Text: err.Error()}
	for _, k := range known {
		if errors.Is(err, k.err) {
			p.Known = append(p.Known, k.name)
		}
	}
	if there := new(table.ConditionError); errors.As(err, &there) {
		for _, f := range there.Failures {
			packed := failure{Op: f.Op}
			if f.Current != nil {
				current := packItem(*f.Current)
				packed.Current = &current
			}
			p.Failed = append(p.Failed, packed)
		}
	}
	if len(p.Known) == 0 && len(p.Failed) == 0 {
		return &problem{Text: "table socket: the server's table failed; the server's log says how"}, false
	}
	return p, true
}

// unpack makes an error of the same words that is the same known ones.
func (p *problem) unpack() error {
	e := &remoteError{text: p.Text}
	for _, k := range known {
		if slices.Contains(p.Known, k.name) {
			e.is = append(e.is, k.err)
		}
	}
	if len(p.Failed) == 0 {
		return e
	}
	there := new(table.ConditionError)
	for _, f := range p.Failed {
		failed := table.Failure{Op: f.Op}
		if f.Current != nil {
			current := f.Current.unpack()
			failed.Current = &current
		}
		there.Failures = append(there.Failures, failed)
	}
	e.is = append(e.is, there)
	return e
}

// remoteError is an error of the server's table.
type remoteError struct {
	text string
	is   []error
}

func (e *remoteError) Error() string   { return e.text }
func (e *remoteError) Unwrap() []error { return e.is }
