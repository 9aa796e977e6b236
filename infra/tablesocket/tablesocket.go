// Package tablesocket offers a process's table to other processes of the same
// user on a unix socket: HTTP whose bodies are gob.
// It must not know which engine the table is, nor what its items mean.
//
// Whoever may open the socket may do everything that the table's owner may,
// damage it included. So the socket is the owner's own, and never leaves the
// machine.
package tablesocket

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
)

// Name is the socket's file in the data folder of a local registry.
const Name = "operator.sock"

// maxPath is the longest path of a socket, in bytes, that every system takes.
const maxPath = 103

// Errors of Listen and Dial.
var (
	// ErrTooLong: the path is longer than a socket's may be, also from the
	// working folder.
	ErrTooLong = errors.New("table socket: the path is longer than the 103 bytes that a socket's may have")
	// ErrVersion: client and server were built from different versions of the
	// table's types.
	ErrVersion = errors.New("table socket: the server is of another version of this program")
)

// Listen makes the socket, for its owner alone; closing the listener removes
// it. One that stands there already is taken for a dead server's and removed,
// so the caller must hold a lock that a living one would have. Another kind of
// file stays, and is an error.
func Listen(ctx context.Context, path string) (net.Listener, error) {
	path, err := within(path)
	if err != nil {
		return nil, err
	}
	if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSocket != 0 {
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	l, err := (&net.ListenConfig{Control: closed}).Listen(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		_ = l.Close()
		return nil, err
	}
	return l, nil
}

// closed makes the socket its owner's from the first moment on. Not every
// system can do that, and there the folder's mode and the umask keep others out
// until Listen has changed the mode.
func closed(_, _ string, c syscall.RawConn) error {
	return c.Control(func(fd uintptr) { _ = syscall.Fchmod(int(fd), 0o600) })
}

// within returns a path that a socket can have: the given one or, if that is
// too long but below the working folder, the same from there.
func within(path string) (string, error) {
	if len(path) <= maxPath {
		return path, nil
	}
	folder, err := os.Getwd()
	if err != nil {
		return "", ErrTooLong
	}
	// A path that leads up could mean another place where links are involved.
	short, err := filepath.Rel(folder, path)
	if err != nil || !filepath.IsLocal(short) || len(short) > maxPath {
		return "", ErrTooLong
	}
	return short, nil
}
