package admin

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
)

// SocketName is the socket's file in the data folder.
const SocketName = "operator.sock"

const maxPathBytes = 103 // of a socket, on every system

// ErrPathTooLong means that the path is longer than a socket's may be, also from the working folder.
var ErrPathTooLong = errors.New("admin socket: the path is longer than the 103 bytes that a socket's may have")

// Listen creates the socket in a data folder, for its owner only. Closing the listener removes it. A process that can
// open the socket can change everything in the registry. Only the operator's own user can, who could delete the folder as
// well, so the modes of the socket and of the folder are sufficient protection.
//
// Listen removes an existing socket, so the caller must hold the folder's lock. It returns an error for any other kind of
// file.
func Listen(ctx context.Context, folder string) (net.Listener, error) {
	path, err := socketPath(folder)
	if err != nil {
		return nil, err
	}
	if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSocket != 0 {
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	l, err := (&net.ListenConfig{Control: restrictToOwner}).Listen(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		_ = l.Close()
		return nil, err
	}
	return l, nil
}

// socketPath returns the path of the socket in a folder, relative to the working folder if it is too long otherwise.
func socketPath(folder string) (string, error) {
	path := filepath.Join(folder, SocketName)
	if len(path) <= maxPathBytes {
		return path, nil
	}
	working, err := os.Getwd()
	if err != nil {
		return "", ErrPathTooLong
	}
	// A path that leads up could mean another place where links are involved.
	short, err := filepath.Rel(working, path)
	if err != nil || !filepath.IsLocal(short) || len(short) > maxPathBytes {
		return "", ErrPathTooLong
	}
	return short, nil
}
