package pebble

import (
	"github.com/cockroachdb/pebble/v2/vfs"
)

// logFS is a file system that keeps the errors of log files from the engine, which cannot handle them: where it closes a full
// log and begins the next, it panics with its lock in a state that ends the process. Once the system has refused a write to a
// log, every call of the DB returns that error, and nothing more is written to logs: later entries would follow a gap.
type logFS struct {
	vfs.FS
	diskError *diskError
	live      *liveLogs
}

// Create implements vfs.FS.
func (l logFS) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	return l.create(name, func() (vfs.File, error) { return l.FS.Create(name, category) })
}

// ReuseForWrite implements vfs.FS. The old log is gone with the call.
func (l logFS) ReuseForWrite(old, name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	return l.create(name, func() (f vfs.File, err error) {
		err = l.live.remove(old, func() error {
			f, err = l.FS.ReuseForWrite(old, name, category)
			return err
		})
		return f, err
	})
}

// Remove implements vfs.FS.
func (l logFS) Remove(name string) error {
	if !isLog(name) {
		return l.FS.Remove(name)
	}
	return l.live.remove(name, func() error { return l.FS.Remove(name) })
}

// create makes a call. After an error a new log exists in memory only: an empty one on the disk would follow the one that was
// cut off, which the next start would take for damage.
func (l logFS) create(name string, call func() (vfs.File, error)) (f vfs.File, err error) {
	if !isLog(name) {
		return call()
	}
	if l.diskError.get() == nil {
		f, err = call()
		if err == nil {
			err = l.live.add(name)
		}
		if err == nil {
			return logFile{f, l.diskError}, nil
		}
		l.diskError.set(err)
	}
	f, err = vfs.NewMem().Create("unused", vfs.WriteCategoryUnspecified)
	return logFile{f, l.diskError}, err
}

// logFile is a log that never returns an error.
type logFile struct {
	vfs.File
	diskError *diskError
}

// try makes a call unless one has failed before, and records its error.
func (f logFile) try(call func() error) {
	if f.diskError.get() != nil {
		return
	}
	if err := call(); err != nil {
		f.diskError.set(err)
	}
}

// Write implements io.Writer.
func (f logFile) Write(b []byte) (int, error) {
	f.try(func() error { _, err := f.File.Write(b); return err })
	return len(b), nil
}

// Sync implements vfs.File.
func (f logFile) Sync() error {
	f.try(f.File.Sync)
	return nil
}

// SyncData implements vfs.File.
func (f logFile) SyncData() error {
	f.try(f.File.SyncData)
	return nil
}

// SyncTo implements vfs.File.
func (f logFile) SyncTo(length int64) (fullSync bool, err error) {
	f.try(func() error { fullSync, err = f.File.SyncTo(length); return err })
	return fullSync, nil
}

// Preallocate implements vfs.File.
func (f logFile) Preallocate(offset, length int64) error {
	f.try(func() error { return f.File.Preallocate(offset, length) })
	return nil
}

// Close implements io.Closer.
func (f logFile) Close() error {
	if err := f.File.Close(); err != nil {
		f.diskError.set(err)
	}
	return nil
}
