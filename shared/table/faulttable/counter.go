// Package faulttable wraps a table for tests: a Counter counts its calls and units, an Injector makes its calls fail.
// It must not know which engine is behind it.
package faulttable

import (
	"context"
	"sync"

	"cedula/shared/table"
)

// Calls counts what went through a Counter, including calls that returned an error.
type Calls struct {
	Get, Query, Write int
	Units             table.Units
}

// Total returns the number of calls of every kind.
func (c Calls) Total() int { return c.Get + c.Query + c.Write }

// Counter is a table that counts what it passes on.
type Counter struct {
	table table.Table
	mu    sync.Mutex
	calls Calls
}

var _ table.Table = (*Counter)(nil)

// NewCounter wraps a table.
func NewCounter(t table.Table) *Counter { return &Counter{table: t} }

// Reset returns the counts since the last Reset and starts at zero again.
func (c *Counter) Reset() Calls {
	c.mu.Lock()
	defer c.mu.Unlock()
	counted := c.calls
	c.calls = Calls{}
	return counted
}

// Get implements table.Table.
func (c *Counter) Get(ctx context.Context, strong bool, keys ...table.Key) (table.GetResult, error) {
	got, err := c.table.Get(ctx, strong, keys...)
	c.add(Calls{Get: 1, Units: got.Units})
	return got, err
}

// Query implements table.Table.
func (c *Counter) Query(ctx context.Context, q table.Query) (table.Page, error) {
	page, err := c.table.Query(ctx, q)
	c.add(Calls{Query: 1, Units: page.Units})
	return page, err
}

// Write implements table.Table.
func (c *Counter) Write(ctx context.Context, ops ...table.Op) (table.Units, error) {
	units, err := c.table.Write(ctx, ops...)
	c.add(Calls{Write: 1, Units: units})
	return units, err
}

func (c *Counter) add(more Calls) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls.Get += more.Get
	c.calls.Query += more.Query
	c.calls.Write += more.Write
	c.calls.Units = c.calls.Units.Add(more.Units)
}
