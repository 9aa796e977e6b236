package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestTwoFirstStarts starts two servers at once on one new folder: one serves,
// with credentials that work after a restart too, the other says why not.
func TestTwoFirstStarts(t *testing.T) {
	for range 15 {
		folder := filepath.Join(t.TempDir(), "new")
		won, lost := race(t, folder)
		wantIn(t, lost.log.String(), "cannot open the data in "+folder, "another process uses it")
		if strings.Count(lost.log.String(), "\n") != 1 {
			t.Errorf("more than one line: %s", lost.log)
		}
		won.learn(t, folder)
		won.token(t)
		if err := won.end(t); err != nil {
			t.Fatal(err)
		}
		again := start(t, folder)
		again.token(t)
		if err := again.end(t); err != nil {
			t.Fatal(err)
		}
	}
}

// race starts two servers and returns the one that serves and the one that ended.
func race(t *testing.T, folder string) (won, lost *server) {
	t.Helper()
	var both [2]*server
	for i := range both {
		both[i] = launch(t, command(folder, "localhost:0", "localhost:0"))
	}
	select {
	case err := <-both[0].done:
		both[0].done <- err
		return both[1], both[0]
	case err := <-both[1].done:
		both[1].done <- err
		return both[0], both[1]
	case <-time.After(20 * time.Second):
		t.Fatal("both serve")
		return nil, nil
	}
}

func TestPublishNeverReplaces(t *testing.T) {
	f, err := openFolder(filepath.Join(t.TempDir(), "a", "b"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if err := f.publish("file", []byte("first")); err != nil {
		t.Fatal(err)
	}
	if err := f.publish("file", []byte("second")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("published again: %v", err)
	}
	content, err := f.read("file")
	if err != nil || string(content) != "first" {
		t.Errorf("%q, %v", content, err)
	}
	if left, _ := filepath.Glob(f.in(unfinished)); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestUnfinishedFilesAreRemoved(t *testing.T) {
	folder := t.TempDir()
	left := filepath.Join(folder, ".new-123")
	if err := os.WriteFile(left, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, folder)
	if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
	if err := s.end(t); err != nil {
		t.Error(err)
	}
}

// TestRefusedAccess: whatever the system refuses is named.
func TestRefusedAccess(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may do everything")
	}
	for _, name := range []string{"", "secret", "data-key", "sandbox.env", "token-key.pem", "table", "table/LOCK"} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			if err := start(t, folder).end(t); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(folder, name)
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, 0); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = os.Chmod(path, info.Mode()) })
			said := fails(t, command(folder, "localhost:0", "localhost:0"))
			wantIn(t, said, path, "permission denied")
		})
	}
}
