// Package table is the small contract that the store needs of a table: read by key, query in key order, and write several
// items all or nothing.
// It must not know identities, and no types of an engine pass through it.
package table

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Limits that every engine enforces, so that what works on a laptop works in AWS (Amazon DynamoDB Developer Guide,
// "Quotas").
const (
	MaxItemBytes  = 400 << 10 // one item: attribute names and values together
	MaxWriteItems = 100       // items of one Write
	MaxWriteBytes = 4 << 20   // all items of one Write together
	MaxGetItems   = 100       // keys of one Get
	MaxPageBytes  = 1 << 20   // what one Query reads before it ends a page
	MaxPKBytes    = 2048
	MaxSKBytes    = 1024
)

// Table is what an engine provides. Every method is safe for concurrent use. It neither keeps what it was passed nor
// returns memory that it still uses.
//
// Besides the errors named below, a method returns an error wrapping ErrUnavailable if the engine could not do its work
// (throttled, unreachable, closed), and the context's error if the context ended first.
type Table interface {
	// Get reads up to MaxGetItems items by key, in the order of the keys. The result leaves out absent items.
	Get(ctx context.Context, strong bool, keys ...Key) (GetResult, error)

	// Query reads one page of a partition in the order of its sort keys.
	Query(ctx context.Context, q Query) (Page, error)

	// Write applies every operation or none, each under its own condition. A Write that was acknowledged survives a crash.
	// It returns
	//   - a *ConditionError naming each operation whose condition failed
	//   - ErrTooLarge if a size limit is exceeded
	//   - ErrConflict if other writers held the same keys for as long as the engine retries
	//
	// After ErrUnavailable or the context's error it may or may not have taken effect.
	Write(ctx context.Context, ops ...Op) (Units, error)
}

// Key names one item. Both parts are non-empty UTF-8.
type Key struct{ PK, SK string }

// Item is one row. Body is opaque to the table; conditions, indexes and expiry see the other fields.
type Item struct {
	Key
	// Indexes holds the item's key in each sparse index that contains it, by the name of the index.
	Indexes map[string]Key
	// Version counts the changes of the item, from 1. Zero means that it is not versioned.
	Version int64
	// Owner is the id of what the item belongs to, for conditions on it.
	Owner string
	// Expires is the second from which the engine may delete the item. It may do so much later, so a reader must compare
	// the time. Zero means never.
	Expires time.Time
	Body    []byte
}

// GetResult is the result of a Get.
type GetResult struct {
	Items []Item
	Units Units
}

// Query asks for the items of one partition whose sort keys are between From and To, both included; an empty bound is open.
type Query struct {
	Index      string // name of an index; empty for the table itself
	PK         string
	From, To   string
	Descending bool
	Limit      int       // at most this many items; 0 leaves it to the page size
	Start      *Position // where the previous page ended; nil for the first page
	Strong     bool      // read the latest write; an index does not support it
}

// Position is a place between two items of a Query, as the end of a page.
type Position struct {
	Key       // of the last item read
	Index Key // its key in the index queried; zero for the table itself
}

// Page is the result of a Query. From an index the items carry keys only: Key and the one entry of Indexes that was queried.
type Page struct {
	Items []Item
	Next  *Position // nil after the last page
	Units Units
}

// Units is what a call consumed according to DynamoDB's price list: a read unit is 4 KB strong or 8 KB eventual, a write
// unit 1 KB, doubled in a transaction.
type Units struct{ Read, Write float64 }

// Add returns the sum of both.
func (u Units) Add(v Units) Units { return Units{u.Read + v.Read, u.Write + v.Write} }

// Op is one operation of a Write.
type Op struct {
	Action    Action
	Item      Item // a delete or a check uses only its Key
	Condition Condition
}

// Action is what an operation does if its condition holds.
type Action uint8

// The actions.
const (
	ActionPut Action = iota
	ActionDelete
	ActionCheck
)

// Put creates or replaces an item if c holds for the current item under its key.
func Put(i Item, c Condition) Op { return Op{ActionPut, i, c} }

// Delete removes the item under k if c holds for it. Deleting an absent item is not an error unless c fails.
func Delete(k Key, c Condition) Op { return Op{ActionDelete, Item{Key: k}, c} }

// Check changes nothing and makes the Write fail unless c holds.
func Check(k Key, c Condition) Op { return Op{ActionCheck, Item{Key: k}, c} }

// Condition is what must be true of the current item under a key.
type Condition struct {
	Kind    ConditionKind
	Version int64     // for ConditionVersion and ConditionVersionAndOwner
	Owner   string    // for ConditionOwner and ConditionVersionAndOwner
	Now     time.Time // for ConditionAbsentOrExpired
}

// ConditionKind is the kind of a condition.
type ConditionKind uint8

// The kinds. All but ConditionAlways, ConditionAbsent and ConditionAbsentOrExpired fail on an absent item.
const (
	ConditionAlways ConditionKind = iota
	ConditionAbsent
	ConditionExists
	ConditionVersion
	ConditionOwner
	ConditionAbsentOrExpired
	ConditionVersionAndOwner
)

// Always requires nothing.
func Always() Condition { return Condition{} }

// Absent requires that there is no item.
func Absent() Condition { return Condition{Kind: ConditionAbsent} }

// Exists requires an item.
func Exists() Condition { return Condition{Kind: ConditionExists} }

// VersionIs requires an item of that version.
func VersionIs(v int64) Condition { return Condition{Kind: ConditionVersion, Version: v} }

// OwnerIs requires an item of that owner.
func OwnerIs(owner string) Condition { return Condition{Kind: ConditionOwner, Owner: owner} }

// VersionAndOwnerAre requires an item of that version, which must not be 0, and of that owner. An item without an owner
// satisfies it too.
func VersionAndOwnerAre(owner string, v int64) Condition {
	return Condition{Kind: ConditionVersionAndOwner, Version: v, Owner: owner}
}

// AbsentOrExpired requires that there is no item, or one whose Expires is not zero and not after now, in whole seconds.
func AbsentOrExpired(now time.Time) Condition {
	return Condition{Kind: ConditionAbsentOrExpired, Now: now}
}

// Errors of an engine, to be compared with errors.Is.
var (
	// ErrTooLarge means that an item, a key or the whole Write exceeds a size limit.
	ErrTooLarge = errors.New("table: too large")
	// ErrConflict means that other writers held the same keys. Nothing was written.
	ErrConflict = errors.New("table: conflict")
	// ErrUnavailable means that the engine could not do its work now.
	ErrUnavailable = errors.New("table: unavailable")
	// ErrMisuse means that the call itself is wrong, for example an empty key, the same key twice or an unknown index.
	ErrMisuse = errors.New("table: misuse")
)

// ConditionError names the conditions of a Write that failed. Nothing was written.
type ConditionError struct{ Failures []Failure }

// Failure is one condition that failed.
type Failure struct {
	Op      int   // index of the operation in the Write
	Current *Item // the current item under its key; nil if it is absent
}

// Error names the operations by index only, so that keys and bodies stay out of logs.
func (e *ConditionError) Error() string {
	return fmt.Sprintf("table: condition failed on %d operation(s), first is %d", len(e.Failures), e.Failures[0].Op)
}

// FailureOf returns the failure of operation op, or nil if its condition held.
func (e *ConditionError) FailureOf(op int) *Failure {
	for i := range e.Failures {
		if e.Failures[i].Op == op {
			return &e.Failures[i]
		}
	}
	return nil
}
