package pebble_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	engine "github.com/cockroachdb/pebble/v2"
	"github.com/google/go-cmp/cmp"

	"cedula/shared/table"
	"cedula/shared/table/pebble"
)

const itemCount = 1000

func numberedItem(n int) table.Item {
	return table.Item{
		Key:     table.Key{PK: fmt.Sprint("p", n%10), SK: fmt.Sprintf("%06d", n)},
		Indexes: map[string]table.Key{"L": {PK: "l", SK: fmt.Sprint(n)}},
		Version: int64(n + 1),
		Owner:   "ann",
		Expires: time.Unix(4_000_000_000, 0).UTC(),
		Body:    bytes.Repeat([]byte{byte(n), byte(n >> 8), byte(n * 7)}, 60),
	}
}

// newFilledDir returns a folder with a closed table of itemCount items.
func newFilledDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	db := mustOpen(t, dir)
	for n := 0; n < itemCount; n += 100 {
		ops := make([]table.Op, 100)
		for i := range ops {
			ops[i] = table.Put(numberedItem(n+i), table.Absent())
		}
		write(t, db, ops...)
	}
	mustClose(t, db)
	return dir
}

// readFiles returns the contents of a folder's files by name, without the lock.
func readFiles(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	content := make(map[string][]byte)
	for _, f := range files {
		if content[f.Name()], err = os.ReadFile(filepath.Join(dir, f.Name())); err != nil {
			t.Fatal(err)
		}
	}
	delete(content, "LOCK")
	return content
}

func garbage(n int) []byte { return bytes.Repeat([]byte{0xde, 0xad, 0xbe, 0xef, 0x01}, n/5+1)[:n] }

// corruptions are what may happen to a file; a nil result is its loss.
var corruptions = map[string]func(content []byte) []byte{
	"lost":        func([]byte) []byte { return nil },
	"emptied":     func([]byte) []byte { return []byte{} },
	"cut to half": func(b []byte) []byte { return b[:len(b)/2] },
	"garbage":     func(b []byte) []byte { return garbage(len(b)) },
	"garbage in the middle": func(b []byte) []byte {
		return append(append(bytes.Clone(b[:len(b)/3]), garbage(len(b)/3)...), b[len(b)/3*2:]...)
	},
	"one byte changed": func(b []byte) []byte {
		b = bytes.Clone(b)
		if len(b) > 0 {
			b[len(b)/2] ^= 0x10
		}
		return b
	},
}

// A damaged folder is either rejected unchanged, or every read returns the right item or an error.
func TestCorruptFileNeverYieldsWrongData(t *testing.T) {
	sound := newFilledDir(t)
	for _, kind := range []string{"MANIFEST-", ".sst", "OPTIONS-", "marker.manifest", "marker.format"} {
		for name, corrupt := range corruptions {
			if strings.HasPrefix(kind, "marker.") && name != "lost" {
				continue // these files are empty
			}
			t.Run(kind+" "+name, func(t *testing.T) {
				dir := t.TempDir()
				if err := os.CopyFS(dir, os.DirFS(sound)); err != nil {
					t.Fatal(err)
				}
				corruptFiles(t, dir, kind, corrupt)
				checkRejectedOrCorrect(t, dir)
			})
		}
	}
}

func corruptFiles(t *testing.T, dir, kind string, corrupt func([]byte) []byte) {
	t.Helper()
	found := false
	for name, content := range readFiles(t, dir) {
		if !strings.Contains(name, kind) {
			continue
		}
		found = true
		path := filepath.Join(dir, name)
		err := os.Remove(path)
		if after := corrupt(content); err == nil && after != nil {
			err = os.WriteFile(path, after, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if !found {
		t.Fatalf("no %s file to damage", kind)
	}
}

func checkRejectedOrCorrect(t *testing.T, dir string) {
	t.Helper()
	before := readFiles(t, dir)
	db, err := pebble.Open(dir, indexes)
	if err == nil {
		checkCorrectOrError(t, db)
		_ = db.Close()
		return
	}
	if !errors.Is(err, pebble.ErrCorrupt) || strings.Contains(err.Error(), "\n") {
		t.Errorf("Open: error = %v, want ErrCorrupt in one line", err)
	}
	if diff := cmp.Diff(before, readFiles(t, dir)); diff != "" {
		t.Errorf("files of the rejected folder (-before +after):\n%s", diff)
	}
}

func checkCorrectOrError(t *testing.T, db *pebble.DB) {
	t.Helper()
	for n := range itemCount {
		want := numberedItem(n)
		got, err := db.Get(t.Context(), true, want.Key)
		if err != nil {
			if !errors.Is(err, pebble.ErrCorrupt) || !errors.Is(err, table.ErrUnavailable) {
				t.Fatalf("Get: error = %v, want ErrCorrupt and ErrUnavailable", err)
			}
			continue
		}
		if diff := cmp.Diff([]table.Item{want}, got.Items); diff != "" {
			t.Fatalf("item %d (-want +got):\n%s", n, diff)
		}
	}
	page, err := db.Query(t.Context(), table.Query{PK: "p0"})
	if err == nil && len(page.Items) != itemCount/10 {
		t.Errorf("Query = %d items, want %d or an error", len(page.Items), itemCount/10)
	}
}

// The lock file has no content: without it the database is as good.
func TestReopenedTableHasItsItemsWithoutTheLockFile(t *testing.T) {
	dir := newFilledDir(t)
	if err := os.Remove(filepath.Join(dir, "LOCK")); err != nil {
		t.Fatal(err)
	}
	want := numberedItem(7)
	if diff := cmp.Diff([]table.Item{want}, get(t, open(t, dir), want.Key)); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
}

func TestForeignPathIsRejectedUnchanged(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "letter.txt")
	if err := os.WriteFile(file, []byte("dear"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, file} {
		if _, err := pebble.Open(path, nil); !errors.Is(err, pebble.ErrCorrupt) {
			t.Errorf("Open(%s): error = %v, want ErrCorrupt", path, err)
		}
	}
	if diff := cmp.Diff(map[string][]byte{"letter.txt": []byte("dear")}, readFiles(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestOtherFormatVersionIsRejected(t *testing.T) {
	for value, want := range map[string]error{"cedula 2": pebble.ErrFormatVersion, "": pebble.ErrCorrupt} {
		dir := newFilledDir(t)
		changeRows(t, dir, func(kv *engine.DB) error {
			if value == "" {
				return kv.Delete([]byte("f"), engine.Sync)
			}
			return kv.Set([]byte("f"), []byte(value), engine.Sync)
		})
		if _, err := pebble.Open(dir, nil); !errors.Is(err, want) {
			t.Errorf("Open of format %q: error = %v, want %v", value, err, want)
		}
	}
}
