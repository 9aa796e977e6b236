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
	lockFile    = "lock"
	tableFolder = "table"
	secretFile  = "secret"
	signerFile  = "token-key.pem"
	dataKeyFile = "data-key"
	formerFile  = "token-key.previous.pem"
	sandboxFile = "sandbox.env"

	unfinished = ".new-*" // a file that has not got its name yet
)

// folder is a data folder that this process alone uses, until Close.
type folder struct {
	path string
	lock *os.File
}

// openFolder makes the folder if need be and locks it, before anything in it is
// read or made. What a start that broke off left behind is removed.
func openFolder(path string) (*folder, error) {
	if err := makeFolder(path); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(path, lockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	f := &folder{path, lock}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = lock.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errors.New("another process uses it; stop that one, or choose another folder with -data")
		}
		return nil, &fs.PathError{Op: "lock", Path: lock.Name(), Err: err}
	}
	if err := f.clean(); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// makeFolder makes a folder that is there after a crash too.
func makeFolder(path string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	err := syncFolder(filepath.Dir(filepath.Clean(path)))
	if errors.Is(err, fs.ErrPermission) { // may be written but not read
		return nil
	}
	return err
}

func (f *folder) clean() error {
	left, err := filepath.Glob(filepath.Join(f.path, unfinished))
	for _, path := range left {
		err = errors.Join(err, os.Remove(path))
	}
	return err
}

// in is the path of a file of the folder.
func (f *folder) in(name string) string { return filepath.Join(f.path, name) }

// read is a file's content; nil when there is none.
func (f *folder) read(name string) ([]byte, error) {
	content, err := os.ReadFile(f.in(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return content, err
}

// has tells whether something of that name is there.
func (f *folder) has(name string) bool {
	_, err := os.Lstat(f.in(name))
	return err == nil
}

// publish makes a file, readable by its owner only, that is there with all its
// content or not at all, also after a crash. It never replaces one.
func (f *folder) publish(name string, content []byte) (err error) {
	whole, err := os.CreateTemp(f.path, unfinished)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, removeIfThere(whole.Name())) }()
	_, werr := whole.Write(content)
	if err := errors.Join(werr, whole.Sync(), whole.Close()); err != nil {
		return err
	}
	if err := f.name(whole.Name(), name); err != nil {
		return err
	}
	return syncFolder(f.path)
}

// name gives a whole file its name. Where the file system has no links the lock
// alone keeps others from taking the name meanwhile.
func (f *folder) name(whole, name string) error {
	err := os.Link(whole, f.in(name))
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	if f.has(name) {
		return fmt.Errorf("%s: %w", f.in(name), fs.ErrExist)
	}
	return os.Rename(whole, f.in(name))
}

func removeIfThere(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Close lets another process have the folder.
func (f *folder) Close() error { return f.lock.Close() }
