package pebble

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cockroachdb/pebble"
)

// incompleteMarker is the file that stands in a folder until the database in it is
// complete. A folder that has files but neither it nor a database is not ours.
const incompleteMarker = "NEW"

// needsCreation tells whether the locked folder has no complete database yet, and
// sees that the next start knows it too should this one break off.
func needsCreation(dir string) (bool, error) {
	names, err := os.ReadDir(dir)
	if err != nil {
		return false, err
	}
	for _, f := range names {
		if f.Name() == incompleteMarker {
			return true, nil
		}
	}
	if len(names) > 1 { // more than the lock's file
		return false, nil
	}
	if err := os.WriteFile(filepath.Join(dir, incompleteMarker), nil, 0o600); err != nil {
		return false, err
	}
	return true, syncDir(dir)
}

// create makes a database, or completes one whose making broke off: nothing in
// such a one was ever acknowledged.
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

// makeDurableDir makes a folder that is there after a crash too.
func makeDurableDir(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	err := syncDir(filepath.Dir(filepath.Clean(dir)))
	if errors.Is(err, fs.ErrPermission) { // may be written but not read
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

// format is the version of keys.go and codec.go.
var (
	formatVersion    = []byte("cedula 1")
	formatVersionRow = []byte{kindFormat}
)

// checkFormat refuses a database that another version wrote, or another program.
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
