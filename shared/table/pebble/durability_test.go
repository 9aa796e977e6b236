package pebble_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/vfs"

	"cedula/shared/table"
	"cedula/shared/table/pebble"
)

// wrappedFS is a file system whose files of one kind behave otherwise.
type wrappedFS struct {
	vfs.FS
	suffix string // of the names of those files
	wrap   func(vfs.File) vfs.File
}

func (d wrappedFS) wrapFile(name string, f vfs.File, err error) (vfs.File, error) {
	if err != nil || !strings.HasSuffix(name, d.suffix) {
		return f, err
	}
	return d.wrap(f), nil
}

func (d wrappedFS) Create(name string) (vfs.File, error) {
	f, err := d.FS.Create(name)
	return d.wrapFile(name, f, err)
}

func (d wrappedFS) ReuseForWrite(old, name string) (vfs.File, error) {
	f, err := d.FS.ReuseForWrite(old, name)
	return d.wrapFile(name, f, err)
}

// gatedFile is flushed only while the gate is open.
type gatedFile struct {
	vfs.File
	gate *sync.RWMutex
}

func (f gatedFile) wait() {
	f.gate.RLock()
	defer f.gate.RUnlock()
}

func (f gatedFile) Sync() error     { f.wait(); return f.File.Sync() }
func (f gatedFile) SyncData() error { f.wait(); return f.File.SyncData() }

// openOnSlowDisk opens a table whose log waits at the gate.
func openOnSlowDisk(t *testing.T) (*pebble.DB, *sync.RWMutex) {
	t.Helper()
	gate := new(sync.RWMutex)
	disk := wrappedFS{vfs.Default, ".log", func(f vfs.File) vfs.File { return gatedFile{f, gate} }}
	db, err := pebble.OpenFS(t.TempDir(), []string{"L", "E"}, disk)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db, gate
}

// callsThatWait are the calls that see the write of p/s while it is not durable.
var callsThatWait = map[string]func(ctx context.Context, db *pebble.DB) error{
	"the write itself": func(context.Context, *pebble.DB) error { return nil },
	"a get": func(ctx context.Context, db *pebble.DB) error {
		_, err := db.Get(ctx, false, table.Key{PK: "p", SK: "s"})
		return err
	},
	"a query": func(ctx context.Context, db *pebble.DB) error {
		_, err := db.Query(ctx, table.Query{PK: "p"})
		return err
	},
	"a query of an index": func(ctx context.Context, db *pebble.DB) error {
		_, err := db.Query(ctx, table.Query{Index: "L", PK: "l"})
		return err
	},
	"a failed condition": func(ctx context.Context, db *pebble.DB) error {
		_, err := db.Write(ctx, table.Put(sampleItem, table.Absent()))
		if failed := new(table.ConditionError); errors.As(err, &failed) {
			return nil
		}
		return err
	},
	"a condition that holds": func(ctx context.Context, db *pebble.DB) error {
		_, err := db.Write(ctx, table.Check(sampleItem.Key, table.Exists()))
		return err
	},
	"a write upon it": func(ctx context.Context, db *pebble.DB) error {
		_, err := db.Write(ctx, table.Put(sampleItem, table.Exists()))
		return err
	},
}

var sampleItem = table.Item{Key: table.Key{PK: "p", SK: "s"}, Indexes: map[string]table.Key{"L": {PK: "l", SK: "s"}}, Version: 1}

func TestNothingIsReturnedBeforeItIsDurable(t *testing.T) {
	for name, call := range callsThatWait {
		t.Run(name, func(t *testing.T) {
			db, gate := openOnSlowDisk(t)
			gate.Lock()
			done := make(chan error, 2)
			go func() {
				_, err := db.Write(context.Background(), table.Put(sampleItem, table.Absent()))
				done <- err
			}()
			time.Sleep(50 * time.Millisecond)
			if name != "the write itself" {
				go func() { done <- call(context.Background(), db) }()
			}
			select {
			case err := <-done:
				t.Errorf("answered before the flush: %v", err)
				done <- err
			case <-time.After(100 * time.Millisecond):
			}
			gate.Unlock()
			if err := <-done; err != nil {
				t.Error(err)
			}
			if err := call(context.Background(), db); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestReaderOfOtherItemsDoesNotWait(t *testing.T) {
	db, gate := openOnSlowDisk(t)
	gate.Lock()
	defer gate.Unlock()
	go func() { _, _ = db.Write(context.Background(), table.Put(sampleItem, table.Absent())) }()
	time.Sleep(50 * time.Millisecond)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, err := db.Get(ctx, true, table.Key{PK: "other", SK: "s"}); err != nil {
		t.Error(err)
	}
}

func TestWaitingReaderReturnsWhenContextEnds(t *testing.T) {
	db, gate := openOnSlowDisk(t)
	gate.Lock()
	defer gate.Unlock()
	go func() { _, _ = db.Write(context.Background(), table.Put(sampleItem, table.Absent())) }()
	time.Sleep(50 * time.Millisecond)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := callsThatWait["a get"](ctx, db); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("get: %v", err)
	}
}
