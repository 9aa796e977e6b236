package pebble

import (
	"fmt"
	"os"

	"github.com/cockroachdb/pebble"
	"github.com/cockroachdb/pebble/bloom"
	"github.com/cockroachdb/pebble/vfs"
)

// engineOptions are fixed but for the lock and who hears of a fault: what one version
// of this package writes, the same version reads. Who opened a database with them
// lets go of their cache: the database holds it.
func engineOptions(lock *pebble.Lock, files vfs.FS, f *diskError) *pebble.Options {
	o := &pebble.Options{
		FS:                 files,
		Comparer:           wholeKeyComparer(),
		Lock:               lock,
		FormatMajorVersion: pebble.FormatVirtualSSTables,
		MemTableSize:       8 << 20,
		Cache:              pebble.NewCache(32 << 20), // the engine takes two memtables out of it: by default nothing is left
		Logger:             fatalLogger{f},
		EventListener:      &pebble.EventListener{BackgroundError: f.onBackgroundError},
		Levels:             make([]pebble.LevelOptions, 1),
	}
	o.Levels[0].FilterPolicy = bloom.FilterPolicy(10)
	return o
}

// wholeKeyComparer is the usual order, told that a key is its own prefix: an iterator can
// then ask the filters for it. Files of either are read alike.
func wholeKeyComparer() *pebble.Comparer {
	c := *pebble.DefaultComparer
	c.Split = func(key []byte) int { return len(key) }
	return &c
}

// fatalLogger drops what the engine says in passing. When it cannot go on, the
// process ends with one line, as what comes next must not be acknowledged.
// After a fault it has been told already and ends anyhow.
type fatalLogger struct{ diskError *diskError }

func (fatalLogger) Infof(string, ...any) {}

func (l fatalLogger) Fatalf(_ string, args ...any) {
	if l.diskError.failure() != nil {
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
