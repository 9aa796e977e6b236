package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"
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

// openRegistry is what a command works on.
type openRegistry struct {
	*admin.Registry
	// addToPlan adds a client to its usage plan in API Gateway. It is idempotent.
	addToPlan func(context.Context, admin.Client) error
	urls      map[string]string // of a stack: the base URL of each API
	close     func() error
}

// noUsagePlans is for the local gateway, which reads the limits from the client itself.
func noUsagePlans(context.Context, admin.Client) error { return nil }

func nothingToClose() error { return nil }

// onRegistry returns a command's RunE that runs do as withRegistry does.
func (c *cli) onRegistry(do func(ctx context.Context, r *openRegistry, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		return c.withRegistry(cmd.Context(), func(r *openRegistry) error { return do(cmd.Context(), r, args) })
	}
}

// checkFirst returns a command's RunE that runs check before run. An error of check means that the command was used
// incorrectly. It is not a PreRunE, which cobra calls before it looks for required flags.
func checkFirst(check func(*pflag.FlagSet) error, run func(*cobra.Command, []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd.Flags()); err != nil {
			return err
		}
		return run(cmd, args)
	}
}

// withRegistry runs do on the registry that the flags select. It returns a runError.
func (c *cli) withRegistry(ctx context.Context, do func(*openRegistry) error) (err error) {
	open := c.openLocal
	if c.stack != "" {
		open = c.openStack
	}
	r, err := open(ctx)
	if err != nil {
		return runError{err}
	}
	defer func() {
		err = errors.Join(err, r.close())
		if err != nil {
			err = runError{err}
		}
	}()
	return do(r)
}

// openLocal connects to the running server. Without one it opens the table itself.
func (c *cli) openLocal(ctx context.Context) (*openRegistry, error) {
	secret, err := os.ReadFile(filepath.Join(c.data, datadir.SecretFile))
	if err != nil {
		return nil, fmt.Errorf("no local registry in %s: %w", c.data, err)
	}
	server, err := admin.Dial(ctx, c.data)
	if err == nil {
		return &openRegistry{Registry: server, addToPlan: noUsagePlans, close: nothingToClose}, nil
	}
	if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ECONNREFUSED) {
		return nil, err
	}
	db, err := pebble.Open(filepath.Join(c.data, datadir.TableDir), store.Indexes)
	if err != nil {
		return nil, fmt.Errorf("cannot open the table in %s: %w", c.data, err)
	}
	return &openRegistry{Registry: newRegistry(db, secret, c.data), addToPlan: noUsagePlans, close: db.Close}, nil
}

// newRegistry manages a registry on its table. clockFolder is the data folder whose clock may be ahead; empty for a stack.
func newRegistry(t table.Table, secret []byte, clockFolder string) *admin.Registry {
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
