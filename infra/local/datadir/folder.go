package datadir

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	lockFile   = "lock"
	tempSuffix = ".new" // of a file that is being created
)

// folder is a folder that this process alone uses, until Close.
type folder struct {
	path string
	lock *os.File
}

// openFolder creates the folder if needed and locks it before anything else.
func openFolder(path string) (*folder, error) {
	if err := createDir(path); err != nil {
		return nil, err
	}
	locked, err := os.OpenFile(filepath.Join(path, lockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lock(locked); err != nil {
		_ = locked.Close()
		if errors.Is(err, errLocked) {
			return nil, errors.New("another process uses it; stop that one, or choose another directory with --data")
		}
		return nil, &fs.PathError{Op: "lock", Path: locked.Name(), Err: err}
	}
	return &folder{path, locked}, nil
}

// Close releases the lock.
func (f *folder) Close() error { return f.lock.Close() }

// createDir creates a folder that survives a crash.
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

// join returns the path of a file in the folder.
func (f *folder) join(name string) string { return filepath.Join(f.path, name) }

// readFile returns a file's content as parse reads it, or the zero value if there is no such file. form says in the error
// what the content must be.
func readFile[T any](f *folder, name, form string, parse func([]byte) (T, error)) (parsed T, err error) {
	content, err := os.ReadFile(f.join(name))
	if errors.Is(err, fs.ErrNotExist) {
		return parsed, nil
	}
	if err != nil {
		return parsed, err
	}
	parsed, err = parse(content)
	if err != nil {
		return parsed, fmt.Errorf("%s is damaged%s", f.join(name), form)
	}
	return parsed, nil
}

func (f *folder) exists(name string) bool {
	_, err := os.Lstat(f.join(name))
	return err == nil
}

// createRandom creates a file of random bytes and returns them.
func (f *folder) createRandom(name string, size int) ([]byte, error) {
	content := make([]byte, size)
	_, _ = rand.Read(content) // never fails (crypto/rand)
	return content, f.create(name, content)
}

// create creates a file that only its owner can read. After a crash the file has all its content or does not exist; the
// next start then creates it again. It returns fs.ErrExist rather than replace one.
func (f *folder) create(name string, content []byte) error {
	if f.exists(name) { // the lock keeps others from creating it meanwhile
		return fmt.Errorf("%s: %w", f.join(name), fs.ErrExist)
	}
	temp, err := os.OpenFile(f.join(name)+tempSuffix, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, writeErr := temp.Write(content)
	if err := errors.Join(writeErr, temp.Sync(), temp.Close()); err != nil {
		return err
	}
	if err := os.Rename(temp.Name(), f.join(name)); err != nil {
		return err
	}
	return syncDir(f.path)
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
