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
	"cedula/shared/table/embedded"
)

// registry is what a command works on.
type registry struct {
	*auth.Operator
	store *store.Store
	plans plans
	urls  map[string]string // base URL by dialect, of a stack
	close func() error
}

// plans are where the gateway keeps how often a client may call.
type plans interface {
	// Enrol lets a client's calls be counted. What was enrolled before stays.
	Enrol(ctx context.Context, c auth.Client) error
}

// open finds the registry that the flags name.
func (c *cli) open(ctx context.Context) (*registry, error) {
	if c.stack != "" {
		return c.openStack(ctx)
	}
	return c.openLocal(ctx)
}

func newRegistry(t table.Table, secret []byte, p plans, closing func() error) *registry {
	s := store.New(t, secret)
	return &registry{
		Operator: &auth.Operator{Registry: s, Hasher: auth.NewHasher(secret), Now: time.Now},
		store:    s, plans: p, close: closing,
	}
}

// openLocal works through a running server or, if there is none, on the table
// itself.
func (c *cli) openLocal(ctx context.Context) (*registry, error) {
	secret, err := os.ReadFile(filepath.Join(c.data, "secret"))
	if err != nil {
		return nil, fmt.Errorf("no local registry in %s: %w", c.data, err)
	}
	r, err := c.dial(ctx, secret)
	if err == nil || !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ECONNREFUSED) {
		return r, err
	}
	db, err := embedded.Open(filepath.Join(c.data, "table"), store.Indexes)
	if err != nil {
		return nil, fmt.Errorf("cannot open the table in %s: %w", c.data, err)
	}
	return newRegistry(db, secret, noPlans{}, db.Close), nil
}

func (c *cli) dial(ctx context.Context, secret []byte) (*registry, error) {
	t, err := tablesocket.Dial(ctx, filepath.Join(c.data, tablesocket.Name))
	if err != nil {
		return nil, err
	}
	return newRegistry(t, secret, noPlans{}, t.Close), nil
}

// localURLs are where `make run` serves unless it is told otherwise.
var localURLs = map[string]string{"conomy": "http://localhost:5010", "blnk": "http://localhost:5001"}

// noPlans is the local gateway's: it reads the limits from the client itself.
type noPlans struct{}

func (noPlans) Enrol(context.Context, auth.Client) error { return nil }

// with runs a command on the registry that the flags name.
func (c *cli) with(ctx context.Context, do func(*registry) error) (err error) {
	r, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	return do(r)
}
