package tablesocket_test

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"cedula/infra/tablesocket"
	"cedula/shared/table"
	"cedula/shared/table/pebble"
	"cedula/shared/table/tabletest"
)

func TestContract(t *testing.T) {
	tabletest.Run(t, func(t *testing.T) table.Table {
		db, err := pebble.Open(t.TempDir(), []string{"L", "E"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
		return remote(t, db)
	})
}

// remote offers a table on a socket and returns it as a client has it.
func remote(t *testing.T, behind table.Table) *tablesocket.Client {
	t.Helper()
	path := filepath.Join(shortFolder(t), "s")
	serve(t, path, behind)
	return dial(t, path)
}

// serve returns what ends the server; it ends with the test at the latest.
func serve(t *testing.T, path string, behind table.Table) (end func()) {
	t.Helper()
	l, err := tablesocket.Listen(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- tablesocket.Serve(ctx, l, behind) }()
	end = func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		done <- nil
	}
	t.Cleanup(end)
	return end
}

func dial(t *testing.T, path string) *tablesocket.Client {
	t.Helper()
	c, err := tablesocket.Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// shortFolder is one in which a socket's path is short enough everywhere.
func shortFolder(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "s") //nolint:usetesting // its name would hold the test's, too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	return folder
}

func TestListen(t *testing.T) {
	t.Run("the socket is its owner's alone, whatever the umask", func(t *testing.T) {
		defer syscall.Umask(syscall.Umask(0))
		path := filepath.Join(shortFolder(t), "s")
		serve(t, path, scripted{})
		info, err := os.Stat(path)
		if err != nil || info.Mode() != fs.ModeSocket|0o600 {
			t.Errorf("%v, %v", info.Mode(), err)
		}
	})
	t.Run("its end removes it", func(t *testing.T) {
		path := filepath.Join(shortFolder(t), "s")
		serve(t, path, scripted{})()
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("it is still there: %v", err)
		}
	})
	t.Run("a dead server's is replaced", func(t *testing.T) {
		path := filepath.Join(shortFolder(t), "s")
		left(t, path)
		serve(t, path, scripted{})
		dial(t, path)
	})
	t.Run("another file stays", func(t *testing.T) {
		path := filepath.Join(shortFolder(t), "s")
		if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := tablesocket.Listen(t.Context(), path); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("%v", err)
		}
		if content, _ := os.ReadFile(path); string(content) != "mine" {
			t.Errorf("it holds %q", content)
		}
	})
}

// left leaves the socket of a server that is dead.
func left(t *testing.T, path string) {
	t.Helper()
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	_ = l.Close()
}

func TestLongPaths(t *testing.T) {
	folder := filepath.Join(shortFolder(t), strings.Repeat("x", 100))
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "s")
	t.Run("from elsewhere", func(t *testing.T) {
		if _, err := tablesocket.Listen(t.Context(), path); !errors.Is(err, tablesocket.ErrTooLong) {
			t.Errorf("listen: %v", err)
		}
		if _, err := tablesocket.Dial(t.Context(), path); !errors.Is(err, tablesocket.ErrTooLong) {
			t.Errorf("dial: %v", err)
		}
	})
	t.Run("from beside", func(t *testing.T) {
		t.Chdir(t.TempDir())
		if _, err := tablesocket.Listen(t.Context(), path); !errors.Is(err, tablesocket.ErrTooLong) {
			t.Errorf("listen: %v", err)
		}
	})
	t.Run("from the folder", func(t *testing.T) {
		t.Chdir(folder)
		serve(t, path, scripted{})
		if _, err := dial(t, path).Get(t.Context(), true); err != nil {
			t.Error(err)
		}
	})
}

func TestNoServer(t *testing.T) {
	path := filepath.Join(shortFolder(t), "s")
	if _, err := tablesocket.Dial(t.Context(), path); !errors.Is(err, table.ErrUnavailable) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no socket: %v", err)
	}
	left(t, path)
	if _, err := tablesocket.Dial(t.Context(), path); !errors.Is(err, table.ErrUnavailable) || !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a dead server's socket: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := tablesocket.Dial(ctx, path); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
