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
	"sync/atomic"
	"testing"
	"time"

	"cedula/infra/privacytest"
	"cedula/infra/testenv"
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

// testRegistry is a registry on a real store, with a clock that the test sets and the same random bytes in every run.
type testRegistry struct {
	*registry.Registry
	store  *countingStore
	outbox *outboxRecorder
	now    time.Time
}

// outboxRecorder records the ids of the messages that are put into the outbox.
type outboxRecorder struct {
	table.Table
	mu         sync.Mutex
	messageIDs []string
	lastBodies []byte // of the items of the last write
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

// countingStore counts the calls that reach the store.
type countingStore struct {
	identity.Store
	creates, gets  atomic.Int64
	identitiesRead atomic.Int64 // by GetMany
}

func (c *countingStore) Create(ctx context.Context, i identity.Identity, claims []identity.Claim, once identity.Idempotency, links identity.LinkChanges) (identity.WriteResult, error) {
	c.creates.Add(1)
	return c.Store.Create(ctx, i, claims, once, links)
}

func (c *countingStore) Get(ctx context.Context, tenant, id string) (identity.Identity, error) {
	c.gets.Add(1)
	return c.Store.Get(ctx, tenant, id)
}

func (c *countingStore) GetMany(ctx context.Context, tenant string, ids []string) ([]identity.Identity, error) {
	found, err := c.Store.GetMany(ctx, tenant, ids)
	c.identitiesRead.Add(int64(len(found)))
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

// lockedReader is a reader for concurrent calls.
type lockedReader struct {
	mu     sync.Mutex
	reader io.Reader
}

func (s *lockedReader) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reader.Read(p)
}

// generateID returns 16 hex digits.
func generateID(_ time.Time, random io.Reader) (string, error) {
	var b [8]byte
	_, err := io.ReadFull(random, b[:])
	return hex.EncodeToString(b[:]), err
}

func draft(p identity.Profile) registry.Draft {
	return registry.Draft{Tenant: "acme", Profile: p, Trusted: true, GenerateID: generateID}
}

// change is a change of the identity by a function; nil changes nothing.
func change(id string, apply func(*identity.Identity) error) registry.Change {
	return registry.Change{Tenant: "acme", ID: id, GenerateID: generateID, Apply: apply}
}

func setFirstName(id, name string) registry.Change {
	return change(id, func(i *identity.Identity) error { i.FirstName = name; return nil })
}

func (w *testRegistry) mustCreate(t *testing.T, d registry.Draft) identity.WriteResult {
	t.Helper()
	return testenv.Must(w.Create(ctx, d))(t)
}

// createWithID creates an identity whose first name is its id.
func (w *testRegistry) createWithID(t *testing.T, id string) identity.Identity {
	t.Helper()
	d := draft(identity.Profile{FirstName: id})
	d.ID = id
	return w.mustCreate(t, d).Identity
}

func (w *testRegistry) mustGet(t *testing.T, id string) identity.Identity {
	t.Helper()
	return testenv.Must(w.Get(ctx, "acme", id))(t)
}

func (w *testRegistry) mustUpdate(t *testing.T, c registry.Change) identity.WriteResult {
	t.Helper()
	return testenv.Must(w.Update(ctx, c))(t)
}

func (w *testRegistry) mustDelete(t *testing.T, id string) {
	t.Helper()
	testenv.Must(id, w.Delete(ctx, "acme", id, nil))(t)
}

func (w *testRegistry) mustTokenize(t *testing.T, id string, fields ...identity.Field) identity.WriteResult {
	t.Helper()
	return testenv.Must(w.Tokenize(ctx, change(id, nil), fields...))(t)
}

// wantIs checks for an error; nil means none.
func wantIs(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: error = %v, want %v", what, err, want)
	}
}

// errorAs returns err as an error of a type.
func errorAs[E error](t *testing.T, what string, err error) (found E) {
	t.Helper()
	if !errors.As(err, &found) {
		t.Fatalf("%s: error = %v, want a %T", what, err, found)
	}
	return found
}

// wantErrorAs checks for an error of a type.
func wantErrorAs[E error](t *testing.T, what string, err error) {
	t.Helper()
	_ = errorAs[E](t, what, err)
}

// wantText checks the text of an error of a type.
func wantText[E error](t *testing.T, what string, err error, text string) {
	t.Helper()
	if found := errorAs[E](t, what, err); found.Error() != text {
		t.Errorf("%s: error = %q, want %q", what, found, text)
	}
}

func wantConflict(t *testing.T, what string, err error, fields ...identity.Field) {
	t.Helper()
	if conflict := errorAs[*identity.Conflict](t, what, err); !slices.Equal(conflict.Fields, fields) {
		t.Errorf("%s: conflict of %v, want %v", what, conflict.Fields, fields)
	}
}

// concurrently calls do n times concurrently and returns the errors.
func concurrently(n int, do func(n int) error) []error {
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { errs[i] = do(i) })
	}
	all.Wait()
	return errs
}
