package faulttable

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"cedula/shared/table"
)

// Operation is a method of a table.
type Operation uint8

// The operations.
const (
	Get Operation = iota
	Query
	Write
)

// Fault is what happens to one call.
type Fault uint8

// The faults. Before means that the call has no effect, After that it has one and its caller does not learn of it.
const (
	None          Fault = iota
	Throttle            // rejected unread
	TimeoutBefore       // no response in time
	TimeoutAfter
	ResetBefore // the connection breaks
	ResetAfter
	Conflict     // a Write that loses against other writers
	ShortPage    // a Query's page ends after one item
	EmptyPage    // a Query's page ends before its first item
	SpuriousNext // a Query's last page has a Next
	CrashBefore  // the process ends: neither this call nor a later one has an effect
	CrashAfter
)

// ErrCrashed is the error of every call from a crash on.
var ErrCrashed = errors.New("faulttable: the process has crashed")

var (
	errThrottled = fmt.Errorf("%w: throttled", table.ErrUnavailable)
	errTimeout   = fmt.Errorf("injected: %w", context.DeadlineExceeded)
	errReset     = fmt.Errorf("%w: connection reset", table.ErrUnavailable)
	errConflict  = fmt.Errorf("%w: injected", table.ErrConflict)

	everyOperation = []Operation{Get, Query, Write}
)

// effects says what each fault does to a call, and which operations can meet it. FaultsFor leaves the crashes out.
var effects = [...]struct {
	name       string
	before     error // returned without making the call
	after      error // returned after the call
	operations []Operation
}{
	None:          {name: "none"},
	Throttle:      {name: "throttle", before: errThrottled, operations: everyOperation},
	TimeoutBefore: {name: "timeout before", before: errTimeout, operations: everyOperation},
	TimeoutAfter:  {name: "timeout after", after: errTimeout, operations: everyOperation},
	ResetBefore:   {name: "reset before", before: errReset, operations: everyOperation},
	ResetAfter:    {name: "reset after", after: errReset, operations: []Operation{Write}},
	Conflict:      {name: "conflict", before: errConflict, operations: []Operation{Write}},
	ShortPage:     {name: "short page", operations: []Operation{Query}},
	EmptyPage:     {name: "empty page", operations: []Operation{Query}},
	SpuriousNext:  {name: "open page", operations: []Operation{Query}},
	CrashBefore:   {name: "crash before", before: ErrCrashed},
	CrashAfter:    {name: "crash after", after: ErrCrashed},
}

// String returns the fault's name.
func (f Fault) String() string { return effects[f].name }

// FaultsFor lists the faults that an operation can meet, without the crashes, which any call can meet.
func FaultsFor(o Operation) []Fault {
	var list []Fault
	for f, e := range effects {
		if slices.Contains(e.operations, o) {
			list = append(list, Fault(f))
		}
	}
	return list
}

// inject makes a call, unless the fault prevents it, and returns its result or the fault's error.
func inject[R any](f Fault, call func() (R, error)) (R, error) {
	var none R
	e := effects[f]
	if e.before != nil {
		return none, e.before
	}
	result, err := call()
	if e.after != nil {
		return none, e.after
	}
	if err != nil {
		return none, err
	}
	return result, nil
}
