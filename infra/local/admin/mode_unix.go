//go:build unix

package admin

import "syscall"

// restrictToOwner sets the mode before the socket has its name. Not every system can do that: there the folder's mode and
// the umask keep others out until Listen has set the mode.
func restrictToOwner(_, _ string, c syscall.RawConn) error {
	return c.Control(func(fd uintptr) { _ = syscall.Fchmod(int(fd), 0o600) })
}
