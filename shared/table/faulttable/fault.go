package faulttable

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cedula/shared/table"
)

// Fault is what becomes of one call.
type Fault uint8

// The faults. Before means that the call had no effect, after that it had, and
// that its caller does not learn of it.
const (
	None          Fault = iota
	Throttle            // refused unread
	TimeoutBefore       // nobody answers in time
	TimeoutAfter
	ResetBefore // the connection breaks
	ResetAfter
	Conflict     // a Write that others were in the way of
	ShortPage    // a Query's page ends after one item
	EmptyPage    // a Query's page ends before its first item
	SpuriousNext // a Query's page says that there may be more, and there is none
	Slow         // the answer comes late
	CrashBefore  // the process ends: neither this call nor a later one has an effect
	CrashAfter
)

// ErrCrashed is the error of every call from a crash on.
var ErrCrashed = errors.New("faulttable: the process has crashed")

var faultNames = [...]string{
	"none", "throttle", "timeout before", "timeout after", "reset before", "reset after", "conflict",
	"short page", "empty page", "open page", "slow", "crash before", "crash after",
}

// String is the fault's name.
func (f Fault) String() string { return faultNames[f] }

// SlowDelay is how late a slow answer comes.
const SlowDelay = 20 * time.Millisecond

// FaultsFor lists the faults that a kind of call can meet, without the crashes, which any call can meet.
func FaultsFor(k Operation) []Fault {
	list := []Fault{Throttle, TimeoutBefore, ResetBefore, Slow}
	switch k {
	case Write:
		return append(list, TimeoutAfter, ResetAfter, Conflict)
	case Query:
		return append(list, TimeoutAfter, ShortPage, EmptyPage, SpuriousNext)
	default:
		return append(list, TimeoutAfter)
	}
}

// before is the error of a call that is not made.
func (f Fault) before() error {
	switch f {
	case Throttle:
		return fmt.Errorf("%w: throttled", table.ErrUnavailable)
	case TimeoutBefore:
		return fmt.Errorf("injected: %w", context.DeadlineExceeded)
	case ResetBefore:
		return fmt.Errorf("%w: connection reset", table.ErrUnavailable)
	case Conflict:
		return fmt.Errorf("%w: injected", table.ErrConflict)
	case CrashBefore:
		return ErrCrashed
	case Slow:
		time.Sleep(SlowDelay)
	}
	return nil
}

// after is the error of a call that was made, whose own was err.
func (f Fault) after(err error) error {
	switch f {
	case TimeoutAfter:
		return fmt.Errorf("injected: %w", context.DeadlineExceeded)
	case ResetAfter:
		return fmt.Errorf("%w: connection reset", table.ErrUnavailable)
	case CrashAfter:
		return ErrCrashed
	}
	return err
}
