package pebble_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"cedula/shared/table"
	"cedula/shared/table/pebble"
)

// gatedFile waits for the gate before each flush.
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

var pendingItem = table.Item{Key: table.Key{PK: "p", SK: "s"}, Indexes: map[string]table.Key{"L": {PK: "l", SK: "s"}}, Version: 1}

// openWithPendingWrite opens a table whose log cannot be flushed before openGate is called, and starts a write of
// pendingItem.
func openWithPendingWrite(t *testing.T) (db *pebble.DB, written <-chan error, openGate func()) {
	t.Helper()
	gate := new(sync.RWMutex)
	disk := wrappedFS{vfs.Default, ".log", func(f vfs.File) vfs.File { return gatedFile{f, gate} }}
	db, err := pebble.OpenFS(t.TempDir(), indexes, disk)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	gate.Lock()
	openGate = sync.OnceFunc(gate.Unlock)
	t.Cleanup(openGate)
	done := make(chan error, 1)
	go func() {
		_, err := db.Write(context.Background(), table.Put(pendingItem, table.Absent()))
		done <- err
	}()
	time.Sleep(50 * time.Millisecond)
	return db, done, openGate
}

func query(q table.Query) func(*pebble.DB) error {
	return func(db *pebble.DB) error {
		_, err := db.Query(context.Background(), q)
		return err
	}
}

// tryWrite returns a call that writes; a failed condition is not an error of it.
func tryWrite(op table.Op) func(*pebble.DB) error {
	return func(db *pebble.DB) error {
		_, err := db.Write(context.Background(), op)
		if failed := new(table.ConditionError); errors.As(err, &failed) {
			return nil
		}
		return err
	}
}

func TestNothingIsReturnedBeforeItIsDurable(t *testing.T) {
	for name, call := range map[string]func(db *pebble.DB) error{
		"a get": func(db *pebble.DB) error {
			_, err := db.Get(context.Background(), false, pendingItem.Key)
			return err
		},
		"a query":                query(table.Query{PK: "p"}),
		"a query of an index":    query(table.Query{Index: "L", PK: "l"}),
		"a failed condition":     tryWrite(table.Put(pendingItem, table.Absent())),
		"a condition that holds": tryWrite(table.Check(pendingItem.Key, table.Exists())),
		"a write that follows":   tryWrite(table.Put(pendingItem, table.Exists())),
	} {
		t.Run(name, func(t *testing.T) {
			db, written, openGate := openWithPendingWrite(t)
			returned := make(chan error, 1)
			go func() { returned <- call(db) }()
			select {
			case err := <-written:
				t.Fatalf("Write returned %v before its flush", err)
			case err := <-returned:
				t.Fatalf("the call returned %v before the flush of what it has seen", err)
			case <-time.After(100 * time.Millisecond):
			}
			openGate()
			if err := <-written; err != nil {
				t.Errorf("Write: %v", err)
			}
			if err := <-returned; err != nil {
				t.Errorf("the call: %v", err)
			}
		})
	}
}

func TestReaderOfOtherItemsDoesNotWait(t *testing.T) {
	db, _, _ := openWithPendingWrite(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, err := db.Get(ctx, true, table.Key{PK: "other", SK: "s"}); err != nil {
		t.Errorf("Get of another item: error = %v, want nil before the flush", err)
	}
}

func TestWaitingReaderReturnsWhenItsContextEnds(t *testing.T) {
	db, _, _ := openWithPendingWrite(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := db.Get(ctx, true, pendingItem.Key); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Get: error = %v, want DeadlineExceeded", err)
	}
}
