package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Names in a data folder.
const (
	lockFile           = "lock"
	tableDir           = "table"
	secretFile         = "secret"
	signerFile         = "token-key.pem"
	dataKeyFile        = "data-key"
	previousSignerFile = "token-key.previous.pem"
	sandboxFile        = "sandbox.env"

	tempPattern = ".new-*" // a file that has not got its name yet
)

// dataDir is a data folder that this process alone uses, until Close.
type dataDir struct {
	path string
	lock *os.File
}

// openDataDir makes the folder if need be and locks it, before anything in it is
// read or made. What a start that broke off left behind is removed.
func openDataDir(path string) (*dataDir, error) {
	if err := createDir(path); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(path, lockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	f := &dataDir{path, lock}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = lock.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errors.New("another process uses it; stop that one, or choose another folder with -data")
		}
		return nil, &fs.PathError{Op: "lock", Path: lock.Name(), Err: err}
	}
	if err := f.removeTempFiles(); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// createDir makes a folder that is there after a crash too.
func createDir(path string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	err := syncDir(filepath.Dir(filepath.Clean(path)))
	if errors.Is(err, fs.ErrPermission) { // may be written but not read
		return nil
	}
	return err
}

func (f *dataDir) removeTempFiles() error {
	left, err := filepath.Glob(filepath.Join(f.path, tempPattern))
	for _, path := range left {
		err = errors.Join(err, os.Remove(path))
	}
	return err
}

// join is the path of a file of the folder.
func (f *dataDir) join(name string) string { return filepath.Join(f.path, name) }

// read is a file's content; nil when there is none.
func (f *dataDir) read(name string) ([]byte, error) {
	content, err := os.ReadFile(f.join(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return content, err
}

// exists tells whether something of that name is there.
func (f *dataDir) exists(name string) bool {
	_, err := os.Lstat(f.join(name))
	return err == nil
}

// createFileAtomic makes a file, readable by its owner only, that is there with all its
// content or not at all, also after a crash. It never replaces one.
func (f *dataDir) createFileAtomic(name string, content []byte) (err error) {
	whole, err := os.CreateTemp(f.path, tempPattern)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, removeIfExists(whole.Name())) }()
	_, werr := whole.Write(content)
	if err := errors.Join(werr, whole.Sync(), whole.Close()); err != nil {
		return err
	}
	if err := f.linkOrRename(whole.Name(), name); err != nil {
		return err
	}
	return syncDir(f.path)
}

// linkOrRename gives a whole file its name. Where the file system has no links the lock
// alone keeps others from taking the name meanwhile.
func (f *dataDir) linkOrRename(whole, name string) error {
	err := os.Link(whole, f.join(name))
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	if f.exists(name) {
		return fmt.Errorf("%s: %w", f.join(name), fs.ErrExist)
	}
	return os.Rename(whole, f.join(name))
}

func removeIfExists(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Close lets another process have the folder.
func (f *dataDir) Close() error { return f.lock.Close() }
