package pebble_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	engine "github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"cedula/shared/table"
	"cedula/shared/table/pebble"
)

var indexes = []string{"L", "E"}

// open opens a table that is closed with the test.
func open(t testing.TB, dir string) *pebble.DB {
	t.Helper()
	db := mustOpen(t, dir)
	t.Cleanup(func() { mustClose(t, db) })
	return db
}

func mustOpen(t testing.TB, dir string) *pebble.DB {
	t.Helper()
	db, err := pebble.Open(dir, indexes)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return db
}

func mustClose(t testing.TB, db *pebble.DB) {
	t.Helper()
	if err := db.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

func write(t testing.TB, db *pebble.DB, ops ...table.Op) {
	t.Helper()
	if _, err := db.Write(context.Background(), ops...); err != nil {
		t.Fatalf("Write: %v", err)
	}
}

func get(t testing.TB, db *pebble.DB, keys ...table.Key) []table.Item {
	t.Helper()
	got, err := db.Get(context.Background(), true, keys...)
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	return got.Items
}

// queryAll returns the items of all pages.
func queryAll(t testing.TB, db *pebble.DB, q table.Query) (items []table.Item) {
	t.Helper()
	for {
		page, err := db.Query(context.Background(), q)
		if err != nil {
			t.Fatalf("Query: %v", err)
		}
		items = append(items, page.Items...)
		if page.Next == nil {
			return items
		}
		q.Start = page.Next
	}
}

// changeRows opens the engine without this package and lets f change its rows.
func changeRows(t *testing.T, dir string, f func(kv *engine.DB) error) {
	t.Helper()
	kv, err := engine.Open(dir, &engine.Options{FormatMajorVersion: engine.FormatVirtualSSTables, Logger: discardLogger{}})
	if err != nil {
		t.Fatal(err)
	}
	if err := f(kv); err != nil {
		t.Fatal(err)
	}
	if err := kv.Close(); err != nil {
		t.Fatal(err)
	}
}

type discardLogger struct{}

func (discardLogger) Infof(string, ...any)  {}
func (discardLogger) Errorf(string, ...any) {}
func (discardLogger) Fatalf(string, ...any) {}

// wrappedFS is a file system that wraps the files whose names have the suffix.
type wrappedFS struct {
	vfs.FS
	suffix string
	wrap   func(vfs.File) vfs.File
}

func (d wrappedFS) wrapFile(name string, f vfs.File, err error) (vfs.File, error) {
	if err != nil || !strings.HasSuffix(name, d.suffix) {
		return f, err
	}
	return d.wrap(f), nil
}

func (d wrappedFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := d.FS.Create(name, c)
	return d.wrapFile(name, f, err)
}

func (d wrappedFS) ReuseForWrite(old, name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := d.FS.ReuseForWrite(old, name, c)
	return d.wrapFile(name, f, err)
}

// roleVariable tells the test binary, run as a second process, which of its roles to play.
const roleVariable = "PEBBLE_TEST_ROLE"

var roles = map[string]func(arguments ...string){
	"open":       runOpen,
	"disk error": runDiskError,
}

func TestMain(m *testing.M) {
	if role, ok := roles[os.Getenv(roleVariable)]; ok {
		role(os.Args[1:]...)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// childProcess returns the second process. After a minute it prints where it hangs and ends.
func childProcess(t *testing.T, role string, arguments ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, self, arguments...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGQUIT) }
	cmd.Env = append(os.Environ(), roleVariable+"="+role)
	cmd.Stderr = os.Stderr
	return cmd
}
