package datadir

import (
	"os"

	"golang.org/x/sys/windows"
)

// errLocked is the error of lock if another process holds the lock.
const errLocked = windows.ERROR_LOCK_VIOLATION

// lock locks a file until it is closed. It does not wait.
func lock(f *os.File) error {
	return windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, new(windows.Overlapped))
}
