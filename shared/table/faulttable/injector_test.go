package faulttable_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cedula/shared/table"
	"cedula/shared/table/faulttable"
	"cedula/shared/table/pebble"
	"cedula/shared/table/tabletest"
)

func open(t *testing.T) table.Table {
	t.Helper()
	db, err := pebble.Open(t.TempDir(), []string{"L", "E"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func TestInjectorWithoutPlanMeetsTheContract(t *testing.T) {
	tabletest.Run(t, func(t *testing.T) table.Table { return faulttable.NewInjector(open(t)) })
}

// putThreeItems puts as many items into a partition, which stand in an index too.
func putThreeItems(t *testing.T, tab table.Table) {
	t.Helper()
	for n := range 3 {
		sk := fmt.Sprintf("a%d", n)
		item := table.Item{Key: table.Key{PK: "p", SK: sk}, Indexes: map[string]table.Key{"L": {PK: "l", SK: sk}}}
		if _, err := tab.Write(t.Context(), table.Put(item, table.Absent())); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWriteFaults(t *testing.T) {
	for _, c := range []struct {
		fault faulttable.Fault
		want  error
		there bool
	}{
		{faulttable.Throttle, table.ErrUnavailable, false},
		{faulttable.TimeoutBefore, context.DeadlineExceeded, false},
		{faulttable.TimeoutAfter, context.DeadlineExceeded, true},
		{faulttable.ResetBefore, table.ErrUnavailable, false},
		{faulttable.ResetAfter, table.ErrUnavailable, true},
		{faulttable.Conflict, table.ErrConflict, false},
		{faulttable.Slow, nil, true},
	} {
		t.Run(c.fault.String(), func(t *testing.T) {
			tab := faulttable.NewInjector(open(t))
			tab.SetPlan(faulttable.FaultAt(2, c.fault))
			k := table.Key{PK: "p", SK: "s"}
			if _, err := tab.Get(t.Context(), true, k); err != nil {
				t.Fatal(err)
			}
			if _, err := tab.Write(t.Context(), table.Put(table.Item{Key: k}, table.Absent())); !errors.Is(err, c.want) {
				t.Errorf("write: %v, want %v", err, c.want)
			}
			got, err := tab.Get(t.Context(), true, k)
			if err != nil || len(got.Items) == 1 != c.there {
				t.Errorf("%d items, %v", len(got.Items), err)
			}
			if diff := cmp.Diff([]faulttable.Operation{faulttable.Get, faulttable.Write, faulttable.Get}, tab.Operations()); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff([]faulttable.Fault{c.fault}, tab.Injected()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNoCallHasAnEffectAfterACrash(t *testing.T) {
	for fault, want := range map[faulttable.Fault]int{faulttable.CrashBefore: 0, faulttable.CrashAfter: 1} {
		t.Run(fault.String(), func(t *testing.T) {
			tab := faulttable.NewInjector(open(t))
			tab.SetPlan(faulttable.FaultAt(1, fault))
			for _, sk := range []string{"first", "second"} {
				if _, err := tab.Write(t.Context(), table.Put(table.Item{Key: table.Key{PK: "p", SK: sk}}, table.Absent())); !errors.Is(err, faulttable.ErrCrashed) {
					t.Errorf("error = %v, want %v", err, faulttable.ErrCrashed)
				}
			}
			tab.SetPlan(nil)
			if page, err := tab.Query(t.Context(), table.Query{PK: "p"}); err != nil || len(page.Items) != want {
				t.Errorf("%d items, error = %v, want %d items", len(page.Items), err, want)
			}
		})
	}
}

// TestPagingWithFaultsReturnsEveryItem: whoever follows a query to its end gets it all,
// whatever page ends early, and an open end is met by an empty page.
func TestPagingWithFaultsReturnsEveryItem(t *testing.T) {
	for _, f := range []faulttable.Fault{faulttable.ShortPage, faulttable.EmptyPage, faulttable.SpuriousNext} {
		for name, q := range map[string]table.Query{
			"partition": {PK: "p"}, "bounds": {PK: "p", From: "a", To: "b"}, "descending": {PK: "p", Descending: true},
			"index": {Index: "L", PK: "l"}, "index descending": {Index: "L", PK: "l", From: "a", To: "b", Descending: true},
		} {
			for call := 1; call <= 2; call++ {
				t.Run(fmt.Sprint(f, " at ", call, " of ", name), func(t *testing.T) {
					tab := faulttable.NewInjector(open(t))
					putThreeItems(t, tab)
					tab.SetPlan(faulttable.FaultAt(call, f))
					q := q
					if call == 2 {
						q.Limit = 1
					}
					found, pages := 0, 0
					for {
						page, err := tab.Query(t.Context(), q)
						if err != nil {
							t.Fatal(err)
						}
						found, pages = found+len(page.Items), pages+1
						if page.Next == nil {
							break
						}
						q.Start = page.Next
					}
					if found != 3 || pages < 2 {
						t.Errorf("%d items on %d pages", found, pages)
					}
				})
			}
		}
	}
}
