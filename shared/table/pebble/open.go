package pebble

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"cedula/shared/table"
)

const (
	lockFile = "LOCK"

	// incompleteMarker is a file that exists until the new database beside it is complete. A folder with files, but with
	// neither this one nor a database, belongs to another program.
	incompleteMarker = "NEW"
)

// formatVersion is the version of the rows in keys.go and codec.go, stored in a row of its own.
var (
	formatVersion    = []byte("cedula 1")
	formatVersionRow = []byte{kindFormat}
)

// Open opens the table in a folder, with the indexes of these names, and creates either if it does not exist. It returns
// ErrLocked, ErrCorrupt or ErrFormatVersion, or an error wrapping table.ErrUnavailable if the system refuses access.
func Open(dir string, indexes []string) (*DB, error) {
	return open(dir, indexes, vfs.Default)
}

// open is Open on a file system that tests replace.
func open(dir string, indexes []string, files vfs.FS) (*DB, error) {
	dir, err := prepareDir(dir)
	if err != nil {
		return nil, err
	}
	lock, err := acquireLock(dir)
	if err != nil {
		return nil, err
	}
	disk, live := newDiskError(), &liveLogs{dir: dir}
	o := engineOptions(lock, files, disk, live)
	defer o.Cache.Unref()
	kv, err := openLocked(dir, o)
	if err == nil {
		err = openError(live.begin(closedFile))
	}
	if err != nil {
		return nil, errors.Join(err, closeIfOpen(kv), lock.Close())
	}
	return &DB{
		dir:       dir,
		live:      live,
		indexes:   slices.Clone(indexes),
		kv:        kv,
		lock:      lock,
		diskError: disk,
		pending:   pendingCommits{byRow: make(map[string]*commit)},
	}, nil
}

// prepareDir creates the folder, or rejects one with other content before anything is written into it. It returns one
// name for every spelling of the path.
func prepareDir(dir string) (string, error) {
	info, err := os.Stat(dir)
	if err != nil {
		err = makeDurableDir(dir)
	} else if !info.IsDir() {
		err = fmt.Errorf("%w: not a folder", ErrCorrupt)
	}
	if err != nil {
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

// makeDurableDir creates a folder that still exists after a crash.
func makeDurableDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	err := syncDir(filepath.Dir(filepath.Clean(dir)))
	if errors.Is(err, fs.ErrPermission) { // the parent is writable but not readable
		return nil
	}
	return err
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// isDatabaseFile reports whether a file shows that its folder is a database or was to become one.
func isDatabaseFile(f os.DirEntry) bool {
	name := f.Name()
	return name == lockFile || name == incompleteMarker ||
		strings.HasPrefix(name, "marker.manifest.") || strings.HasPrefix(name, "marker.format-version.")
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

// openLocked opens the database, or creates it in a folder without a complete one. An existing database is first opened
// read-only, which changes no file, to find out whether it must be left as it is.
func openLocked(dir string, o *pebble.Options) (*pebble.DB, error) {
	fresh, err := needsCreation(dir)
	if err != nil {
		return nil, openError(err)
	}
	if fresh {
		return create(dir, o)
	}
	missing, err := missingLog(dir)
	if err != nil {
		return nil, openError(err)
	}
	if missing != "" {
		return nil, fmt.Errorf("%w: %s is missing", ErrCorrupt, missing)
	}
	o.ErrorIfNotExists = true
	readOnly := *o
	readOnly.ReadOnly = true
	kv, err := openEngine(dir, &readOnly)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(cmp.Or(checkFormat(kv), checkClosing(dir, kv)), kv.Close()); err != nil {
		return nil, err
	}
	return openEngine(dir, o)
}

// needsCreation reports whether the locked folder has no complete database yet. It leaves a marker, so that the next
// start knows it too if this one is interrupted.
func needsCreation(dir string) (bool, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return false, err
	}
	if slices.ContainsFunc(files, func(f os.DirEntry) bool { return f.Name() == incompleteMarker }) {
		return true, nil
	}
	if len(files) > 1 { // more than the lock
		return false, nil
	}
	if err := os.WriteFile(filepath.Join(dir, incompleteMarker), nil, 0o600); err != nil {
		return false, err
	}
	return true, syncDir(dir)
}

// create creates a database, or completes one whose creation was interrupted: nothing in it was ever acknowledged.
func create(dir string, o *pebble.Options) (*pebble.DB, error) {
	kv, err := openEngine(dir, o)
	if err != nil {
		return nil, err
	}
	err = errors.Join(
		kv.Set(formatVersionRow, formatVersion, pebble.Sync),
		os.Remove(filepath.Join(dir, incompleteMarker)),
		syncDir(dir),
	)
	if err != nil {
		return nil, errors.Join(openError(err), kv.Close())
	}
	return kv, nil
}

// checkFormat rejects a database that another version, or another program, wrote.
func checkFormat(kv *pebble.DB) error {
	value, release, err := kv.Get(formatVersionRow)
	if err != nil {
		return openError(err)
	}
	defer release.Close()
	if !bytes.Equal(value, formatVersion) {
		return ErrFormatVersion
	}
	return nil
}

// closeIfOpen closes the engine if it is open.
func closeIfOpen(kv *pebble.DB) error {
	if kv == nil {
		return nil
	}
	return kv.Close()
}

// openEngine returns ErrCorrupt where the engine panics over damaged files.
func openEngine(dir string, o *pebble.Options) (kv *pebble.DB, err error) {
	defer func() {
		if recover() != nil {
			kv, err = nil, ErrCorrupt
		}
	}()
	kv, err = pebble.Open(dir, o)
	return kv, openError(err)
}

// openError distinguishes a refusal of the system, after which the database is as good as before, from damage.
func openError(err error) error {
	if err == nil || errors.Is(err, ErrCorrupt) {
		return err
	}
	if isSystemError(err) {
		return fmt.Errorf("open: %w%s", table.ErrUnavailable, systemErrorText(err))
	}
	return fmt.Errorf("%w: %q", ErrCorrupt, strings.Join(strings.Fields(err.Error()), " "))
}
