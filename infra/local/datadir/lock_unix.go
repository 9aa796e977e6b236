//go:build unix

package datadir

import (
	"os"
	"syscall"
)

// errLocked is the error of lock if another process holds the lock.
const errLocked = syscall.EWOULDBLOCK

// lock locks a file until it is closed. It does not wait.
func lock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }
