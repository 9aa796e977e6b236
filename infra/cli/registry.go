package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"cedula/infra/tablesocket"
	"cedula/shared/auth"
	"cedula/shared/store"
	"cedula/shared/table"
	"cedula/shared/table/pebble"
)

// registry is what a command works on.
type registry struct {
	*auth.Admin
	store *store.Store
	plans usagePlans
	urls  map[string]string // base URL by dialect, of a stack
	close func() error
}

// usagePlans are where the gateway keeps how often a client may call.
type usagePlans interface {
	// AddClient lets a client's calls be counted. What was enrolled before stays.
	AddClient(ctx context.Context, c auth.Client) error
}

// openRegistry finds the registry that the flags name.
func (c *cli) openRegistry(ctx context.Context) (*registry, error) {
	if c.stack != "" {
		return c.openStack(ctx)
	}
	return c.openLocal(ctx)
}

func newRegistry(t table.Table, secret []byte, p usagePlans, closing func() error) *registry {
	s := store.New(t, secret)
	return &registry{
		Admin: &auth.Admin{AdminStore: s, Hasher: auth.NewHasher(secret), Now: time.Now},
		store: s, plans: p, close: closing,
	}
}

// openLocal works through a running server or, if there is none, on the table
// itself.
func (c *cli) openLocal(ctx context.Context) (*registry, error) {
	secret, err := os.ReadFile(filepath.Join(c.data, "secret"))
	if err != nil {
		return nil, fmt.Errorf("no local registry in %s: %w", c.data, err)
	}
	r, err := c.dialServer(ctx, secret)
	if err == nil || !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ECONNREFUSED) {
		return r, err
	}
	db, err := pebble.Open(filepath.Join(c.data, "table"), store.Indexes)
	if err != nil {
		return nil, fmt.Errorf("cannot open the table in %s: %w", c.data, err)
	}
	return newRegistry(db, secret, noUsagePlans{}, db.Close), nil
}

func (c *cli) dialServer(ctx context.Context, secret []byte) (*registry, error) {
	t, err := tablesocket.Dial(ctx, filepath.Join(c.data, tablesocket.Name))
	if err != nil {
		return nil, err
	}
	return newRegistry(t, secret, noUsagePlans{}, t.Close), nil
}

// defaultLocalURLs are where `make run` serves unless it is told otherwise.
var defaultLocalURLs = map[string]string{"conomy": "http://localhost:5010", "blnk": "http://localhost:5001"}

// noUsagePlans is the local gateway's: it reads the limits from the client itself.
type noUsagePlans struct{}

func (noUsagePlans) AddClient(context.Context, auth.Client) error { return nil }

// withRegistry runs a command on the registry that the flags name.
func (c *cli) withRegistry(ctx context.Context, do func(*registry) error) (err error) {
	r, err := c.openRegistry(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	return do(r)
}
