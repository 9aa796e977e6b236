package embedded

import (
	"fmt"
	"os"

	"github.com/cockroachdb/pebble"
	"github.com/cockroachdb/pebble/bloom"
	"github.com/cockroachdb/pebble/vfs"
)

// options are fixed but for the lock and who hears of a fault: what one version
// of this package writes, the same version reads. Who opened a database with them
// lets go of their cache: the database holds it.
func options(lock *pebble.Lock, files vfs.FS, f *fault) *pebble.Options {
	o := &pebble.Options{
		FS:                 files,
		Comparer:           wholeKeys(),
		Lock:               lock,
		FormatMajorVersion: pebble.FormatVirtualSSTables,
		MemTableSize:       8 << 20,
		Cache:              pebble.NewCache(32 << 20), // the engine takes two memtables out of it: by default nothing is left
		Logger:             lastWords{f},
		EventListener:      &pebble.EventListener{BackgroundError: f.background},
		Levels:             make([]pebble.LevelOptions, 1),
	}
	o.Levels[0].FilterPolicy = bloom.FilterPolicy(10)
	return o
}

// wholeKeys is the usual order, told that a key is its own prefix: an iterator can
// then ask the filters for it. Files of either are read alike.
func wholeKeys() *pebble.Comparer {
	c := *pebble.DefaultComparer
	c.Split = func(key []byte) int { return len(key) }
	return &c
}

// lastWords drops what the engine says in passing. When it cannot go on, the
// process ends with one line, as what comes next must not be acknowledged.
// After a fault it has been told already and ends anyhow.
type lastWords struct{ fault *fault }

func (lastWords) Infof(string, ...any) {}

func (l lastWords) Fatalf(_ string, args ...any) {
	if l.fault.cause() != nil {
		select {}
	}
	reason := "an invariant of its files does not hold"
	for _, arg := range args {
		if err, ok := arg.(error); ok {
			reason = err.Error()
		}
	}
	fmt.Fprintln(os.Stderr, "embedded table: cannot go on, the process ends:", reason)
	os.Exit(1)
}
