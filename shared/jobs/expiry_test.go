package jobs_test

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cedula/infra/testenv"
	"cedula/shared/identity"
	"cedula/shared/jobs"
	"cedula/shared/registry"
	"cedula/shared/table"
	"cedula/shared/table/faulttable"
)

// TestExpire runs the job over 20 identities that are held, 20 active ones and 60 pending ones.
func TestExpire(t *testing.T) {
	w := newTestJobs(t)
	var stay, gone []string
	for n, id := range w.createMany(t, 100) {
		switch n % 5 {
		case 0:
			w.hold(t, id)
			stay = append(stay, id)
		case 1:
			testenv.Must(id, activate(w.Registry, id))(t)
			stay = append(stay, id)
		default:
			gone = append(gone, id)
		}
	}
	w.wantExpired(t, jobs.Result{Complete: true})
	w.now = noon.Add(week)
	stay = append(stay, w.create(t, "young", ana).ID)

	dry := w.run()
	dry.DryRun = true
	lag := w.now.Sub(w.now.Truncate(time.Second)).Truncate(time.Microsecond)
	want := jobs.Result{Examined: 60, Expired: 60, Complete: true, Lag: lag}
	if got, err := w.Expire(ctx, dry); err != nil || got != want {
		t.Errorf("Expire() as a dry run = %+v, %v, want %+v", got, err, want)
	}
	var writes atomic.Int64
	w.beforeWrite = func() error { writes.Add(1); return nil }
	w.wantExpired(t, jobs.Result{Examined: 60, Expired: 60, Complete: true})
	if got := writes.Load(); got != 60 {
		t.Errorf("%d writes for 60 identities, want one each", got)
	}
	w.wantExpired(t, jobs.Result{Complete: true})

	w.now = noon // a reader whose clock is late
	for _, id := range stay {
		testenv.Must(w.Registry.Get(ctx, tenant, id))(t)
	}
	for _, id := range gone {
		if _, err := w.Registry.Get(ctx, tenant, id); !errors.Is(err, identity.ErrNotFound) {
			t.Errorf("Get(%s), which was due: error = %v, want ErrNotFound", id, err)
		}
		w.create(t, id, ana) // its claim is free
	}
}

// TestUnreadableRecordsAreReported: more records than a shard's failures that cannot be decoded do not stop the job.
func TestUnreadableRecordsAreReported(t *testing.T) {
	w := newTestJobs(t)
	ids := w.createMany(t, 900)
	for _, id := range ids[:800] {
		if err := faulttable.Damage(ctx, w.hookedTable, table.Key{PK: "T#" + tenant + "#I#" + id, SK: "#"}); err != nil {
			t.Fatal(err)
		}
	}
	w.now = noon.Add(week)
	got, err := w.Expire(ctx, w.run())
	var unreadable *identity.Unreadable
	want := jobs.Result{Examined: 900, Expired: 100, Failed: 800, Complete: true}
	if !errors.As(err, &unreadable) || len(unreadable.IDs) != 800 || got != want {
		t.Errorf("Expire() = %+v, %v, want %+v and 800 unreadable records", got, err, want)
	}
}

func TestExpireSkipsATenantWhoseClockIsNotMoved(t *testing.T) {
	w := newTestJobs(t)
	w.createMany(t, 2)
	w.MaxClockOffset = week
	var examined atomic.Int64
	w.OnExamined = func() { examined.Add(1) }
	w.wantExpired(t, jobs.Result{Examined: 2, Skipped: 2, Complete: true})
	w.Registry.ClockOffset = func(string) time.Duration { return week }
	w.wantExpired(t, jobs.Result{Examined: 2, Expired: 2, Complete: true})
	if got := examined.Load(); got != 4 {
		t.Errorf("OnExamined was called %d times, want 4", got)
	}
}

func TestExpireStopsInTime(t *testing.T) {
	w := newTestJobs(t)
	w.createMany(t, 200)
	started := noon.Add(week + time.Hour)
	var asked atomic.Int64
	w.Registry.Now = func() time.Time { return started.Add(time.Duration(asked.Add(1)) * time.Second) }
	first, err := w.Expire(ctx, jobs.Run{StopAt: started.Add(6 * time.Minute)})
	if err != nil || first.Complete || first.Expired == 0 || first.Expired >= 200 || first.Lag < time.Hour {
		t.Errorf("Expire() for 6 minutes = %+v, %v, want some of 200 expired, a lag of an hour and not complete", first, err)
	}
	w.now = started.Add(time.Hour)
	w.Registry.Now = func() time.Time { return w.now }
	left := 200 - first.Expired
	w.wantExpired(t, jobs.Result{Examined: left, Expired: left, Complete: true})
}

func TestExpireStopsAShardAfterRepeatedFailures(t *testing.T) {
	w := newTestJobs(t)
	w.createMany(t, 1500)
	w.now = noon.Add(week)
	var calls atomic.Int64
	w.beforeWrite = func() error {
		calls.Add(1)
		return table.ErrUnavailable
	}
	got, err := w.Expire(ctx, w.run())
	want := 10 * identity.PendingIndexShards
	if !errors.Is(err, identity.ErrUnavailable) || got.Complete || got.Failed != want || int(calls.Load()) != want {
		t.Errorf("Expire() = %+v, %v after %d writes, want %d failures and writes, ErrUnavailable and not complete", got, err, calls.Load(), want)
	}
}

// TestExpireFinishesAnInterruptedDeletion deletes an identity with more items than a transaction holds.
func TestExpireFinishesAnInterruptedDeletion(t *testing.T) {
	w := newTestJobs(t)
	w.create(t, "a", ana)
	newID := func(time.Time, io.Reader) (string, error) { return rand.Text(), nil }
	for range 60 {
		testenv.Must(w.Registry.AddWithdrawalAccount(ctx, registry.WithdrawalAccountDraft{Tenant: tenant, ID: "a", GenerateID: newID}))(t)
	}
	w.now = noon.Add(week)
	left := 2
	w.beforeWrite = func() error {
		left--
		if left < 0 {
			return context.DeadlineExceeded
		}
		return nil
	}
	if got, err := w.Expire(ctx, w.run()); err == nil {
		t.Fatalf("Expire() with two writes = %+v and no error, want it interrupted", got)
	}
	w.beforeWrite = nil
	w.wantExpired(t, jobs.Result{Complete: true})
	w.create(t, "a", ana)
	if got, err := w.Registry.ListWithdrawalAccounts(ctx, tenant, "a"); err != nil || len(got) != 0 {
		t.Errorf("ListWithdrawalAccounts() of a new identity with the id = %d accounts, %v, want none", len(got), err)
	}
}

// TestExpireRacesActivation checks that each identity that became active remains, and that each other one is gone with
// its claim.
func TestExpireRacesActivation(t *testing.T) {
	w := newTestJobs(t)
	size := 1000
	if testenv.Has(testenv.Soak) {
		size = 10_000
	}
	ids := w.createMany(t, size)
	early := registry.Registry{Store: w.store, Now: func() time.Time { return noon }}
	w.now = noon.Add(week)
	activated := make([]atomic.Bool, size)
	var all sync.WaitGroup
	for part := range 4 {
		all.Go(func() {
			for n := part; n < size; n += 8 { // one half
				err := activate(&early, ids[n])
				activated[n].Store(err == nil)
				if err != nil && !errors.Is(err, identity.ErrNotFound) && !errors.Is(err, identity.ErrBusy) {
					t.Errorf("activating %s: error = %v, want none, ErrNotFound or ErrBusy", ids[n], err)
				}
			}
		})
	}
	for range 2 {
		all.Go(func() {
			if _, err := w.Expire(ctx, w.run()); err != nil {
				t.Errorf("Expire(): error = %v, want none", err)
			}
		})
	}
	all.Wait()
	if got, err := w.Expire(ctx, w.run()); err != nil || !got.Complete || got.Conflicts > 0 {
		t.Errorf("Expire() after the race = %+v, %v, want it complete without conflicts", got, err)
	}
	remain := 0
	for n, id := range ids {
		want := identity.ErrNotFound
		if activated[n].Load() {
			want = nil
			remain++
		}
		if _, err := w.store.Get(ctx, tenant, id); !errors.Is(err, want) {
			t.Errorf("Get(%s) after the race: error = %v, want %v", id, err, want)
		}
		if want != nil && n%10 == 0 {
			w.create(t, id, ana)
		}
	}
	t.Logf("%d of %d became active in time", remain, size)
}

// TestExpireUsesLittleMemory: the heap stays far below the memory of the function, because identities are read in batches;
// and each takes one write, so that a run of 14 minutes expires a million even if a write takes 25 ms.
func TestExpireUsesLittleMemory(t *testing.T) {
	testenv.Need(t, testenv.Soak)
	const identities, batch, most = 200_000, 1_000, 64 << 20
	w := newTestJobs(t)
	w.createMany(t, identities)
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	runtime.GC()
	before := heap()
	var mu sync.Mutex
	var writes, peak uint64
	w.beforeWrite = func() error {
		mu.Lock()
		defer mu.Unlock()
		writes++
		if writes%batch == 0 {
			peak = max(peak, heap())
		}
		return nil
	}
	w.now = noon.Add(week)
	got, err := w.Expire(ctx, w.run())
	if err != nil || got.Expired != identities || writes != identities {
		t.Errorf("Expire() = %+v, %v with %d writes, want %d of each", got, err, writes, identities)
	}
	t.Logf("heap before %d MB, at most %d MB", before>>20, peak>>20)
	if peak > before+most {
		t.Errorf("the heap grew from %d to %d bytes, want at most %d more", before, peak, most)
	}
}
