package registry_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cedula/infra/privacytest"
	"cedula/shared/identity"
	"cedula/shared/registry"
	"cedula/shared/store"
	"cedula/shared/table"
	"cedula/shared/table/pebble"
)

func TestMain(m *testing.M) { os.Exit(privacytest.Run(m)) }

var (
	ctx  = context.Background()
	noon = time.Date(2026, 3, 4, 12, 0, 0, 123456789, time.UTC)
)

// testRegistry is the service on a real store, with a clock that stands still and
// random bytes that are the same in every run.
type testRegistry struct {
	*registry.Registry
	store  *countingStore
	outbox *outboxRecorder
	now    time.Time
}

// outboxRecorder notes the ids of the messages that are put into the outbox.
type outboxRecorder struct {
	table.Table
	mu         sync.Mutex
	messageIDs []string
	lastBodies []byte // of all that the last write put
}

func (w *outboxRecorder) Write(ctx context.Context, ops ...table.Op) (table.Units, error) {
	units, err := w.Table.Write(ctx, ops...)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lastBodies = nil
	for _, op := range ops {
		w.lastBodies = append(w.lastBodies, op.Item.Body...)
		if id, found := strings.CutPrefix(op.Item.PK, "M#"); found && err == nil && op.Action == table.ActionPut && op.Item.Version == 1 {
			w.messageIDs = append(w.messageIDs, id)
		}
	}
	return units, err
}

// lastWrite is what the last write put.
func (w *outboxRecorder) lastWrite() []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lastBodies
}

func (w *outboxRecorder) messageCount() int { return len(w.messagesSince(0)) }

func (w *outboxRecorder) messagesSince(n int) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.messageIDs[n:])
}

// countingStore is a store that counts what reaches it.
type countingStore struct {
	identity.Store
	creates, gets  int
	identitiesRead int // by GetMany

	mu sync.Mutex
}

func (c *countingStore) add(what *int, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*what += n
}

func (c *countingStore) Create(ctx context.Context, i identity.Identity, claims []identity.Claim, once identity.Idempotency, links identity.LinkChanges) (identity.WriteResult, error) {
	c.add(&c.creates, 1)
	return c.Store.Create(ctx, i, claims, once, links)
}

func (c *countingStore) Get(ctx context.Context, tenant, id string) (identity.Identity, error) {
	c.add(&c.gets, 1)
	return c.Store.Get(ctx, tenant, id)
}

func (c *countingStore) GetMany(ctx context.Context, tenant string, ids []string) ([]identity.Identity, error) {
	found, err := c.Store.GetMany(ctx, tenant, ids)
	c.add(&c.identitiesRead, len(found))
	return found, err
}

func newTestRegistry(t *testing.T) *testRegistry {
	t.Helper()
	db, err := pebble.Open(t.TempDir(), store.Indexes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &testRegistry{now: noon, outbox: &outboxRecorder{Table: db}}
	w.store = &countingStore{Store: store.New(w.outbox, bytes.Repeat([]byte("s"), 32))}
	w.Registry = &registry.Registry{
		Store: w.store, Now: func() time.Time { return w.now }, Random: &lockedReader{reader: rand.NewChaCha8([32]byte{1})},
	}
	return w
}

// lockedReader is a reader for calls that run at once.
type lockedReader struct {
	mu     sync.Mutex
	reader io.Reader
}

func (s *lockedReader) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reader.Read(p)
}

// generateID makes ids of 16 hex digits.
func generateID(_ time.Time, random io.Reader) (string, error) {
	var b [8]byte
	_, err := io.ReadFull(random, b[:])
	return hex.EncodeToString(b[:]), err
}

func draft(p identity.Profile) registry.Draft {
	return registry.Draft{Tenant: "acme", Profile: p, Trusted: true, GenerateID: generateID}
}

func (w *testRegistry) mustCreate(t *testing.T, d registry.Draft) identity.WriteResult {
	t.Helper()
	created, err := w.Create(ctx, d)
	if err != nil {
		t.Fatal(err)
	}
	return created
}

func (w *testRegistry) mustDelete(t *testing.T, id string) {
	t.Helper()
	if err := w.Delete(ctx, "acme", id, nil); err != nil {
		t.Fatal(err)
	}
}

func (w *testRegistry) mustTokenize(t *testing.T, c registry.Change, fields ...identity.Field) {
	t.Helper()
	if _, err := w.Tokenize(ctx, c, fields...); err != nil {
		t.Fatal(err)
	}
}

func wantField(t *testing.T, err error, field identity.Field, reason string) {
	t.Helper()
	var invalid *identity.Invalid
	if !errors.As(err, &invalid) || *invalid != (identity.Invalid{Field: field, Reason: reason}) {
		t.Errorf("got %v, want %s %s", err, field, reason)
	}
}
