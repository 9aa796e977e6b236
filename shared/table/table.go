// Package table is the small contract the store needs of a table: read by key,
// query in key order, and write several items all or nothing.
// It knows nothing of identities, and no engine's own types pass through it.
package table

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Limits that every engine keeps, so that what works on a laptop works in AWS
// (Amazon DynamoDB Developer Guide, "Quotas").
const (
	MaxItemBytes  = 400 << 10 // one item: attribute names and values together
	MaxWriteItems = 100       // items of one Write
	MaxWriteBytes = 4 << 20   // all items of one Write together
	MaxGetItems   = 100       // keys of one Get
	MaxPageBytes  = 1 << 20   // what one Query reads before it ends a page
	MaxPKBytes    = 2048
	MaxSKBytes    = 1024
)

// Table is what an engine provides. Every method is safe for concurrent use,
// and neither keeps nor hands out memory that the other side still owns.
//
// Besides the errors named below, a method returns an error wrapping
// ErrUnavailable when the engine could not do its work (throttled, unreachable,
// closed) and the context's error when that ended first.
type Table interface {
	// Get reads up to MaxGetItems items by key. Absent ones are missing from
	// the answer; the rest stand in the order of the keys.
	Get(ctx context.Context, strong bool, keys ...Key) (GetResult, error)

	// Query reads one page of a partition in the order of its sort keys.
	Query(ctx context.Context, q Query) (Page, error)

	// Write applies every operation or none, each under its own condition. It
	// returns a *ConditionError naming each operation whose condition did not
	// hold, ErrTooLarge when a size limit is passed, and ErrConflict when
	// other writers held the same keys for as long as the engine would retry.
	// After ErrUnavailable or the context's end it may have taken effect or
	// not. What Write acknowledged survives a crash.
	Write(ctx context.Context, ops ...Op) (Units, error)
}

// Key names one item. Both parts are non-empty UTF-8.
type Key struct{ PK, SK string }

// Item is one row. Body is opaque to the table; the other fields are what
// conditions, indexes and expiry can see.
type Item struct {
	Key
	// Indexes holds the item's place in each sparse index it stands in, by the
	// index's name. An item without an entry is not in that index.
	Indexes map[string]Key
	// Version counts the item's changes, from 1. Zero means: not versioned.
	Version int64
	// Owner is the id of what this item belongs to, for conditions on it.
	Owner string
	// Expires is when the engine may delete the item by itself, to the second.
	// It may do so much later: a reader must look at the time. Zero: never.
	Expires time.Time
	Body    []byte
}

// GetResult is the answer to a Get.
type GetResult struct {
	Items []Item
	Units Units
}

// Query asks for the items of one partition whose sort keys lie between From
// and To, both included; an empty bound is open.
type Query struct {
	Index      string // name of an index; empty for the table itself
	PK         string
	From, To   string
	Descending bool
	Limit      int       // at most this many items; 0 leaves it to the page size
	Start      *Position // where the page before ended; nil for the first page
	Strong     bool      // read the latest write; not to be had from an index
}

// Position is a place between two items of a Query, as a page's end.
type Position struct {
	Key       // of the last item read
	Index Key // its place in the index queried; zero for the table itself
}

// Page is the answer to a Query. From an index the items carry keys only:
// Key and the one entry of Indexes that was queried.
type Page struct {
	Items []Item
	Next  *Position // nil after the last page
	Units Units
}

// Units is what a call consumed, by DynamoDB's price list: a read unit is 4 KB
// strong or 8 KB eventual, a write unit 1 KB, doubled inside a transaction.
type Units struct{ Read, Write float64 }

// Add adds two bills.
func (u Units) Add(v Units) Units { return Units{u.Read + v.Read, u.Write + v.Write} }

// Op is one operation of a Write: put Item, delete Key, or only check.
type Op struct {
	Action    Action
	Item      Item // for a delete or a check only its Key counts
	Condition Condition
}

// Action is what an operation does once its condition holds.
type Action uint8

// The three actions.
const (
	ActionPut Action = iota
	ActionDelete
	ActionCheck
)

// Put replaces or creates an item if c holds of the item now under its key.
func Put(i Item, c Condition) Op { return Op{ActionPut, i, c} }

// Delete removes the item under k if c holds of it. To delete what is absent
// is no error unless c says so.
func Delete(k Key, c Condition) Op { return Op{ActionDelete, Item{Key: k}, c} }

// Check changes nothing and fails the Write unless c holds.
func Check(k Key, c Condition) Op { return Op{ActionCheck, Item{Key: k}, c} }

// Condition is what must be true of the item now under a key.
type Condition struct {
	Kind    ConditionKind
	Version int64     // for VersionIs
	Owner   string    // for OwnerIs and VersionAndOwnerAre
	Now     time.Time // for AbsentOrExpired
}

// ConditionKind is the kind of a condition.
type ConditionKind uint8

// The conditions. All but Always, Absent and AbsentOrExpired fail on an absent item.
const (
	ConditionAlways ConditionKind = iota
	ConditionAbsent
	ConditionExists
	ConditionVersion
	ConditionOwner
	ConditionAbsentOrExpired
	ConditionVersionAndOwner
)

// Always holds.
func Always() Condition { return Condition{} }

// Absent holds when there is no item.
func Absent() Condition { return Condition{Kind: ConditionAbsent} }

// Exists holds when there is an item.
func Exists() Condition { return Condition{Kind: ConditionExists} }

// VersionIs holds when there is an item of that version.
func VersionIs(v int64) Condition { return Condition{Kind: ConditionVersion, Version: v} }

// VersionAndOwnerAre holds when there is an item of that version, which is not 0, and of
// that owner; one that was written without an owner is anybody's.
func VersionAndOwnerAre(owner string, v int64) Condition {
	return Condition{Kind: ConditionVersionAndOwner, Version: v, Owner: owner}
}

// OwnerIs holds when there is an item of that owner.
func OwnerIs(owner string) Condition { return Condition{Kind: ConditionOwner, Owner: owner} }

// AbsentOrExpired holds when there is no item, or one whose Expires is not
// zero and not after now (whole seconds).
func AbsentOrExpired(now time.Time) Condition {
	return Condition{Kind: ConditionAbsentOrExpired, Now: now}
}

// Errors of an engine, to be compared with errors.Is.
var (
	// ErrTooLarge: an item, a key or the whole Write passes a size limit.
	ErrTooLarge = errors.New("table: too large")
	// ErrConflict: other writers held the same keys; nothing was written.
	ErrConflict = errors.New("table: conflict")
	// ErrUnavailable: the engine could not do its work now.
	ErrUnavailable = errors.New("table: unavailable")
	// ErrMisuse: the call itself is wrong (empty key, one key twice, unknown index).
	ErrMisuse = errors.New("table: misuse")
)

// ConditionError says which conditions of a Write did not hold. Nothing was written.
type ConditionError struct{ Failures []Failure }

// Failure is one condition that did not hold.
type Failure struct {
	Op      int   // place of the operation in the Write
	Current *Item // the item that stands under its key; nil when absent
}

// Error names the operations by number only: keys and bodies stay out of logs.
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
