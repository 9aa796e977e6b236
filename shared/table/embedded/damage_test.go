package embedded_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble"
	"github.com/google/go-cmp/cmp"

	"cedula/shared/table"
	"cedula/shared/table/embedded"
)

const filled = 1000

func filler(n int) table.Item {
	return table.Item{
		Key:     table.Key{PK: fmt.Sprint("p", n%10), SK: fmt.Sprintf("%06d", n)},
		Indexes: map[string]table.Key{"L": {PK: "l", SK: fmt.Sprint(n)}},
		Version: int64(n + 1),
		Body:    bytes.Repeat([]byte{byte(n), byte(n >> 8), byte(n * 7)}, 60),
	}
}

// fill makes a folder with a table of many items, closed.
func fill(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	db, err := embedded.Open(dir, []string{"L", "E"})
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < filled; n += 100 {
		ops := make([]table.Op, 100)
		for i := range ops {
			ops[i] = table.Put(filler(n+i), table.Absent())
		}
		write(t, db, ops...)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// files are the folder's files by name, but for the lock.
func files(t *testing.T, dir string) map[string][]byte {
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

// damages are what may happen to a file; nil content stands for its loss.
var damages = []struct {
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

var filesOfNoContent = []string{"marker.manifest", "marker.format"}

// A damaged folder is either refused, untouched, or every read answers the
// truth or an error: never a wrong or missing item.
func TestDamagedFileIsNeverWrongData(t *testing.T) {
	sound := fill(t)
	for _, kind := range []string{"MANIFEST-", ".sst", "OPTIONS-", "marker.manifest", "marker.format", "CURRENT"} {
		for _, d := range damages {
			if d.name != "lost" && slices.Contains(filesOfNoContent, kind) {
				continue
			}
			t.Run(kind+" "+d.name, func(t *testing.T) {
				dir := t.TempDir()
				if err := os.CopyFS(dir, os.DirFS(sound)); err != nil {
					t.Fatal(err)
				}
				hurt(t, dir, kind, d.damage)
				refusedOrTrue(t, dir)
			})
		}
	}
}

func refusedOrTrue(t *testing.T, dir string) {
	t.Helper()
	before := files(t, dir)
	db, err := embedded.Open(dir, []string{"L", "E"})
	if err == nil {
		truthOrError(t, db)
		_ = db.Close()
		return
	}
	t.Logf("refused: %v", err)
	if !errors.Is(err, embedded.ErrDamaged) || strings.Contains(err.Error(), "\n") {
		t.Errorf("open: %v", err)
	}
	if diff := cmp.Diff(before, files(t, dir)); diff != "" {
		t.Errorf("the refused folder was changed:\n%s", diff)
	}
}

func hurt(t *testing.T, dir, kind string, damage func([]byte) []byte) {
	t.Helper()
	done := false
	for name, content := range files(t, dir) {
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

func truthOrError(t *testing.T, db *embedded.DB) {
	t.Helper()
	failed := 0
	for n := range filled {
		want := filler(n)
		got, err := db.Get(t.Context(), true, want.Key)
		switch {
		case err != nil && errors.Is(err, embedded.ErrDamaged) && errors.Is(err, table.ErrUnavailable):
			failed++
		case err != nil:
			t.Fatalf("get: %v", err)
		case len(got.Items) != 1 || !cmp.Equal(got.Items[0], want):
			t.Fatalf("item %d: wrong data", n)
		}
	}
	page, err := db.Query(t.Context(), table.Query{PK: "p0"})
	if err == nil && len(page.Items) != filled/10 {
		t.Errorf("query: %d items", len(page.Items))
	}
	t.Logf("opened, %d reads refused, query: %v", failed, err)
}

// The lock holds nothing: without its file the database is as good.
func TestLostLockIsNoDamage(t *testing.T) {
	dir := fill(t)
	if err := os.Remove(filepath.Join(dir, "LOCK")); err != nil {
		t.Fatal(err)
	}
	truthOrError(t, open(t, dir))
}

func TestFolderOfSomethingElseIsRefusedUntouched(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "letter.txt"), []byte("dear"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := embedded.Open(dir, nil); !errors.Is(err, embedded.ErrDamaged) {
		t.Errorf("open: %v", err)
	}
	if diff := cmp.Diff(map[string][]byte{"letter.txt": []byte("dear")}, files(t, dir)); diff != "" {
		t.Error(diff)
	}
}

func TestFileInsteadOfFolderIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "table")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := embedded.Open(file, nil); !errors.Is(err, embedded.ErrDamaged) {
		t.Errorf("open: %v", err)
	}
}

func TestOtherFormatIsRefused(t *testing.T) {
	for value, want := range map[string]error{"cedula 2": embedded.ErrVersion, "": embedded.ErrDamaged} {
		dir := fill(t)
		kv, err := pebble.Open(dir, &pebble.Options{FormatMajorVersion: pebble.FormatVirtualSSTables, Logger: quiet{}})
		if err != nil {
			t.Fatal(err)
		}
		err = kv.Delete([]byte("f"), pebble.Sync)
		if value != "" {
			err = kv.Set([]byte("f"), []byte(value), pebble.Sync)
		}
		if err := errors.Join(err, kv.Close()); err != nil {
			t.Fatal(err)
		}
		if _, err := embedded.Open(dir, nil); !errors.Is(err, want) {
			t.Errorf("format %q: %v", value, err)
		}
	}
}

type quiet struct{}

func (quiet) Infof(string, ...any)  {}
func (quiet) Fatalf(string, ...any) {}
