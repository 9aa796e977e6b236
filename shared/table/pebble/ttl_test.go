package pebble_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cedula/shared/table"
	"cedula/shared/table/pebble"
)

var now = time.Unix(1_700_000_000, 0)

// putExpiring puts an item p/sk with an entry l/sk in index L.
func putExpiring(t *testing.T, db *pebble.DB, sk string, expires time.Time) {
	t.Helper()
	write(t, db, table.Put(table.Item{
		Key: table.Key{PK: "p", SK: sk}, Indexes: map[string]table.Key{"L": {PK: "l", SK: sk}}, Expires: expires,
	}, table.Always()))
}

// wantSweep checks how many items Sweep deletes, and what is left of those that putExpiring put.
func wantSweep(t *testing.T, db *pebble.DB, at time.Time, want int, wantLeft ...string) {
	t.Helper()
	if got, err := db.Sweep(t.Context(), at); err != nil || got != want {
		t.Errorf("Sweep = %d, %v, want %d", got, err, want)
	}
	for _, q := range []table.Query{{PK: "p"}, {Index: "L", PK: "l"}} {
		var left []string
		for _, i := range queryAll(t, db, q) {
			left = append(left, i.SK)
		}
		if diff := cmp.Diff(wantLeft, left); diff != "" {
			t.Errorf("items left in %q (-want +got):\n%s", q.PK, diff)
		}
	}
}

func TestSweepDeletesExpiredItems(t *testing.T) {
	db := open(t, t.TempDir())
	for n := range 250 {
		putExpiring(t, db, fmt.Sprintf("due %03d", n), now.Add(-time.Duration(n)*time.Hour))
	}
	putExpiring(t, db, "before 1970", time.Unix(-5, 0))
	putExpiring(t, db, "renewed", now.Add(-time.Hour))
	putExpiring(t, db, "renewed", now.Add(time.Second))
	putExpiring(t, db, "next second", now.Add(time.Second))
	putExpiring(t, db, "never", time.Time{})
	wantSweep(t, db, now.Add(999*time.Millisecond), 251, "never", "next second", "renewed")
	wantSweep(t, db, now, 0, "never", "next second", "renewed")
}

func TestSweepKeepsItemsRenewedMeanwhile(t *testing.T) {
	db := open(t, t.TempDir())
	expired := table.Item{Key: table.Key{PK: "p", SK: "s"}, Version: 1, Expires: now}
	renewed := table.Item{Key: expired.Key, Version: 2, Expires: now.Add(time.Hour)}
	for range 200 {
		write(t, db, table.Put(expired, table.Always()))
		var group sync.WaitGroup
		var renewErr, sweepErr error
		group.Go(func() { _, renewErr = db.Write(context.Background(), table.Put(renewed, table.VersionIs(1))) })
		group.Go(func() { _, sweepErr = db.Sweep(context.Background(), now) })
		group.Wait()
		if sweepErr != nil {
			t.Fatalf("Sweep: %v", sweepErr)
		}
		if got := get(t, db, expired.Key); (renewErr == nil) != (len(got) == 1) {
			t.Fatalf("renewal error = %v, then %d items, want an item exactly if it was renewed", renewErr, len(got))
		}
	}
}
