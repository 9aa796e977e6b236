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

// TestConcurrentFirstStarts starts two servers at once on one new folder: one serves,
// with credentials that work after a restart too, the other says why not.
func TestConcurrentFirstStarts(t *testing.T) {
	for range 15 {
		folder := filepath.Join(t.TempDir(), "new")
		won, lost := startTwoServers(t, folder)
		wantContains(t, lost.log.String(), "cannot open the data in "+folder, "another process uses it")
		if strings.Count(lost.log.String(), "\n") != 1 {
			t.Errorf("more than one line: %s", lost.log)
		}
		won.waitReady(t, folder)
		won.token(t)
		if err := won.stop(t); err != nil {
			t.Fatal(err)
		}
		again := startServer(t, folder)
		again.token(t)
		if err := again.stop(t); err != nil {
			t.Fatal(err)
		}
	}
}

// startTwoServers starts two servers and returns the one that serves and the one that ended.
func startTwoServers(t *testing.T, folder string) (won, lost *server) {
	t.Helper()
	var both [2]*server
	for i := range both {
		both[i] = launchServer(t, newServerCommand(folder, "localhost:0", "localhost:0"))
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

func TestCreateFileAtomicNeverReplaces(t *testing.T) {
	f, err := openDataDir(filepath.Join(t.TempDir(), "a", "b"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if err := f.createFileAtomic("file", []byte("first")); err != nil {
		t.Fatal(err)
	}
	if err := f.createFileAtomic("file", []byte("second")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("published again: %v", err)
	}
	content, err := f.read("file")
	if err != nil || string(content) != "first" {
		t.Errorf("%q, %v", content, err)
	}
	if left, _ := filepath.Glob(f.join(tempPattern)); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestTempFilesAreRemovedAtStart(t *testing.T) {
	folder := t.TempDir()
	left := filepath.Join(folder, ".new-123")
	if err := os.WriteFile(left, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := startServer(t, folder)
	if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
	if err := s.stop(t); err != nil {
		t.Error(err)
	}
}

// TestPermissionErrorNamesThePath: whatever the system refuses is named.
func TestPermissionErrorNamesThePath(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may do everything")
	}
	for _, name := range []string{"", "secret", "data-key", "sandbox.env", "token-key.pem", "table", "table/LOCK"} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			if err := startServer(t, folder).stop(t); err != nil {
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
			said := wantStartFailure(t, newServerCommand(folder, "localhost:0", "localhost:0"))
			wantContains(t, said, path, "permission denied")
		})
	}
}
