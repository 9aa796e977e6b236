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
			t.Errorf("Close: %v", err)
		}
	})
	return db
}

func TestInjectorWithoutPlanMeetsTheContract(t *testing.T) {
	tabletest.Run(t, func(t *testing.T) table.Table { return faulttable.NewInjector(open(t)) })
}

// putThreeItems puts three items with index entries into a partition.
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
	for _, test := range []struct {
		fault      faulttable.Fault
		want       error
		wantStored bool
	}{
		{faulttable.Throttle, table.ErrUnavailable, false},
		{faulttable.TimeoutBefore, context.DeadlineExceeded, false},
		{faulttable.TimeoutAfter, context.DeadlineExceeded, true},
		{faulttable.ResetBefore, table.ErrUnavailable, false},
		{faulttable.ResetAfter, table.ErrUnavailable, true},
		{faulttable.Conflict, table.ErrConflict, false},
	} {
		t.Run(test.fault.String(), func(t *testing.T) {
			tab := faulttable.NewInjector(open(t))
			tab.SetPlan(faulttable.FaultAt(2, test.fault))
			k := table.Key{PK: "p", SK: "s"}
			if _, err := tab.Get(t.Context(), true, k); err != nil {
				t.Fatal(err)
			}
			if _, err := tab.Write(t.Context(), table.Put(table.Item{Key: k}, table.Absent())); !errors.Is(err, test.want) {
				t.Errorf("Write: error = %v, want %v", err, test.want)
			}
			got, err := tab.Get(t.Context(), true, k)
			if err != nil || len(got.Items) == 1 != test.wantStored {
				t.Errorf("Get = %d items, %v, want item stored: %t", len(got.Items), err, test.wantStored)
			}
			if diff := cmp.Diff([]faulttable.Operation{faulttable.Get, faulttable.Write, faulttable.Get}, tab.Operations()); diff != "" {
				t.Errorf("Operations (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]faulttable.Fault{test.fault}, tab.Injected()); diff != "" {
				t.Errorf("Injected (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFaultsForLeavesOutCrashesAndOtherOperations(t *testing.T) {
	want := []faulttable.Fault{faulttable.Throttle, faulttable.TimeoutBefore, faulttable.TimeoutAfter, faulttable.ResetBefore}
	if diff := cmp.Diff(want, faulttable.FaultsFor(faulttable.Get)); diff != "" {
		t.Errorf("FaultsFor(Get) (-want +got):\n%s", diff)
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

// A caller that follows a query to its end gets every item, whichever page is cut short, and sees an empty page after a
// spurious Next.
func TestPagingWithFaultsReturnsEveryItem(t *testing.T) {
	for _, f := range []faulttable.Fault{faulttable.ShortPage, faulttable.EmptyPage, faulttable.SpuriousNext} {
		for name, q := range map[string]table.Query{
			"partition": {PK: "p"}, "bounds": {PK: "p", From: "a", To: "b"}, "descending": {PK: "p", Descending: true},
			"index": {Index: "L", PK: "l"}, "index descending": {Index: "L", PK: "l", From: "a", To: "b", Descending: true},
		} {
			for call := 1; call <= 2; call++ {
				t.Run(fmt.Sprint(f, " at call ", call, " of ", name), func(t *testing.T) {
					tab := faulttable.NewInjector(open(t))
					putThreeItems(t, tab)
					tab.SetPlan(faulttable.FaultAt(call, f))
					q := q
					if call == 2 {
						q.Limit = 1
					}
					items, pages := countPages(t, tab, q)
					if items != 3 || pages < 2 {
						t.Errorf("query = %d items on %d pages, want 3 on at least 2", items, pages)
					}
				})
			}
		}
	}
}

func countPages(t *testing.T, tab table.Table, q table.Query) (items, pages int) {
	t.Helper()
	for {
		page, err := tab.Query(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		items += len(page.Items)
		pages++
		if page.Next == nil {
			return items, pages
		}
		q.Start = page.Next
	}
}
