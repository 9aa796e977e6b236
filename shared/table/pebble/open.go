package pebble

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/cockroachdb/pebble"
	"github.com/cockroachdb/pebble/vfs"

	"cedula/shared/table"
)

const lockFile = "LOCK"

// Open opens the table in a folder, which it makes if need be, with the
// indexes of these names. It returns ErrLocked, ErrDamaged or ErrVersion, or an
// error wrapping table.ErrUnavailable when the system refuses access.
func Open(dir string, indexes []string) (*DB, error) {
	return open(dir, indexes, vfs.Default)
}

// open takes the file system under the engine, which tests make slow.
func open(dir string, indexes []string, files vfs.FS) (*DB, error) {
	dir, err := prepareDir(dir)
	if err != nil {
		return nil, err
	}
	lock, err := acquireLock(dir)
	if err != nil {
		return nil, err
	}
	f := newDiskError()
	o := engineOptions(lock, files, f)
	defer o.Cache.Unref()
	kv, err := openLocked(dir, o)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return &DB{
		indexes: slices.Clone(indexes),
		kv:      kv,
		lock:    lock,
		commits: pendingCommits{byRow: make(map[string]*commit), diskError: f},
	}, nil
}

// prepareDir makes the folder and refuses one that holds something else, before
// anything is written into it. The name returned is the same for every way to
// spell it.
func prepareDir(dir string) (string, error) {
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return "", fmt.Errorf("%w: not a folder", ErrCorrupt)
	}
	if err := makeDurableDir(dir); err != nil {
		return "", openError(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		return "", openError(err)
	}
	if len(files) > 0 && !slices.ContainsFunc(files, isDatabaseFile) {
		return "", ErrCorrupt
	}
	dir, err = filepath.Abs(dir)
	if err != nil {
		return "", openError(err)
	}
	dir, err = filepath.EvalSymlinks(dir)
	return dir, openError(err)
}

// isDatabaseFile tells whether a file shows that its folder is a database, or was to
// become one. The lock alone need not be there: it holds nothing.
func isDatabaseFile(f os.DirEntry) bool {
	name := f.Name()
	return name == lockFile || name == incompleteMarker || strings.HasPrefix(name, "marker.manifest.") ||
		strings.HasPrefix(name, "marker.format-version.")
}

func acquireLock(dir string) (*pebble.Lock, error) {
	lock, err := pebble.LockDirectory(dir, vfs.Default)
	if refused := new(fs.PathError); errors.As(err, &refused) {
		return nil, openError(err)
	}
	if err != nil {
		return nil, ErrLocked
	}
	return lock, nil
}

// openLocked opens the database, or makes one in a folder that has none yet.
func openLocked(dir string, o *pebble.Options) (*pebble.DB, error) {
	fresh, err := needsCreation(dir)
	if err != nil {
		return nil, openError(err)
	}
	if fresh {
		return create(dir, o)
	}
	o.ErrorIfNotExists = true
	if err := verifyReadOnly(dir, *o); err != nil {
		return nil, err
	}
	return openEngine(dir, o)
}

// verifyReadOnly opens the database for reading alone, which changes no file, and
// returns ErrDamaged or ErrVersion if it must be left as it is.
func verifyReadOnly(dir string, o pebble.Options) error {
	o.ReadOnly = true
	kv, err := openEngine(dir, &o)
	if err != nil {
		return err
	}
	return errors.Join(checkFormat(kv), kv.Close())
}

// openEngine turns what the engine panics with over damaged files into damage.
func openEngine(dir string, o *pebble.Options) (kv *pebble.DB, err error) {
	defer func() {
		if recover() != nil {
			kv, err = nil, ErrCorrupt
		}
	}()
	kv, err = pebble.Open(dir, o)
	return kv, openError(err)
}

// openError tells a refusal of the system, which leaves the database as good
// as it was, from damage.
func openError(err error) error {
	var refusal syscall.Errno
	switch {
	case err == nil || errors.Is(err, ErrCorrupt):
		return err
	case errors.As(err, &refusal) && refusal != syscall.ENOENT:
		return fmt.Errorf("open: %w%s", table.ErrUnavailable, systemErrorText(err))
	}
	return fmt.Errorf("%w: %q", ErrCorrupt, strings.Join(strings.Fields(err.Error()), " "))
}
