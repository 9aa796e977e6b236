package pebble_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cedula/shared/table"
	"cedula/shared/table/pebble"
)

func TestReopenedTableContainsAllItems(t *testing.T) {
	dir := t.TempDir()
	want := table.Item{
		Key: table.Key{PK: "p\x00", SK: "s\x00"}, Indexes: map[string]table.Key{"L": {PK: "l", SK: "1"}, "E": {PK: "e", SK: "1"}},
		Version: 7, Owner: "ann", Expires: time.Unix(1_700_000_000, 0).UTC(), Body: []byte("body"),
	}
	for round := range 3 {
		db, err := pebble.Open(dir, []string{"L", "E"})
		if err != nil {
			t.Fatal(err)
		}
		if round == 0 {
			write(t, db, table.Put(want, table.Absent()))
		}
		got, err := db.Get(t.Context(), true, want.Key)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]table.Item{want}, got.Items); diff != "" {
			t.Error(diff)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestStaleIndexEntriesAreRemovedWithTheirItem(t *testing.T) {
	dir := t.TempDir()
	i := table.Item{Key: table.Key{PK: "p", SK: "s"}, Indexes: map[string]table.Key{"L": {PK: "l", SK: "1"}}}
	for _, indexes := range [][]string{{"L"}, {"E"}, {"L"}} {
		db, err := pebble.Open(dir, indexes)
		if err != nil {
			t.Fatal(err)
		}
		if indexes[0] == "L" {
			page, err := db.Query(t.Context(), table.Query{Index: "L", PK: "l"})
			if err != nil || len(page.Items) != 0 {
				t.Fatalf("stale entries: %v, %v", page.Items, err)
			}
			write(t, db, table.Put(i, table.Always()))
		} else {
			write(t, db, table.Delete(i.Key, table.Exists()))
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestClosedTableIsUnavailable(t *testing.T) {
	db := open(t, t.TempDir())
	if err := errors.Join(db.Close(), db.Close()); err != nil {
		t.Fatal(err)
	}
	k := table.Key{PK: "p", SK: "s"}
	_, get := db.Get(t.Context(), true, k)
	_, query := db.Query(t.Context(), table.Query{PK: "p"})
	_, writeErr := db.Write(t.Context(), table.Delete(k, table.Always()))
	_, sweep := db.Sweep(t.Context(), time.Now())
	for call, err := range map[string]error{"get": get, "query": query, "write": writeErr, "sweep": sweep} {
		if !errors.Is(err, table.ErrUnavailable) {
			t.Errorf("%s: %v", call, err)
		}
	}
}

func TestCloseWaitsForRunningCalls(t *testing.T) {
	db := open(t, t.TempDir())
	var group sync.WaitGroup
	for n := range 16 {
		group.Go(func() {
			for v := int64(1); ; v++ {
				i := table.Item{Key: table.Key{PK: "p", SK: fmt.Sprint(n)}, Version: v}
				if _, err := db.Write(context.Background(), table.Put(i, table.Always())); err != nil {
					if !errors.Is(err, table.ErrUnavailable) {
						t.Errorf("write: %v", err)
					}
					return
				}
			}
		})
	}
	time.Sleep(30 * time.Millisecond)
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	group.Wait()
}

func TestSweep(t *testing.T) {
	db := open(t, t.TempDir())
	now := time.Unix(1_700_000_000, 0)
	due := func(sk string, at time.Time) table.Item {
		return table.Item{Key: table.Key{PK: "p", SK: sk}, Indexes: map[string]table.Key{"L": {PK: "l", SK: sk}}, Expires: at}
	}
	for n := range 250 {
		write(t, db, table.Put(due(fmt.Sprintf("due %03d", n), now.Add(-time.Duration(n)*time.Hour)), table.Always()))
	}
	write(t, db, table.Put(due("before 1970", time.Unix(-5, 0)), table.Always()))
	write(t, db, table.Put(due("more time", now.Add(-time.Hour)), table.Always()))
	write(t, db, table.Put(due("more time", now.Add(time.Second)), table.Always()))
	write(t, db, table.Put(due("next second", now.Add(time.Second)), table.Always()))
	write(t, db, table.Put(due("never", time.Time{}), table.Always()))

	swept, err := db.Sweep(t.Context(), now.Add(999*time.Millisecond))
	if err != nil || swept != 251 {
		t.Errorf("swept %d, %v; want 251", swept, err)
	}
	for _, q := range []table.Query{{PK: "p"}, {Index: "L", PK: "l"}} {
		page, err := db.Query(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		var left []string
		for _, i := range page.Items {
			left = append(left, i.SK)
		}
		if diff := cmp.Diff([]string{"more time", "never", "next second"}, left); diff != "" {
			t.Error(diff)
		}
	}
	if swept, err := db.Sweep(t.Context(), now); err != nil || swept != 0 {
		t.Errorf("swept again %d, %v", swept, err)
	}
}

func TestSweepKeepsRenewedItems(t *testing.T) {
	db := open(t, t.TempDir())
	now := time.Unix(1_700_000_000, 0)
	i := table.Item{Key: table.Key{PK: "p", SK: "s"}, Version: 1, Expires: now}
	for range 200 {
		write(t, db, table.Put(i, table.Always()))
		renewed := i
		renewed.Version, renewed.Expires = 2, now.Add(time.Hour)
		var group sync.WaitGroup
		var kept error
		group.Go(func() { _, kept = db.Write(context.Background(), table.Put(renewed, table.VersionIs(1))) })
		group.Go(func() {
			if _, err := db.Sweep(context.Background(), now); err != nil {
				t.Errorf("sweep: %v", err)
			}
		})
		group.Wait()
		got, err := db.Get(t.Context(), true, i.Key)
		if err != nil || (kept == nil) != (len(got.Items) == 1) {
			t.Fatalf("renewal: %v, then %d items, %v", kept, len(got.Items), err)
		}
	}
}

func write(t testing.TB, db *pebble.DB, ops ...table.Op) {
	t.Helper()
	if _, err := db.Write(context.Background(), ops...); err != nil {
		t.Fatalf("write: %v", err)
	}
}
