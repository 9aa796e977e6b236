package jobs_test

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cedula/infra/testenv"
	"cedula/shared/identity"
	"cedula/shared/jobs"
	"cedula/shared/registry"
	"cedula/shared/store"
	"cedula/shared/table"
	"cedula/shared/table/faulttable"
	"cedula/shared/table/pebble"
)

// slowTable is a table each of whose calls takes a while, as over a network.
type slowTable struct {
	table.Table
	delay time.Duration
}

func (s *slowTable) Query(ctx context.Context, q table.Query) (table.Page, error) {
	time.Sleep(s.delay)
	return s.Table.Query(ctx, q)
}

func (s *slowTable) Get(ctx context.Context, strong bool, keys ...table.Key) (table.GetResult, error) {
	time.Sleep(s.delay)
	return s.Table.Get(ctx, strong, keys...)
}

func (s *slowTable) Write(ctx context.Context, ops ...table.Op) (table.Units, error) {
	time.Sleep(s.delay)
	return s.Table.Write(ctx, ops...)
}

// createPendingIdentities writes so many pending identities, every second of which lapses a minute
// after noon, the others an hour later.
func createPendingIdentities(t *testing.T, s *store.Store, many int) {
	t.Helper()
	var all sync.WaitGroup
	for part := range 32 {
		all.Go(func() {
			for n := part; n < many; n += 32 {
				i := identity.Identity{
					Tenant: fmt.Sprintf("t%d", n%7), ID: fmt.Sprintf("i%d", n), Status: identity.Pending, Onboarding: identity.OnboardingContact,
					ExpiresAt: noon.Truncate(time.Second).Add(time.Minute + time.Duration(n%2)*time.Hour),
					Version:   1, CreatedAt: noon, UpdatedAt: noon,
					Profile: identity.Profile{FirstName: "Ana", Email: fmt.Sprintf("a%d@example.com", n), DocumentNumber: fmt.Sprint(n)},
				}
				if _, err := s.Create(ctx, i, []identity.Claim{i.UniquenessClaim()}, identity.Idempotency{}, identity.LinkChanges{}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}

// measureHeap is the most that was alive on the heap while do ran.
func measureHeap(do func()) (before, most uint64) {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	before = m.HeapAlloc
	done := make(chan struct{})
	var sampled atomic.Uint64
	var sampler sync.WaitGroup
	sampler.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(250 * time.Millisecond):
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				sampled.Store(max(sampled.Load(), m.HeapAlloc))
			}
		}
	})
	do()
	close(done)
	sampler.Wait()
	return before, sampled.Load()
}

// TestExpireHalfAMillion: of a million pending identities one half has lapsed. It
// prints what a run takes, and what one of 14 minutes would clear if each call of
// the table took 25 ms.
func TestExpireHalfAMillion(t *testing.T) {
	testenv.Need(t, testenv.Soak)
	const many, sample = 1_000_000, 100_000
	db, err := pebble.Open(t.TempDir(), store.Indexes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	counted := faulttable.NewCounter(db)
	start := time.Now()
	createPendingIdentities(t, store.New(counted, bytes.Repeat([]byte("s"), 32)), many)
	t.Logf("%d identities made in %v", many, time.Since(start).Round(time.Second))

	cleaner := func(tab table.Table, now time.Time) *jobs.Reaper {
		s := store.New(tab, bytes.Repeat([]byte("s"), 32))
		return &jobs.Reaper{Registry: &registry.Registry{Store: s, Now: func() time.Time { return now }}, PendingIndex: s}
	}
	counted.Reset()
	var done jobs.Result
	start = time.Now()
	before, most := measureHeap(func() {
		done, err = cleaner(counted, noon.Add(time.Minute)).Expire(ctx, jobs.Run{StopAt: noon.Add(time.Hour)})
	})
	took, calls := time.Since(start), counted.Reset()
	if err != nil || done.Expired != many/2 || !done.Complete || done.Failed+done.Conflicts > 0 {
		t.Fatalf("%+v %v", done, err)
	}
	each := float64(calls.Total()) / float64(done.Expired)
	t.Logf("%d expired in %v: %.0f a second, %.3f calls each, %.1f write and %.2f read units each", done.Expired, took.Round(time.Second),
		float64(done.Expired)/took.Seconds(), each, calls.Units.Write/float64(done.Expired), calls.Units.Read/float64(done.Expired))
	t.Logf("heap %d MB before, at most %d MB during the run", before>>20, most>>20)
	if each > 1.1 {
		t.Errorf("%.3f calls each", each)
	}
	if most > before+256<<20 {
		t.Errorf("the heap grew from %d to %d MB", before>>20, most>>20)
	}

	// The rest has lapsed an hour later. A run over a part of it, each call of which
	// takes 25 ms, tells the pace: every shard does one thing after another.
	var budget atomic.Int64
	late := noon.Add(2 * time.Hour)
	paced := cleaner(&slowTable{counted, 25 * time.Millisecond}, late)
	paced.Registry.Now = func() time.Time {
		if budget.Load() >= sample {
			return late.Add(2 * time.Hour)
		}
		return late
	}
	paced.OnExamined = func() { budget.Add(1) }
	start = time.Now()
	done, err = paced.Expire(ctx, jobs.Run{StopAt: late.Add(time.Hour)})
	took = time.Since(start)
	perRun := float64(done.Expired) / took.Seconds() * (14 * time.Minute).Seconds()
	t.Logf("with 25 ms a call: %d in %v; a run of 14 minutes clears %.0f", done.Expired, took.Round(time.Second), perRun)
	if err != nil || done.Expired < sample || perRun < 1_000_000 {
		t.Errorf("%+v %v", done, err)
	}
}
