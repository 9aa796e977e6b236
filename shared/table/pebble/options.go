package pebble

import (
	"fmt"
	"os"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// engineOptions are the same for every folder: one version of this package reads what the same version wrote. After
// opening a database with them the caller releases its reference to their cache.
func engineOptions(lock *pebble.Lock, files vfs.FS, disk *diskError, live *liveLogs) *pebble.Options {
	o := &pebble.Options{
		FS:                 logFS{files, disk, live},
		Comparer:           wholeKeyComparer(),
		Lock:               lock,
		FormatMajorVersion: pebble.FormatVirtualSSTables,
		MemTableSize:       8 << 20,
		Cache:              pebble.NewCache(32 << 20), // the engine takes two memtables out of it: by default nothing is left
		Logger:             fatalLogger{disk},
		EventListener: &pebble.EventListener{
			BackgroundError: disk.onBackgroundError,
			DataCorruption:  func(pebble.DataCorruptionInfo) {}, // by default the process ends; here the calls that read it return an error
		},
	}
	for n := range o.Levels {
		o.Levels[n].FilterPolicy = bloom.FilterPolicy(10)
	}
	return o
}

// wholeKeyComparer is the default order with the whole key as prefix, so that an iterator can ask the bloom filters for
// a key. The files are the same with either comparer.
func wholeKeyComparer() *pebble.Comparer {
	c := *pebble.DefaultComparer
	c.Split = func(key []byte) int { return len(key) }
	return &c
}

// fatalLogger discards Pebble's info logs. On a fatal error it prints one line and exits, because later writes must not
// be acknowledged. After a disk error it blocks instead: the owner of the DB knows that error and ends the process.
type fatalLogger struct{ diskError *diskError }

func (fatalLogger) Infof(string, ...any) {}

func (fatalLogger) Errorf(string, ...any) {}

func (l fatalLogger) Fatalf(_ string, args ...any) {
	if l.diskError.get() != nil {
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
