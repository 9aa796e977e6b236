package identity_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cedula/shared/identity"
	"cedula/shared/store"
	"cedula/shared/table"
	"cedula/shared/table/embedded"
)

var (
	ctx  = context.Background()
	noon = time.Date(2026, 3, 4, 12, 0, 0, 123456789, time.UTC)
)

// world is the service on a real store, with a clock that stands still and
// random bytes that are the same in every run.
type world struct {
	*identity.Service
	store *counted
	tap   *tap
	now   time.Time
}

// tap notes the ids of the messages that are put into the outbox.
type tap struct {
	table.Table
	mu     sync.Mutex
	ids    []string
	bodies []byte // of all that the last write put
}

func (w *tap) Write(ctx context.Context, ops ...table.Op) (table.Units, error) {
	units, err := w.Table.Write(ctx, ops...)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bodies = nil
	for _, op := range ops {
		w.bodies = append(w.bodies, op.Item.Body...)
		if id, found := strings.CutPrefix(op.Item.PK, "M#"); found && err == nil && op.Action == table.ActionPut && op.Item.Version == 1 {
			w.ids = append(w.ids, id)
		}
	}
	return units, err
}

// last is what the last write put.
func (w *tap) last() []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.bodies
}

func (w *tap) count() int { return len(w.since(0)) }

func (w *tap) since(n int) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.ids[n:])
}

// counted is a store that counts what reaches it.
type counted struct {
	identity.Store
	creates, gets int
	read          int // by GetMany

	mu sync.Mutex
}

func (c *counted) count(what *int, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*what += n
}

func (c *counted) Create(ctx context.Context, i identity.Identity, claims []identity.Claim, once identity.Idempotency, links identity.Links) (identity.Changed, error) {
	c.count(&c.creates, 1)
	return c.Store.Create(ctx, i, claims, once, links)
}

func (c *counted) Get(ctx context.Context, tenant, id string) (identity.Identity, error) {
	c.count(&c.gets, 1)
	return c.Store.Get(ctx, tenant, id)
}

func (c *counted) GetMany(ctx context.Context, tenant string, ids []string) ([]identity.Identity, error) {
	found, err := c.Store.GetMany(ctx, tenant, ids)
	c.count(&c.read, len(found))
	return found, err
}

func newWorld(t *testing.T) *world {
	t.Helper()
	db, err := embedded.Open(t.TempDir(), store.Indexes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &world{now: noon, tap: &tap{Table: db}}
	w.store = &counted{Store: store.New(w.tap, bytes.Repeat([]byte("s"), 32))}
	w.Service = &identity.Service{
		Store: w.store, Now: func() time.Time { return w.now }, Random: &shared{from: rand.NewChaCha8([32]byte{1})},
	}
	return w
}

// shared is a reader for calls that run at once.
type shared struct {
	mu   sync.Mutex
	from io.Reader
}

func (s *shared) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.from.Read(p)
}

// mint makes ids of 16 hex digits.
func mint(_ time.Time, random io.Reader) (string, error) {
	var b [8]byte
	_, err := io.ReadFull(random, b[:])
	return hex.EncodeToString(b[:]), err
}

func draft(p identity.Profile) identity.Draft {
	return identity.Draft{Tenant: "acme", Profile: p, Trusted: true, MintID: mint}
}

func (w *world) create(t *testing.T, d identity.Draft) identity.Changed {
	t.Helper()
	created, err := w.Create(ctx, d)
	if err != nil {
		t.Fatal(err)
	}
	return created
}
