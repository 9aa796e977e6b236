package pebble

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/cockroachdb/pebble/v2"
)

// closedFile is the marker that a clean shutdown leaves: the number of that shutdown, which is stored in a row too. If they
// differ at the next start, files were lost or replaced by older ones.
const closedFile = "CLOSED"

var closingRow = []byte{kindClosing}

// closings returns how many clean shutdowns the rows have seen.
func closings(kv *pebble.DB) (int, error) {
	value, release, err := kv.Get(closingRow)
	if errors.Is(err, pebble.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer release.Close()
	return strconv.Atoi(string(value))
}

// checkClosing returns ErrCorrupt if the marker of a clean shutdown is not the last one that the rows have seen.
func checkClosing(dir string, kv *pebble.DB) error {
	text, err := os.ReadFile(filepath.Join(dir, closedFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return openError(err)
	}
	count, err := closings(kv)
	if err != nil {
		return openError(err)
	}
	if string(text) != strconv.Itoa(count) {
		return fmt.Errorf("%w: it is not as the last shutdown left it: restore a copy of the whole folder", ErrCorrupt)
	}
	return nil
}

// countClosing stores the number of this shutdown and returns it.
func (db *DB) countClosing() (int, error) {
	count, err := closings(db.kv)
	if err != nil {
		return 0, err
	}
	count++
	return count, db.kv.Set(closingRow, []byte(strconv.Itoa(count)), pebble.Sync)
}
