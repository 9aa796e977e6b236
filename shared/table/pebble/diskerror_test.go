package pebble_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"cedula/shared/table"
	"cedula/shared/table/pebble"
)

// limitedFile is on a disk that has room for a number of bytes.
type limitedFile struct {
	vfs.File
	room *atomic.Int64
}

func (f limitedFile) Write(b []byte) (int, error) {
	if f.room.Add(-int64(len(b))) < 0 {
		return 0, syscall.ENOSPC
	}
	return f.File.Write(b)
}

// blockedFile does not return from a write before the disk refuses it.
type blockedFile struct {
	vfs.File
	refused chan struct{}
}

func (f blockedFile) Write([]byte) (int, error) {
	<-f.refused
	return 0, syscall.ENOSPC
}

// How the disk of runDiskError refuses writes.
const (
	logFull    = "log full"
	tablesFull = "tables full"
	memoryFull = "memory full, because the disk hangs before it refuses"
)

// brokenDisk returns a file system that refuses writes in one of these ways, and in the case of memoryFull hangs until
// refuse is closed.
func brokenDisk(how string, refuse chan struct{}) vfs.FS {
	room := new(atomic.Int64)
	room.Store(500_000)
	disk := wrappedFS{FS: vfs.Default, suffix: ".sst", wrap: func(f vfs.File) vfs.File { return limitedFile{f, room} }}
	switch how {
	case logFull:
		disk.suffix = ".log"
	case memoryFull:
		disk.wrap = func(f vfs.File) vfs.File { return blockedFile{f, refuse} }
	}
	return disk
}

const refusedWriters = 32

// runDiskError lets many writers write until the disk refuses. It prints a line for each with the number of transactions
// that were acknowledged and the error, and then the errors of a later write, of Err and of Close. It needs a process of
// its own, because the engine never stops trying.
func runDiskError(arguments ...string) {
	dir, how := arguments[0], arguments[1]
	refuse := make(chan struct{})
	db, err := pebble.OpenFS(dir, nil, brokenDisk(how, refuse))
	if err != nil {
		panic(err)
	}
	var written atomic.Int64
	lines := make(chan string)
	for w := range refusedWriters {
		go func() {
			n, err := writeUntilError(db, w, &written)
			lines <- fmt.Sprint(n, " ", err)
		}()
	}
	if how == memoryFull {
		for before := int64(-1); written.Load() != before; time.Sleep(time.Second) { // until every writer waits for memory
			before = written.Load()
		}
		close(refuse)
	}
	for range refusedWriters {
		fmt.Println(<-lines)
	}
	<-db.Failed()
	_, err = db.Write(context.Background(), refusedOps(0, 0)...)
	fmt.Printf("%v\n%v\n%v\n", err, db.Err(), db.Close())
}

// refusedOps is a writer's n-th transaction. It is as long as possible, so that most writers wait for their turn.
func refusedOps(w, n int) []table.Op {
	ops := make([]table.Op, table.MaxWriteItems)
	for i := range ops {
		k := table.Key{PK: fmt.Sprint("w", w), SK: fmt.Sprintf("%06d", n*len(ops)+i)}
		ops[i] = table.Put(table.Item{Key: k, Version: 1, Body: make([]byte, 500)}, table.Always())
	}
	return ops
}

// writeUntilError returns how many transactions of a writer were acknowledged.
func writeUntilError(db *pebble.DB, w int, written *atomic.Int64) (n int, err error) {
	for {
		if _, err := db.Write(context.Background(), refusedOps(w, n)...); err != nil {
			return n, err
		}
		n++
		written.Add(1)
	}
}

// Every writer returns the disk error: also one that waits for its turn, and one that waits in the engine for memory that
// only the disk can free. What was acknowledged is there when the folder is opened again.
func TestEveryWriterGetsTheDiskError(t *testing.T) {
	for _, how := range []string{logFull, tablesFull, memoryFull} {
		t.Run(how, func(t *testing.T) {
			dir := t.TempDir()
			var stderr strings.Builder
			cmd := childProcess(t, "disk error", dir, how)
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if err != nil || stderr.Len() > 0 {
				t.Fatalf("process: %v, standard error:\n%.2000s", err, stderr.String())
			}
			lines := strings.Split(strings.TrimSpace(string(out)), "\n")
			if got := len(lines); got != refusedWriters+3 {
				t.Fatalf("lines = %d, want one for each of %d writers and 3 more:\n%s", got, refusedWriters, out)
			}
			acknowledged := 0
			for _, line := range lines {
				if !strings.Contains(line, "the disk refused a write") || !strings.Contains(line, syscall.ENOSPC.Error()) {
					t.Errorf("line = %q, want the disk error with %q", line, syscall.ENOSPC)
				}
			}
			for _, line := range lines[:refusedWriters] {
				n := 0
				_, _ = fmt.Sscan(line, &n)
				acknowledged += n
			}
			items := 0
			db := open(t, dir)
			for w := range refusedWriters {
				items += len(queryAll(t, db, table.Query{PK: fmt.Sprint("w", w)}))
			}
			if items < acknowledged*table.MaxWriteItems {
				t.Errorf("items = %d, want at least those of %d acknowledged transactions", items, acknowledged)
			}
			if acknowledged == 0 {
				t.Error("acknowledged transactions = 0, want some before the disk refuses")
			}
		})
	}
}
