package faulttable

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"cedula/shared/table"
)

// Injector is a table whose calls meet the faults of a plan.
type Injector struct {
	table      table.Table
	mu         sync.Mutex
	plan       func(n int, o Operation) Fault
	crashed    bool
	operations []Operation
	injected   []Fault
}

var _ table.Table = (*Injector)(nil)

// NewInjector wraps a table; without a plan no call meets a fault.
func NewInjector(t table.Table) *Injector { return &Injector{table: t} }

// SetPlan sets which fault the n-th call from now on meets, counted from 1 over all operations, and ends a crash. Calls of
// the plan do not overlap; nil means no faults.
func (i *Injector) SetPlan(plan func(n int, o Operation) Fault) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.plan = plan
	i.crashed = false
	i.operations = nil
	i.injected = nil
}

// FaultAt returns the plan of one fault at one call.
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
func (i *Injector) nextFault(o Operation) Fault {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.crashed {
		return CrashBefore
	}
	i.operations = append(i.operations, o)
	f := None
	if i.plan != nil {
		f = i.plan(len(i.operations), o)
	}
	if f != None {
		i.injected = append(i.injected, f)
	}
	i.crashed = f == CrashBefore || f == CrashAfter
	return f
}

// Get implements table.Table.
func (i *Injector) Get(ctx context.Context, strong bool, keys ...table.Key) (table.GetResult, error) {
	return inject(i.nextFault(Get), func() (table.GetResult, error) { return i.table.Get(ctx, strong, keys...) })
}

// Query implements table.Table.
func (i *Injector) Query(ctx context.Context, q table.Query) (table.Page, error) {
	f := i.nextFault(Query)
	page, err := inject(f, func() (table.Page, error) {
		if f == EmptyPage {
			return table.Page{Next: positionBefore(q)}, ctx.Err()
		}
		if f == ShortPage {
			q.Limit = 1
		}
		return i.table.Query(ctx, q)
	})
	if last := len(page.Items) - 1; f == SpuriousNext && page.Next == nil && last >= 0 {
		page.Next = &table.Position{Key: page.Items[last].Key, Index: page.Items[last].Indexes[q.Index]}
	}
	return page, err
}

// Write implements table.Table.
func (i *Injector) Write(ctx context.Context, ops ...table.Op) (table.Units, error) {
	return inject(i.nextFault(Write), func() (table.Units, error) { return i.table.Write(ctx, ops...) })
}

// positionBefore returns a position before everything that the query is to find.
func positionBefore(q table.Query) *table.Position {
	if q.Start != nil {
		return q.Start
	}
	outermost, bound := "\x00", q.From
	if q.Descending {
		outermost, bound = "\U0010FFFF", q.To
	}
	at := table.Key{PK: q.PK, SK: cmp.Or(bound, outermost)}
	if q.Index == "" {
		return &table.Position{Key: at}
	}
	return &table.Position{Key: table.Key{PK: outermost, SK: outermost}, Index: at}
}
