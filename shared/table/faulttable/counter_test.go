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

// fixedTable returns fixed units and this error.
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

func TestCounterCountsConcurrentCalls(t *testing.T) {
	for _, wantErr := range []error{nil, table.ErrUnavailable} {
		c := faulttable.NewCounter(fixedTable{wantErr})
		var group sync.WaitGroup
		for range 100 {
			group.Go(func() {
				_, getErr := c.Get(t.Context(), false)
				_, queryErr := c.Query(t.Context(), table.Query{})
				_, writeErr := c.Write(t.Context())
				for _, err := range []error{getErr, queryErr, writeErr} {
					if !errors.Is(err, wantErr) {
						t.Errorf("error = %v, want %v", err, wantErr)
					}
				}
			})
		}
		group.Wait()
		want := faulttable.Calls{Get: 100, Query: 100, Write: 100, Units: table.Units{Read: 250, Write: 300}}
		got := c.Reset()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("Calls (-want +got):\n%s", diff)
		}
		if got.Total() != 300 {
			t.Errorf("Total = %d, want 300", got.Total())
		}
		if diff := cmp.Diff(faulttable.Calls{}, c.Reset()); diff != "" {
			t.Errorf("Calls after Reset (-want +got):\n%s", diff)
		}
	}
}
