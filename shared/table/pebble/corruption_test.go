package pebble_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	engine "github.com/cockroachdb/pebble"
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
		Body:    bytes.Repeat([]byte{byte(n), byte(n >> 8), byte(n * 7)}, 60),
	}
}

// newFilledDir makes a folder with a table of many items, closed.
func newFilledDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	db, err := pebble.Open(dir, []string{"L", "E"})
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < itemCount; n += 100 {
		ops := make([]table.Op, 100)
		for i := range ops {
			ops[i] = table.Put(numberedItem(n+i), table.Absent())
		}
		write(t, db, ops...)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// readFiles are the folder's files by name, but for the lock.
func readFiles(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	names, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	content := make(map[string][]byte)
	for _, f := range names {
		if content[f.Name()], err = os.ReadFile(filepath.Join(dir, f.Name())); err != nil {
			t.Fatal(err)
		}
	}
	delete(content, "LOCK")
	return content
}

func garbage(n int) []byte { return bytes.Repeat([]byte{0xde, 0xad, 0xbe, 0xef, 0x01}, n/5+1)[:n] }

// corruptions are what may happen to a file; nil content stands for its loss.
var corruptions = []struct {
	name   string
	damage func(content []byte) []byte
}{
	{"lost", func([]byte) []byte { return nil }},
	{"emptied", func([]byte) []byte { return []byte{} }},
	{"cut to half", func(b []byte) []byte { return b[:len(b)/2] }},
	{"garbage", func(b []byte) []byte { return garbage(len(b)) }},
	{"garbage in the middle", func(b []byte) []byte {
		return append(append(bytes.Clone(b[:len(b)/3]), garbage(len(b)/3)...), b[len(b)/3*2:]...)
	}},
	{"one byte changed", func(b []byte) []byte {
		b = bytes.Clone(b)
		if len(b) > 0 {
			b[len(b)/2] ^= 0x10
		}
		return b
	}},
}

var emptyFileKinds = []string{"marker.manifest", "marker.format"}

// A damaged folder is either refused, untouched, or every read answers the
// truth or an error: never a wrong or missing item.
func TestCorruptFileNeverYieldsWrongData(t *testing.T) {
	sound := newFilledDir(t)
	for _, kind := range []string{"MANIFEST-", ".sst", "OPTIONS-", "marker.manifest", "marker.format", "CURRENT"} {
		for _, d := range corruptions {
			if d.name != "lost" && slices.Contains(emptyFileKinds, kind) {
				continue
			}
			t.Run(kind+" "+d.name, func(t *testing.T) {
				dir := t.TempDir()
				if err := os.CopyFS(dir, os.DirFS(sound)); err != nil {
					t.Fatal(err)
				}
				corruptFiles(t, dir, kind, d.damage)
				checkRejectedOrCorrect(t, dir)
			})
		}
	}
}

func checkRejectedOrCorrect(t *testing.T, dir string) {
	t.Helper()
	before := readFiles(t, dir)
	db, err := pebble.Open(dir, []string{"L", "E"})
	if err == nil {
		checkCorrectOrError(t, db)
		_ = db.Close()
		return
	}
	t.Logf("refused: %v", err)
	if !errors.Is(err, pebble.ErrCorrupt) || strings.Contains(err.Error(), "\n") {
		t.Errorf("open: %v", err)
	}
	if diff := cmp.Diff(before, readFiles(t, dir)); diff != "" {
		t.Errorf("the refused folder was changed:\n%s", diff)
	}
}

func corruptFiles(t *testing.T, dir, kind string, damage func([]byte) []byte) {
	t.Helper()
	done := false
	for name, content := range readFiles(t, dir) {
		if !strings.Contains(name, kind) {
			continue
		}
		done = true
		path := filepath.Join(dir, name)
		err := os.Remove(path)
		if after := damage(content); err == nil && after != nil {
			err = os.WriteFile(path, after, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if !done {
		t.Fatalf("no %s file to damage", kind)
	}
}

func checkCorrectOrError(t *testing.T, db *pebble.DB) {
	t.Helper()
	failed := 0
	for n := range itemCount {
		want := numberedItem(n)
		got, err := db.Get(t.Context(), true, want.Key)
		switch {
		case err != nil && errors.Is(err, pebble.ErrCorrupt) && errors.Is(err, table.ErrUnavailable):
			failed++
		case err != nil:
			t.Fatalf("get: %v", err)
		case len(got.Items) != 1 || !cmp.Equal(got.Items[0], want):
			t.Fatalf("item %d: wrong data", n)
		}
	}
	page, err := db.Query(t.Context(), table.Query{PK: "p0"})
	if err == nil && len(page.Items) != itemCount/10 {
		t.Errorf("query: %d items", len(page.Items))
	}
	t.Logf("opened, %d reads refused, query: %v", failed, err)
}

// The lock holds nothing: without its file the database is as good.
func TestMissingLockFileIsNotCorruption(t *testing.T) {
	dir := newFilledDir(t)
	if err := os.Remove(filepath.Join(dir, "LOCK")); err != nil {
		t.Fatal(err)
	}
	checkCorrectOrError(t, open(t, dir))
}

func TestForeignFolderIsRejectedUnchanged(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "letter.txt"), []byte("dear"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := pebble.Open(dir, nil); !errors.Is(err, pebble.ErrCorrupt) {
		t.Errorf("open: %v", err)
	}
	if diff := cmp.Diff(map[string][]byte{"letter.txt": []byte("dear")}, readFiles(t, dir)); diff != "" {
		t.Error(diff)
	}
}

func TestFileInsteadOfFolderIsRejected(t *testing.T) {
	file := filepath.Join(t.TempDir(), "table")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := pebble.Open(file, nil); !errors.Is(err, pebble.ErrCorrupt) {
		t.Errorf("open: %v", err)
	}
}

func TestOtherFormatVersionIsRejected(t *testing.T) {
	for value, want := range map[string]error{"cedula 2": pebble.ErrFormatVersion, "": pebble.ErrCorrupt} {
		dir := newFilledDir(t)
		kv, err := engine.Open(dir, &engine.Options{FormatMajorVersion: engine.FormatVirtualSSTables, Logger: discardLogger{}})
		if err != nil {
			t.Fatal(err)
		}
		err = kv.Delete([]byte("f"), engine.Sync)
		if value != "" {
			err = kv.Set([]byte("f"), []byte(value), engine.Sync)
		}
		if err := errors.Join(err, kv.Close()); err != nil {
			t.Fatal(err)
		}
		if _, err := pebble.Open(dir, nil); !errors.Is(err, want) {
			t.Errorf("format %q: %v", value, err)
		}
	}
}

type discardLogger struct{}

func (discardLogger) Infof(string, ...any)  {}
func (discardLogger) Fatalf(string, ...any) {}
