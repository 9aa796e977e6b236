package cli

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"cedula/infra/local/admin"
	"cedula/infra/local/datadir"
	"cedula/infra/local/timetravel"
	"cedula/shared/auth"
	"cedula/shared/jobs"
	"cedula/shared/registry"
	"cedula/shared/store"
	"cedula/shared/table"
	"cedula/shared/table/pebble"
)

// Where the server of this machine listens by default.
const (
	DefaultConomyAddress  = "localhost:5010"
	DefaultBlnkAddress    = "localhost:5001"
	DefaultMailboxAddress = "localhost:5012"
)

// Local is the registry of a data directory.
type Local struct{ Data string }

// AddFlags implements Target.
func (l *Local) AddFlags(f *pflag.FlagSet) {
	f.StringVar(&l.Data, "data", cmp.Or(os.Getenv("CEDULA_DATA"), ".cedula"), "data directory, or CEDULA_DATA")
}

// Check implements Target.
func (l *Local) Check() error { return nil }

// BaseURLs implements Target: it returns where a server listens by default.
func (l *Local) BaseURLs(context.Context) (map[string]string, error) {
	return map[string]string{"conomy": "http://" + DefaultConomyAddress, "blnk": "http://" + DefaultBlnkAddress}, nil
}

// EnvFile implements Target.
func (l *Local) EnvFile() string { return filepath.Join(l.Data, datadir.SandboxFile) }

// Open implements Target. It connects to the running server; without one it opens the table itself.
func (l *Local) Open(ctx context.Context) (*Registry, error) {
	secret, err := os.ReadFile(filepath.Join(l.Data, datadir.SecretFile))
	if err != nil {
		return nil, fmt.Errorf("no local registry in %s: %w; name the directory with --data, or start the registry once with `cedula serve`", l.Data, err)
	}
	server, err := admin.Dial(ctx, l.Data)
	if err == nil {
		return &Registry{Registry: server}, nil
	}
	if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ECONNREFUSED) {
		return nil, err
	}
	db, err := pebble.Open(filepath.Join(l.Data, datadir.TableDir), store.Indexes)
	if err != nil {
		return nil, fmt.Errorf("cannot open the table in %s: %w", l.Data, err)
	}
	return &Registry{Registry: OnTable(db, secret, l.Data), Close: db.Close}, nil
}

// OnTable returns the operations on the registry of a table. clockFolder is the data folder whose clock may be ahead of
// this machine's; it is empty for a stack.
func OnTable(t table.Table, secret []byte, clockFolder string) *admin.Registry {
	s := store.New(t, secret)
	a := &auth.Admin{AdminStore: s, Hasher: auth.NewHasher(secret), APIs: datadir.APIs, Now: time.Now}
	return admin.New(a, func() (*jobs.Reaper, error) {
		reaper := &jobs.Reaper{Registry: &registry.Registry{Store: s, Now: time.Now, Random: rand.Reader}, PendingIndex: s}
		if clockFolder == "" {
			return reaper, nil
		}
		clock, err := timetravel.Open(clockFolder)
		if err != nil {
			return nil, err
		}
		reaper.Registry.ClockOffset = clock.Offset
		reaper.MaxClockOffset = clock.LargestOffset()
		return reaper, nil
	})
}
