package jobs_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cedula/infra/privacytest"
	"cedula/infra/testenv"
	"cedula/shared/identity"
	"cedula/shared/jobs"
	"cedula/shared/registry"
	"cedula/shared/store"
	"cedula/shared/table"
	"cedula/shared/table/pebble"
)

func TestMain(m *testing.M) { os.Exit(privacytest.Run(m)) }

const (
	week   = identity.DefaultPendingTTL
	tenant = "acme"
)

var (
	ctx    = context.Background()
	noon   = time.Date(2026, 3, 4, 12, 0, 0, 123456789, time.UTC)
	secret = bytes.Repeat([]byte("s"), 32)
	ana    = identity.Profile{FirstName: "Ana", Email: "ana@example.com", Phone: "+56912345678", Country: "BRA"}
)

// testJobs is a reaper on a real store, with a clock that the test sets.
type testJobs struct {
	*jobs.Reaper
	*hookedTable
	store *store.Store
	now   time.Time
}

func newTestJobs(t *testing.T) *testJobs {
	t.Helper()
	db := testenv.Must(pebble.Open(t.TempDir(), store.Indexes))(t)
	t.Cleanup(func() { _ = db.Close() })
	w := &testJobs{now: noon, hookedTable: &hookedTable{Table: db}}
	w.store = store.New(w.hookedTable, secret)
	w.Reaper = &jobs.Reaper{
		Registry:     &registry.Registry{Store: w.store, Random: rand.Reader, Now: func() time.Time { return w.now }},
		PendingIndex: w.store,
	}
	return w
}

// hookedTable calls beforeWrite, if not nil, before each write, and records the id of the last message written.
type hookedTable struct {
	table.Table
	beforeWrite func() error
	messageID   atomic.Pointer[string]
}

func (h *hookedTable) Write(ctx context.Context, ops ...table.Op) (table.Units, error) {
	if h.beforeWrite != nil {
		err := h.beforeWrite()
		if err != nil {
			return table.Units{}, err
		}
	}
	for _, op := range ops {
		id, found := strings.CutPrefix(op.Item.PK, "M#")
		if found && op.Action == table.ActionPut {
			h.messageID.Store(&id)
		}
	}
	return h.Table.Write(ctx, ops...)
}

// lastMessage reads the last message that was written.
func (w *testJobs) lastMessage(t *testing.T) identity.Message {
	t.Helper()
	m, _, err := w.store.Lease(ctx, *w.messageID.Load(), w.now, time.Minute)
	return testenv.Must(m, err)(t)
}

// run limits a run to an hour from now.
func (w *testJobs) run() jobs.Run { return jobs.Run{StopAt: w.now.Add(time.Hour)} }

func (w *testJobs) wantExpired(t *testing.T, want jobs.Result) {
	t.Helper()
	got, err := w.Expire(ctx, w.run())
	if err != nil || got != want {
		t.Errorf("Expire() = %+v, %v, want %+v", got, err, want)
	}
}

// draft returns a draft of a pending identity whose claim is its id.
func draft(id string, p identity.Profile) registry.Draft {
	p.DocumentNumber = id
	return registry.Draft{Tenant: tenant, ID: id, Profile: p, Claims: []identity.Claim{p.UniquenessClaim()}}
}

func (w *testJobs) create(t *testing.T, id string, p identity.Profile) identity.WriteResult {
	t.Helper()
	return testenv.Must(w.Registry.Create(ctx, draft(id, p)))(t)
}

// createMany creates n pending identities and returns their ids.
func (w *testJobs) createMany(t *testing.T, n int) []string {
	t.Helper()
	ids := make([]string, n)
	var all sync.WaitGroup
	for part := range 16 {
		all.Go(func() {
			for i := part; i < n; i += 16 {
				ids[i] = fmt.Sprintf("id%d", i)
				_, err := w.Registry.Create(ctx, draft(ids[i], ana))
				if err != nil {
					t.Errorf("Create(%s): error = %v, want none", ids[i], err)
				}
			}
		})
	}
	all.Wait()
	return ids
}

func changeOf(id string) registry.Change { return registry.Change{Tenant: tenant, ID: id} }

func (w *testJobs) hold(t *testing.T, id string) {
	t.Helper()
	testenv.Must(w.Registry.Hold(ctx, changeOf(id), "held"))(t)
}

// activate makes an identity active at noon.
func activate(r *registry.Registry, id string) error {
	c := changeOf(id)
	c.Apply = func(i *identity.Identity) error { return i.SetStatus(identity.Active, noon) }
	_, err := r.Update(ctx, c)
	return err
}
