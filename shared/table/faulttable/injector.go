package faulttable

import (
	"context"
	"slices"
	"sync"

	"cedula/shared/table"
)

// Operation is a method of a table.
type Operation uint8

// The kinds.
const (
	Get Operation = iota
	Query
	Write
)

// Injector is a table whose calls meet the faults that a plan says.
type Injector struct {
	table      table.Table
	mu         sync.Mutex
	plan       func(n int, k Operation) Fault
	crashed    bool
	operations []Operation
	injected   []Fault
}

var _ table.Table = (*Injector)(nil)

// NewInjector wraps a table; without a plan no call meets a fault.
func NewInjector(t table.Table) *Injector { return &Injector{table: t} }

// SetPlan sets which fault the n-th call from now on meets, counted from 1 over
// all kinds, and ends a crash. The plan is called by one at a time; nil is none.
func (i *Injector) SetPlan(plan func(n int, k Operation) Fault) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.plan, i.crashed, i.operations, i.injected = plan, false, nil, nil
}

// FaultAt is the plan of one fault at one call.
func FaultAt(call int, f Fault) func(int, Operation) Fault {
	return func(n int, _ Operation) Fault {
		if n == call {
			return f
		}
		return None
	}
}

// Operations lists the calls since the plan was set.
func (i *Injector) Operations() []Operation {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.operations)
}

// Injected lists the faults met since the plan was set.
func (i *Injector) Injected() []Fault {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.injected)
}

// nextFault records a call and returns the fault that it meets.
func (i *Injector) nextFault(k Operation) Fault {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.crashed {
		return CrashBefore
	}
	i.operations = append(i.operations, k)
	f := None
	if i.plan != nil {
		f = i.plan(len(i.operations), k)
	}
	if f != None {
		i.injected = append(i.injected, f)
	}
	i.crashed = f == CrashBefore || f == CrashAfter
	return f
}

// Get implements table.Table.
func (i *Injector) Get(ctx context.Context, strong bool, keys ...table.Key) (table.GetResult, error) {
	f := i.nextFault(Get)
	if err := f.before(); err != nil {
		return table.GetResult{}, err
	}
	got, err := i.table.Get(ctx, strong, keys...)
	if err := f.after(err); err != nil {
		return table.GetResult{}, err
	}
	return got, nil
}

// Query implements table.Table.
func (i *Injector) Query(ctx context.Context, q table.Query) (table.Page, error) {
	f := i.nextFault(Query)
	if err := f.before(); err != nil {
		return table.Page{}, err
	}
	switch f {
	case EmptyPage:
		if err := ctx.Err(); err != nil {
			return table.Page{}, err
		}
		return table.Page{Next: positionBefore(q)}, nil
	case ShortPage:
		q.Limit = 1
	}
	page, err := i.table.Query(ctx, q)
	if err := f.after(err); err != nil {
		return table.Page{}, err
	}
	if last := len(page.Items) - 1; f == SpuriousNext && page.Next == nil && last >= 0 {
		page.Next = &table.Position{Key: page.Items[last].Key, Index: page.Items[last].Indexes[q.Index]}
	}
	return page, nil
}

// Write implements table.Table.
func (i *Injector) Write(ctx context.Context, ops ...table.Op) (table.Units, error) {
	f := i.nextFault(Write)
	if err := f.before(); err != nil {
		return table.Units{}, err
	}
	units, err := i.table.Write(ctx, ops...)
	if err := f.after(err); err != nil {
		return table.Units{}, err
	}
	return units, nil
}

// positionBefore is a position before everything that the query is to find.
func positionBefore(q table.Query) *table.Position {
	if q.Start != nil {
		return q.Start
	}
	sk, pk := q.From, "\x00"
	if sk == "" {
		sk = "\x00"
	}
	if q.Descending {
		pk = "\U0010FFFF"
		if sk = q.To; sk == "" {
			sk = pk
		}
	}
	if q.Index == "" {
		return &table.Position{Key: table.Key{PK: q.PK, SK: sk}}
	}
	return &table.Position{Key: table.Key{PK: pk, SK: pk}, Index: table.Key{PK: q.PK, SK: sk}}
}
