package pebble_test

import (
	"context"
	"encoding/binary"
	"errors"
	"testing"
	"time"

	engine "github.com/cockroachdb/pebble"
	"github.com/google/go-cmp/cmp"

	"cedula/shared/table"
	"cedula/shared/table/pebble"
)

// writeStaleExpiry puts the engine's row that says p/<sk> expired, whatever its item says.
func writeStaleExpiry(t *testing.T, dir string, at time.Time, sks ...string) {
	t.Helper()
	kv, err := engine.Open(dir, &engine.Options{FormatMajorVersion: engine.FormatVirtualSSTables, Logger: discardLogger{}})
	if err != nil {
		t.Fatal(err)
	}
	for _, sk := range sks {
		row := binary.BigEndian.AppendUint64([]byte{'e'}, uint64(at.Unix())^(1<<63))
		err = errors.Join(err, kv.Set(append(row, "p\x00\x01"+sk...), nil, engine.Sync))
	}
	if err := errors.Join(err, kv.Close()); err != nil {
		t.Fatal(err)
	}
}

// An expiry entry that its item contradicts goes, alone, and holds nobody up.
func TestSweepRemovesStaleEntries(t *testing.T) {
	dir, now := t.TempDir(), time.Unix(1_700_000_000, 0)
	db, err := pebble.Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	for sk, expires := range map[string]time.Time{"due": now.Add(-time.Minute), "later": now.Add(time.Hour), "never": {}} {
		write(t, db, table.Put(table.Item{Key: table.Key{PK: "p", SK: sk}, Expires: expires}, table.Always()))
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	writeStaleExpiry(t, dir, now.Add(-time.Hour), "absent", "due", "later", "never")

	db = open(t, dir)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	for _, want := range []int{1, 0} {
		if swept, err := db.Sweep(ctx, now); err != nil || swept != want {
			t.Errorf("swept %d, %v, want %d", swept, err, want)
		}
	}
	page, err := db.Query(t.Context(), table.Query{PK: "p"})
	if err != nil {
		t.Fatal(err)
	}
	want := []table.Key{{PK: "p", SK: "later"}, {PK: "p", SK: "never"}}
	if diff := cmp.Diff(want, keysOf(page.Items)); diff != "" {
		t.Error(diff)
	}
}
