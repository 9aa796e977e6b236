package pebble_test

import (
	"testing"

	"cedula/shared/table"
	"cedula/shared/table/pebble"
	"cedula/shared/table/tabletest"
)

func TestContract(t *testing.T) {
	tabletest.Run(t, func(t *testing.T) table.Table { return open(t, t.TempDir()) })
}

// open opens a table that is closed with the test.
func open(t testing.TB, dir string) *pebble.DB {
	t.Helper()
	db, err := pebble.Open(dir, []string{"L", "E"})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return db
}
