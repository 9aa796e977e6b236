package faulttable_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cedula/shared/table"
	"cedula/shared/table/faulttable"
)

// fixedTable is a table that answers always the same.
type fixedTable struct{ err error }

func (f fixedTable) Get(context.Context, bool, ...table.Key) (table.GetResult, error) {
	return table.GetResult{Units: table.Units{Read: 0.5}}, f.err
}

func (f fixedTable) Query(context.Context, table.Query) (table.Page, error) {
	return table.Page{Units: table.Units{Read: 2}}, f.err
}

func (f fixedTable) Write(context.Context, ...table.Op) (table.Units, error) {
	return table.Units{Write: 3}, f.err
}

func callEach(t *testing.T, tab table.Table) error {
	_, get := tab.Get(t.Context(), false)
	_, query := tab.Query(t.Context(), table.Query{})
	_, write := tab.Write(t.Context())
	return errors.Join(get, query, write)
}

func TestCounterCountsConcurrentCalls(t *testing.T) {
	c := faulttable.NewCounter(fixedTable{})
	var group sync.WaitGroup
	for range 100 {
		group.Go(func() {
			if err := callEach(t, c); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	want := faulttable.Calls{Get: 100, Query: 100, Write: 100, Units: table.Units{Read: 250, Write: 300}}
	if diff := cmp.Diff(want, c.Calls()); diff != "" {
		t.Error(diff)
	}
	if c.Calls().Total() != 300 {
		t.Errorf("total %d", c.Calls().Total())
	}
	if diff := cmp.Diff(want, c.Reset()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(faulttable.Calls{}, c.Calls()); diff != "" {
		t.Errorf("after reset: %s", diff)
	}
}

func TestCounterCountsFailedCalls(t *testing.T) {
	c := faulttable.NewCounter(fixedTable{err: table.ErrUnavailable})
	if err := callEach(t, c); !errors.Is(err, table.ErrUnavailable) {
		t.Errorf("errors: %v", err)
	}
	if n := c.Calls().Total(); n != 3 {
		t.Errorf("total %d", n)
	}
}
