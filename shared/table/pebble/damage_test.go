package pebble_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	engine "github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"cedula/infra/testenv"
	"cedula/shared/table"
	"cedula/shared/table/pebble"
)

const (
	damagedItems = 400  // in tables
	loggedItems  = 1000 // after them, in logs if the process was killed
	newestLogged = 500  // the last of them, most of which only the newest log has
)

func damagedItem(n int) table.Item {
	return table.Item{Key: table.Key{PK: fmt.Sprint("p", n%50), SK: fmt.Sprintf("%06d", n)}, Version: 1, Body: bytes.Repeat([]byte(fmt.Sprintf("%06d;", n)), 1500)}
}

func writeItems(t *testing.T, db *pebble.DB, from, to int) {
	t.Helper()
	for n := from; n < to; n += 50 {
		var ops []table.Op
		for i := n; i < n+50; i++ {
			ops = append(ops, table.Put(damagedItem(i), table.Absent()))
		}
		write(t, db, ops...)
	}
}

// soundFolders returns a folder after a clean shutdown, and one after a kill with several logs and a flush in progress.
func soundFolders(t *testing.T) map[string]string {
	t.Helper()
	dir := t.TempDir()
	for n := range 4 {
		db := mustOpen(t, dir)
		writeItems(t, db, n*damagedItems/4, (n+1)*damagedItems/4)
		mustClose(t, db)
	}
	killed, err := os.MkdirTemp("", "killed") //nolint:usetesting // the engine keeps files in it after the test
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(killed) })
	refuse, opened := make(chan struct{}), new(atomic.Bool)
	blocked := wrappedFS{vfs.Default, ".sst", func(f vfs.File) vfs.File {
		if opened.Load() { // Open waits for compactions
			return blockedFile{f, refuse}
		}
		return f
	}}
	if err := os.CopyFS(killed, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	db, err := pebble.OpenFS(killed, indexes, blocked)
	if err != nil {
		t.Fatal(err)
	}
	opened.Store(true)
	writeItems(t, db, damagedItems, damagedItems+loggedItems)
	copied := t.TempDir()
	if err := os.CopyFS(copied, os.DirFS(killed)); err != nil {
		t.Fatal(err)
	}
	close(refuse)
	_ = db.Close()
	return map[string]string{"after a shutdown": dir, "after a kill": copied}
}

// damage changes a file at random. It returns what it did.
func damage(t *testing.T, path string, draw *rand.Rand) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := 0
	if len(content) > 0 {
		at = draw.IntN(len(content))
	}
	what := []string{"flipped a bit of", "zeroed a part of", "cut", "removed"}[draw.IntN(4)]
	switch what {
	case "removed":
		err = os.Remove(path)
	case "cut":
		err = os.Truncate(path, int64(at))
	case "zeroed a part of":
		clear(content[at:min(len(content), at+1+draw.IntN(4096))])
		err = os.WriteFile(path, content, 0o600)
	default:
		if len(content) > 0 {
			content[at] ^= 1 << draw.IntN(8)
		}
		err = os.WriteFile(path, content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s %s at %d of %d", what, filepath.Base(path), at, len(content))
}

// TestDamageIsDetected damages one file of a folder at a random offset. Each item is then read as it was written, or its read is
// an error, also after a compaction; only the tail of the newest log may be lost, after a kill.
func TestDamageIsDetected(t *testing.T) {
	cases := 40
	if testenv.Has(testenv.Soak) {
		cases = 500
	}
	folders := soundFolders(t)
	refused, lost := 0, 0
	for n := range cases {
		draw := rand.New(rand.NewPCG(uint64(n), 1))
		name := []string{"after a shutdown", "after a kill"}[n%2]
		dir := filepath.Join(t.TempDir(), "copy")
		if err := os.CopyFS(dir, os.DirFS(folders[name])); err != nil {
			t.Fatal(err)
		}
		files := filesOf(t, dir)
		file := files[draw.IntN(len(files))]
		what := fmt.Sprintf("case %d, %s: %s", n, name, damage(t, filepath.Join(dir, file), draw))
		total := damagedItems
		if name == "after a kill" {
			total += loggedItems
		}
		last := total
		if logs := slices.DeleteFunc(files, func(f string) bool { return !strings.HasSuffix(f, ".log") }); name == "after a kill" && file == logs[len(logs)-1] {
			last -= newestLogged
		}
		missing, err := readDamaged(t, what, dir, total)
		if err != nil {
			refused++
			if !errors.Is(err, pebble.ErrCorrupt) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: Open: error = %v, want ErrCorrupt in one line", what, err)
			}
		}
		lost += len(missing)
		if len(missing) > 0 && missing[0] < last {
			t.Errorf("%s: %d items are gone without an error, the first is %d of %d", what, len(missing), missing[0], total)
		}
		_ = os.RemoveAll(dir)
	}
	t.Logf("%d folders of %d were refused; %d items at the end of the newest log were lost", refused, cases, lost)
}

func filesOf(t *testing.T, dir string) (names []string) {
	t.Helper()
	for name := range readFiles(t, dir) {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// readDamaged opens a folder, compacts it and reads all its items. It returns those that are absent, or the error of Open.
func readDamaged(t *testing.T, what, dir string, total int) (missing []int, err error) {
	t.Helper()
	db, err := pebble.Open(dir, indexes)
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }()
	db.Compact()
	for n := range total {
		want := damagedItem(n)
		got, err := db.Get(context.Background(), true, want.Key)
		if err != nil {
			continue
		}
		if len(got.Items) == 0 {
			missing = append(missing, n)
		} else if !bytes.Equal(got.Items[0].Body, want.Body) {
			t.Errorf("%s: item %d has another body, want the one that was written", what, n)
		}
	}
	return missing, nil
}

func copyOf(t *testing.T, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

func wantRefused(t *testing.T, what, dir, reason string) {
	t.Helper()
	db, err := pebble.Open(dir, indexes)
	if err == nil {
		_ = db.Close()
	}
	if !errors.Is(err, pebble.ErrCorrupt) || !strings.Contains(err.Error(), reason) {
		t.Errorf("%s: Open: error = %v, want ErrCorrupt: %s", what, err, reason)
	}
}

// TestMissingLogIsRefused removes each log after a kill. If another program has opened the folder since the list of logs was
// written, which its options file shows, the list does not hold.
func TestMissingLogIsRefused(t *testing.T) {
	killed := soundFolders(t)["after a kill"]
	logs := slices.DeleteFunc(filesOf(t, killed), func(f string) bool { return !strings.HasSuffix(f, ".log") })
	if len(logs) < 2 {
		t.Fatalf("the folder has the logs %v, want several", logs)
	}
	for _, log := range logs {
		dir := copyOf(t, killed)
		if err := os.Remove(filepath.Join(dir, log)); err != nil {
			t.Fatal(err)
		}
		wantRefused(t, "without "+log, dir, log+" is missing")
	}
	dir := copyOf(t, killed)
	changeRows(t, dir, func(*engine.DB) error { return nil })
	writeItems(t, open(t, dir), 2*(damagedItems+loggedItems), 2*(damagedItems+loggedItems)+50)
}

// TestOlderFilesAreRefused puts the marker of a shutdown beside the files of an earlier one.
func TestOlderFilesAreRefused(t *testing.T) {
	dir := newFilledDir(t)
	older := copyOf(t, dir)
	db := mustOpen(t, dir)
	if _, err := os.Stat(filepath.Join(dir, "CLOSED")); err == nil {
		t.Error("the marker of the shutdown is there while the folder is open, want it removed")
	}
	write(t, db, table.Put(numberedItem(itemCount), table.Absent()))
	mustClose(t, db)
	marker, err := os.ReadFile(filepath.Join(dir, "CLOSED"))
	if err == nil {
		err = os.WriteFile(filepath.Join(older, "CLOSED"), marker, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	wantRefused(t, "older files", older, "it is not as the last shutdown left it")
	if got := get(t, open(t, dir), numberedItem(itemCount).Key); len(got) != 1 {
		t.Errorf("Get = %d items in the newer folder, want 1", len(got))
	}
}
