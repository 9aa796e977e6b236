package faults_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cedula/shared/table"
	"cedula/shared/table/embedded"
	"cedula/shared/table/faults"
	"cedula/shared/table/tabletest"
)

func open(t *testing.T) table.Table {
	t.Helper()
	db, err := embedded.Open(t.TempDir(), []string{"L", "E"})
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

func TestWithoutAFaultTheContractHolds(t *testing.T) {
	tabletest.Run(t, func(t *testing.T) table.Table { return faults.Inject(open(t)) })
}

// three puts as many items into a partition, which stand in an index too.
func three(t *testing.T, tab table.Table) {
	t.Helper()
	for n := range 3 {
		sk := fmt.Sprintf("a%d", n)
		item := table.Item{Key: table.Key{PK: "p", SK: sk}, Indexes: map[string]table.Key{"L": {PK: "l", SK: sk}}}
		if _, err := tab.Write(t.Context(), table.Put(item, table.Absent())); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFaultOfAWrite(t *testing.T) {
	for _, c := range []struct {
		fault faults.Fault
		want  error
		there bool
	}{
		{faults.Throttle, table.ErrUnavailable, false},
		{faults.TimeoutBefore, context.DeadlineExceeded, false},
		{faults.TimeoutAfter, context.DeadlineExceeded, true},
		{faults.ResetBefore, table.ErrUnavailable, false},
		{faults.ResetAfter, table.ErrUnavailable, true},
		{faults.Conflict, table.ErrConflict, false},
		{faults.Slow, nil, true},
	} {
		t.Run(c.fault.String(), func(t *testing.T) {
			tab := faults.Inject(open(t))
			tab.Plan(faults.At(2, c.fault))
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
			if diff := cmp.Diff([]faults.Kind{faults.Get, faults.Write, faults.Get}, tab.Kinds()); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff([]faults.Fault{c.fault}, tab.Met()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestFollowedPagesLoseNothing: whoever follows a query to its end gets it all,
// whatever page ends early, and an open end is met by an empty page.
func TestFollowedPagesLoseNothing(t *testing.T) {
	for _, f := range []faults.Fault{faults.ShortPage, faults.EmptyPage, faults.OpenPage} {
		for name, q := range map[string]table.Query{
			"partition": {PK: "p"}, "bounds": {PK: "p", From: "a", To: "b"}, "descending": {PK: "p", Descending: true},
			"index": {Index: "L", PK: "l"}, "index descending": {Index: "L", PK: "l", From: "a", To: "b", Descending: true},
		} {
			for call := 1; call <= 2; call++ {
				t.Run(fmt.Sprint(f, " at ", call, " of ", name), func(t *testing.T) {
					tab := faults.Inject(open(t))
					three(t, tab)
					tab.Plan(faults.At(call, f))
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
