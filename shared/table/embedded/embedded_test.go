package embedded_test

import (
	"testing"

	"cedula/shared/table"
	"cedula/shared/table/embedded"
	"cedula/shared/table/tabletest"
)

func TestContract(t *testing.T) {
	tabletest.Run(t, func(t *testing.T) table.Table { return open(t, t.TempDir()) })
}

// open opens a table that is closed with the test.
func open(t testing.TB, dir string) *embedded.DB {
	t.Helper()
	db, err := embedded.Open(dir, []string{"L", "E"})
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
