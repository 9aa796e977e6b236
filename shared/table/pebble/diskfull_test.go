package pebble_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/vfs"

	"cedula/shared/table"
	"cedula/shared/table/pebble"
)

// runUntilDiskFull writes until the disk refuses: no file of this process may pass the
// limit, which the system answers with EFBIG. It says what was acknowledged,
// what Failed gave and what Close did.
func runUntilDiskFull(dir string) {
	signal.Ignore(syscall.SIGXFSZ)
	db, err := pebble.Open(dir, nil)
	if err != nil {
		panic(err)
	}
	limit := &syscall.Rlimit{Cur: 3 << 20, Max: 3 << 20}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, limit); err != nil {
		panic(err)
	}
	counts := make([]int, fillWriters)
	var group sync.WaitGroup
	for w := range fillWriters {
		group.Go(func() { counts[w] = writeUntilError(db, w) })
	}
	group.Wait()
	fmt.Println(strings.Trim(fmt.Sprint(counts), "[]"))
	select {
	case <-db.Failed():
		err = db.Err()
	case <-time.After(10 * time.Second):
		err = errors.New("no failure told")
	}
	_, after := db.Write(context.Background(), putNumberedItem(0, 0))
	fmt.Printf("%v\n%v\n%v\n", err, after, db.Close())
}

const fillWriters = 8

// writeUntilError returns how many of its items were acknowledged.
func writeUntilError(db *pebble.DB, w int) int {
	for n := 0; ; n++ {
		if _, err := db.Write(context.Background(), putNumberedItem(w, n)); err != nil {
			return n
		}
	}
}

func putNumberedItem(w, n int) table.Op {
	return table.Put(table.Item{
		Key: table.Key{PK: fmt.Sprint("w", w), SK: fmt.Sprintf("%06d", n)}, Version: int64(n + 1), Body: make([]byte, 10_000),
	}, table.Always())
}

func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	cmd := testProcess(t, "fill", dir)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil || stderr.Len() > 0 {
		t.Fatalf("%v\n%.2000s", err, stderr.String())
	}
	lines := strings.Split(string(out), "\n")
	for _, said := range lines[1:4] {
		if !strings.Contains(said, "the disk refused a write") || !strings.Contains(said, syscall.EFBIG.Error()) {
			t.Errorf("%q", said)
		}
	}
	t.Log(lines)
	total := checkAcknowledged(t, open(t, dir), lines[0])
	if total < 20 {
		t.Errorf("%d writes before the disk was full", total)
	}
}

// checkAcknowledged wants every item that a writer says was acknowledged.
func checkAcknowledged(t *testing.T, db *pebble.DB, counts string) (total int) {
	t.Helper()
	for w, field := range strings.Fields(counts) {
		n, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		for i := range n {
			got, err := db.Get(t.Context(), true, putNumberedItem(w, i).Item.Key)
			if err != nil || len(got.Items) != 1 {
				t.Fatalf("writer %d of %d: an acknowledged item is missing: %v", w, n, err)
			}
		}
		total += n
	}
	return total
}

// limitedFile is on a disk that has room for so many bytes.
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

// blockedFile lets nobody go on until the disk has refused.
type blockedFile struct {
	vfs.File
	refused chan struct{}
}

func (f blockedFile) Write([]byte) (int, error) {
	<-f.refused
	return 0, syscall.ENOSPC
}

const refusedWriters = 32

// runDiskError has many write while a disk refuses, and says what each was told, and then
// Close. A process ends with it: the engine goes on trying for ever.
func runDiskError(dir, how string) {
	var written atomic.Int64
	refused := make(chan struct{})
	room := new(atomic.Int64)
	room.Store(500_000)
	disk := wrappedFS{FS: vfs.Default, suffix: how}
	disk.wrap = func(f vfs.File) vfs.File { return limitedFile{f, room} }
	if how == modeBlocked {
		disk.suffix = ".sst"
		disk.wrap = func(f vfs.File) vfs.File { return blockedFile{f, refused} }
	}
	db, err := pebble.OpenFS(dir, nil, disk)
	if err != nil {
		panic(err)
	}
	told := make(chan error)
	for w := range refusedWriters {
		go func() { told <- writeUntilDiskError(db, w, &written) }()
	}
	if how == modeBlocked {
		for before := int64(-1); written.Load() != before; time.Sleep(time.Second) { // until memory is full
			before = written.Load()
		}
		close(refused)
	}
	for range refusedWriters {
		fmt.Println(<-told)
	}
	fmt.Println(db.Close())
}

const modeBlocked = "stuck"

// Whoever writes when the disk refuses is told so, also one that waits for its
// turn, and one that waits inside the engine for memory that only the disk frees:
// the engine may end with its locks held, and would let them wait for ever.
// Long transactions make most writers wait for their turn.
func TestEveryWriterGetsTheDiskError(t *testing.T) {
	for _, how := range []string{".log", ".sst", modeBlocked} {
		t.Run(how, func(t *testing.T) {
			cmd := testProcess(t, "refuse", t.TempDir())
			cmd.Args = append(cmd.Args, how)
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(strings.TrimSpace(string(out)), "\n")
			if len(lines) != refusedWriters+1 {
				t.Fatalf("%q", lines)
			}
			for _, said := range lines {
				if !strings.Contains(said, "the disk refused a write") || !strings.Contains(said, syscall.ENOSPC.Error()) {
					t.Errorf("%q", said)
				}
			}
		})
	}
}

// writeUntilDiskError writes the longest transactions until one is refused.
func writeUntilDiskError(db *pebble.DB, w int, written *atomic.Int64) error {
	for n := 0; ; n += table.MaxWriteItems {
		ops := make([]table.Op, table.MaxWriteItems)
		for i := range ops {
			ops[i] = putNumberedItem(w, n+i)
			ops[i].Item.Body = ops[i].Item.Body[:500]
		}
		if _, err := db.Write(context.Background(), ops...); err != nil {
			return err
		}
		written.Add(1)
	}
}

// A folder that may not be written names itself.
func TestErrorNamesUnwritableFolder(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may write anywhere")
	}
	dir := t.TempDir() + "/sealed"
	if err := os.Mkdir(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	_, err := pebble.Open(dir, nil)
	if !errors.Is(err, table.ErrUnavailable) || !strings.Contains(err.Error(), "/sealed/LOCK: permission denied") {
		t.Error(err)
	}
}
