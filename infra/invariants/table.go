// Package invariants checks what must always hold of the stored identities, their claims, links and codes.
// It reads the stored items by their keys and field names, as an operator would, and must not import package store.
package invariants

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"cedula/shared/table"
)

// Table is a table that remembers the items written through it and checks every write that takes effect.
// Check checks the state that the writes have led to. Change the exported fields only between calls.
type Table struct {
	table.Table

	Now           func() time.Time // the registry's clock
	Prefixes      []string         // of the partition keys that may be written; none: all
	AllowDeletion bool             // a client has asked for an identity to be deleted
	Trusted       bool             // the client sets statuses itself, without verification

	mu     sync.Mutex
	items  map[table.Key]table.Item
	states []string // the state after each write
	violations
}

// violations describe what does not hold.
type violations []string

func (v *violations) report(format string, args ...any) {
	*v = append(*v, fmt.Sprintf(format, args...))
}

// New wraps a table. What it holds already is not checked.
func New(t table.Table, now func() time.Time) *Table {
	return &Table{Table: t, Now: now, items: make(map[table.Key]table.Item)}
}

// Reset forgets all items and violations, and allows writes to partition keys with these prefixes only.
func (t *Table) Reset(prefixes ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.Prefixes, t.items, t.states, t.violations = prefixes, make(map[table.Key]table.Item), nil, nil
}

// Write implements table.Table.
func (t *Table) Write(ctx context.Context, ops ...table.Op) (table.Units, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	units, err := t.Table.Write(ctx, ops...)
	if err != nil {
		return units, err
	}
	t.checkSends(ops)
	for _, op := range ops {
		t.checkOp(op)
		switch op.Action {
		case table.ActionPut:
			t.items[op.Item.Key] = op.Item
		case table.ActionDelete:
			delete(t.items, op.Item.Key)
		}
	}
	t.states = append(t.states, t.state())
	return units, nil
}

// State describes what is stored: the kind and version of every item. It also returns the state after each write
// since the last call.
func (t *Table) State() (now string, since []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	since, t.states = t.states, nil
	return t.state(), since
}

func (t *Table) state() string {
	list := make([]string, 0, len(t.items))
	for k, i := range t.items {
		list = append(list, fmt.Sprintf("%s:%d", kind(k), i.Version))
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

// Messages lists the partition keys of the queued messages, in order.
func (t *Table) Messages() (keys []string) {
	for _, i := range t.list(kindMessage) {
		keys = append(keys, i.PK)
	}
	return keys
}

// Identities lists the identities, tombstones included, by partition key.
func (t *Table) Identities() (all []Identity) {
	for _, i := range t.list(kindIdentity) {
		all = append(all, decode[Identity](i))
	}
	return all
}

func (t *Table) list(of string) (items []table.Item) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for k, i := range t.items {
		if kind(k) == of {
			items = append(items, i)
		}
	}
	slices.SortFunc(items, func(a, b table.Item) int { return strings.Compare(a.PK, b.PK) })
	return items
}
