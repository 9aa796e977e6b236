package registry_test

import (
	"context"
	"errors"
	"fmt"
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
)

// reaper is one on the world's store.
func (w *testRegistry) reaper() *jobs.Reaper {
	return &jobs.Reaper{Registry: w.Registry, PendingIndex: w.store.Store.(*store.Store)}
}

// mustExpire runs it to the end.
func (w *testRegistry) mustExpire(t *testing.T) jobs.Result {
	t.Helper()
	done, err := w.reaper().Expire(ctx, jobs.Run{StopAt: w.now.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	return done
}

const week = identity.DefaultPendingTTL

// TestExpiredIdentityIsNotFound: an identity past its time is gone for every reader at once.
func TestExpiredIdentityIsNotFound(t *testing.T) {
	w := newTestRegistry(t)
	i := w.createPending(t, ana, identity.OnboardingContact)
	parent := w.mustCreate(t, draft(identity.Profile{FirstName: "Parent"}))
	c := changeByID(parent.ID)
	c.Children = &registry.ChildrenUpdate{Children: []string{i.ID}}
	if _, err := w.Update(ctx, c); err != nil {
		t.Fatal(err)
	}
	there := func(want bool) {
		t.Helper()
		_, err := w.Get(ctx, "acme", i.ID)
		_, changed := w.Update(ctx, registry.Change{Tenant: "acme", ID: i.ID, Apply: func(i *identity.Identity) error { i.Nickname = "x"; return nil }})
		_, parents := w.ListParents(ctx, "acme", i.ID)
		_, sent := w.StartVerification(ctx, changeByID(i.ID), identity.ChannelEmail, nil, false)
		_, accounts := w.ListWithdrawalAccounts(ctx, "acme", i.ID)
		for name, err := range map[string]error{"get": err, "change": changed, "parents": parents, "send": sent, "accounts": accounts} {
			if errors.Is(err, identity.ErrNotFound) == want || want && err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		byEmail, _ := w.List(ctx, registry.ListParams{Tenant: "acme", Limit: 10, Filter: registry.Filter{Email: ana.Email}})
		all, _ := w.List(ctx, registry.ListParams{Tenant: "acme", Limit: 10})
		found, _ := w.Search(ctx, registry.Query{Tenant: "acme", Limit: 10})
		family, _ := w.GetWithChildren(ctx, "acme", parent.ID)
		more := map[bool]int{true: 1}[want]
		if len(byEmail.Identities) != more || len(all.Identities) != 1+more || len(found.Identities) != 1+more || len(family.Children) != more {
			t.Errorf("listed %d, %d, %d, %d", len(byEmail.Identities), len(all.Identities), len(found.Identities), len(family.Children))
		}
		link := registry.Change{Tenant: "acme", ID: parent.ID, Children: &registry.ChildrenUpdate{Children: []string{i.ID}}}
		var unknown *identity.DanglingReference
		if _, err := w.Update(ctx, link); errors.As(err, &unknown) == want {
			t.Errorf("link: %v", err)
		}
	}
	w.now = i.ExpiresAt.Add(-time.Microsecond)
	there(true)
	w.now = i.ExpiresAt
	there(false)
	if err := w.Delete(ctx, "acme", i.ID, nil); !errors.Is(err, identity.ErrNotFound) {
		t.Errorf("delete: %v", err)
	}
}

// TestExpiredHolderIsEvicted: who would take what a lapsed identity holds gets it.
func TestExpiredHolderIsEvicted(t *testing.T) {
	w := newTestRegistry(t)
	d := draft(ana)
	d.Trusted, d.ID, d.Claims = false, "own-id", []identity.Claim{ana.UniquenessClaim()}
	w.mustCreate(t, d)
	var taken *identity.Conflict
	if _, err := w.Create(ctx, d); !errors.As(err, &taken) {
		t.Fatal(err)
	}
	w.now = w.now.Add(week)
	if again := w.mustCreate(t, d); again.Version != 1 || !again.CreatedAt.Equal(w.now.Truncate(time.Microsecond)) {
		t.Errorf("%+v", again)
	}
	p := ana
	p.Email = "b@example.com"
	second := w.createPending(t, p, identity.OnboardingContact)
	if got := w.setEmail(t, second.ID, "c@example.com"); got.Email != "c@example.com" {
		t.Error(got.Email)
	}
	w.now = w.now.Add(week - time.Hour)
	third := w.createPending(t, p, identity.OnboardingContact) // its email was given up
	w.now = w.now.Add(time.Hour)
	if got := w.setEmail(t, third.ID, "c@example.com"); got.Email != "c@example.com" {
		t.Error(got.Email)
	}
}

func TestExpire(t *testing.T) {
	w := newTestRegistry(t)
	var gone, stay []string
	for n := range 300 {
		p := ana
		p.DocumentNumber = fmt.Sprint("1", n)
		i := w.createPending(t, p, identity.OnboardingContact)
		switch n % 5 {
		case 0:
			if _, err := w.Hold(ctx, changeByID(i.ID), "held"); err != nil {
				t.Fatal(err)
			}
			stay = append(stay, i.ID)
		case 1:
			c := changeByID(i.ID)
			c.Apply = func(i *identity.Identity) error { return i.SetStatus(identity.Active, w.now) }
			if _, err := w.Update(ctx, c); err != nil {
				t.Fatal(err)
			}
			stay = append(stay, i.ID)
		default:
			gone = append(gone, i.ID)
		}
	}
	if done := w.mustExpire(t); done != (jobs.Result{Complete: true}) {
		t.Errorf("before anything is due: %+v", done)
	}
	w.now = w.now.Add(week)
	young := w.createPending(t, ana, identity.OnboardingContact)
	dry, err := w.reaper().Expire(ctx, jobs.Run{StopAt: w.now.Add(time.Hour), DryRun: true})
	late := w.now.Sub(w.now.Truncate(time.Second))
	if want := (jobs.Result{Examined: 180, Expired: 180, Complete: true, Lag: late.Truncate(time.Microsecond)}); err != nil || dry != want {
		t.Errorf("dry: %+v, %v", dry, err)
	}
	if done, want := w.mustExpire(t), (jobs.Result{Examined: 180, Expired: 180, Complete: true}); done != want {
		t.Errorf("%+v", done)
	}
	if done := w.mustExpire(t); done != (jobs.Result{Complete: true}) {
		t.Errorf("again: %+v", done)
	}
	for _, id := range append(stay, young.ID) {
		if _, err := w.Get(ctx, "acme", id); err != nil {
			t.Errorf("one that is not due: %v", err)
		}
	}
	w.now = w.now.Add(-week) // a reader whose clock lags sees them gone all the same
	for _, id := range gone {
		if _, err := w.Get(ctx, "acme", id); !errors.Is(err, identity.ErrNotFound) {
			t.Errorf("one that was due: %v", err)
		}
	}
	for n := range 300 {
		p := ana
		p.DocumentNumber = fmt.Sprint("1", n)
		d := draft(p)
		d.Claims = []identity.Claim{p.UniquenessClaim()}
		if _, err := w.Create(ctx, d); (err == nil) == (n%5 < 2) {
			t.Errorf("%d: the claim: %v", n, err)
		}
	}
}

// TestExpireStopsInTime: a run ends where its time does, and the next goes on.
func TestExpireStopsInTime(t *testing.T) {
	w := newTestRegistry(t)
	for n := range 200 {
		p := ana
		p.DocumentNumber = fmt.Sprint("1", n)
		w.createPending(t, p, identity.OnboardingContact)
	}
	w.now = w.now.Add(week + time.Hour)
	c := w.reaper()
	var asked atomic.Int64
	begun := w.now
	c.Registry = &registry.Registry{Store: w.Store, Random: w.Random, Now: func() time.Time {
		return begun.Add(time.Duration(asked.Add(1)) * time.Second)
	}}
	first, err := c.Expire(ctx, jobs.Run{StopAt: begun.Add(6 * time.Minute)})
	if err != nil || first.Complete || first.Expired == 0 || first.Expired >= 200 || first.Lag < time.Hour {
		t.Errorf("%v %+v", err, first)
	}
	w.now = w.now.Add(time.Hour)
	if rest := w.mustExpire(t); rest.Expired != 200-first.Expired || !rest.Complete || rest.Lag != 0 {
		t.Errorf("%+v after %+v", rest, first)
	}
}

// failingTable is a table that fails some of its calls.
type failingTable struct {
	table.Table
	beforeWrite func() error
}

func (f *failingTable) Write(ctx context.Context, ops ...table.Op) (table.Units, error) {
	if err := f.beforeWrite(); err != nil {
		return table.Units{}, err
	}
	return f.Table.Write(ctx, ops...)
}

// TestExpireStopsAShardAfterRepeatedFailures gives up a shard that fails again and again.
func TestExpireStopsAShardAfterRepeatedFailures(t *testing.T) {
	w := newTestRegistry(t)
	for n := range 2000 {
		w.createPending(t, identity.Profile{Nickname: fmt.Sprint(n), DocumentNumber: fmt.Sprint(n)}, identity.OnboardingContact)
	}
	w.now = w.now.Add(week)
	var calls atomic.Int64
	w.outbox.Table = &failingTable{w.outbox.Table, func() error { calls.Add(1); return table.ErrUnavailable }}
	done, err := w.reaper().Expire(ctx, jobs.Run{StopAt: w.now.Add(time.Hour)})
	if !errors.Is(err, identity.ErrUnavailable) || done.Complete || done.Failed != 10*identity.PendingIndexShards || int(calls.Load()) != done.Failed {
		t.Errorf("%v %+v after %d calls", err, done, calls.Load())
	}
}

// TestExpireRemovesChildItems: what an identity has besides goes with it, also when it is
// more than a transaction holds, and when the run before was cut short.
func TestExpireRemovesChildItems(t *testing.T) {
	w := newTestRegistry(t)
	i := w.createPending(t, ana, identity.OnboardingContact)
	for range 60 {
		_, err := w.AddWithdrawalAccount(ctx, registry.WithdrawalAccountDraft{Tenant: "acme", ID: i.ID, GenerateID: generateID})
		if err != nil {
			t.Fatal(err)
		}
	}
	w.now = w.now.Add(week)
	table, left := w.outbox.Table, 2
	w.outbox.Table = &failingTable{table, func() error {
		if left--; left < 0 {
			return context.DeadlineExceeded
		}
		return nil
	}}
	if _, err := w.reaper().Expire(ctx, jobs.Run{StopAt: w.now.Add(time.Hour)}); err == nil {
		t.Fatal("was not cut short")
	}
	w.outbox.Table = table
	w.mustExpire(t)
	w.mustExpire(t)
	w.mustCreate(t, registry.Draft{Tenant: "acme", ID: i.ID, Profile: ana, Claims: []identity.Claim{ana.UniquenessClaim()}, Trusted: true})
	if list, err := w.ListWithdrawalAccounts(ctx, "acme", i.ID); err != nil || len(list) != 0 {
		t.Errorf("%d accounts outlived their identity: %v", len(list), err)
	}
}

// TestExpireRacesActivation: no identity that became active is lost, every one
// that did not is gone, and what the gone ones held is free.
func TestExpireRacesActivation(t *testing.T) {
	w := newTestRegistry(t)
	size := 2000
	if testenv.Has(testenv.Soak) {
		size = 10_000
	}
	ids := make([]string, size)
	var all sync.WaitGroup
	for n := range ids {
		all.Go(func() {
			p := ana
			p.DocumentNumber = fmt.Sprint("1", n)
			ids[n] = w.createPending(t, p, identity.OnboardingContact).ID
		})
	}
	all.Wait()
	raceExpiryAndActivation(t, w, ids)
}

func raceExpiryAndActivation(t *testing.T, w *testRegistry, ids []string) {
	t.Helper()
	late := w.now.Add(week)
	cleaners := w.reaper()
	cleaners.Registry = &registry.Registry{Store: w.Store, Random: w.Random, Now: func() time.Time { return late }}
	won := make([]atomic.Bool, len(ids))
	var all sync.WaitGroup
	for part := range 4 {
		all.Go(func() {
			for n := part; n < len(ids); n += 8 { // one half
				c := changeByID(ids[n])
				c.Apply = func(i *identity.Identity) error { return i.SetStatus(identity.Active, w.now) }
				_, err := w.Update(ctx, c)
				won[n].Store(err == nil)
				if err != nil && !errors.Is(err, identity.ErrNotFound) && !errors.Is(err, identity.ErrBusy) {
					t.Error(err)
				}
			}
		})
	}
	for range 2 {
		all.Go(func() {
			if _, err := cleaners.Expire(ctx, jobs.Run{StopAt: late.Add(time.Hour)}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if done, err := cleaners.Expire(ctx, jobs.Run{StopAt: late.Add(time.Hour)}); err != nil || !done.Complete || done.Conflicts > 0 {
		t.Errorf("%v %+v", err, done)
	}
	active := 0
	for n, id := range ids {
		_, err := w.Store.Get(ctx, "acme", id)
		if there := err == nil; there != won[n].Load() || err != nil && !errors.Is(err, identity.ErrNotFound) {
			t.Errorf("activated: %v, there: %v", won[n].Load(), err)
		}
		if won[n].Load() {
			active++
			continue
		}
		p := ana
		p.DocumentNumber = fmt.Sprint("1", n)
		d := draft(p)
		d.Claims = []identity.Claim{p.UniquenessClaim()}
		if _, err := w.Create(ctx, d); err != nil {
			t.Errorf("what a gone one held: %v", err)
		}
	}
	t.Logf("%d of %d became active in time", active, len(ids))
}

// TestCreateOfAnExpiredIdentityIsNotReplayed: the answer to a create is not given again once what it
// made is gone.
func TestCreateOfAnExpiredIdentityIsNotReplayed(t *testing.T) {
	w := newTestRegistry(t)
	d := draft(ana)
	d.Trusted, d.Policy.PendingTTL, d.Idempotency = false, time.Hour, identity.Idempotency{Key: "k"}
	first := w.mustCreate(t, d)
	if again := w.mustCreate(t, d); !again.Replayed || again.ID != first.ID {
		t.Errorf("%+v", again)
	}
	w.now = w.now.Add(time.Hour)
	if _, err := w.Create(ctx, d); !errors.Is(err, identity.ErrNotFound) {
		t.Error(err)
	}
}

// TestExpiredParentListsNoChildren are nobody's.
func TestExpiredParentListsNoChildren(t *testing.T) {
	w := newTestRegistry(t)
	child := w.mustCreate(t, draft(identity.Profile{FirstName: "Child"}))
	d := draft(ana)
	d.Trusted, d.Children = false, []string{child.ID}
	parent := w.mustCreate(t, d)
	for _, want := range []int{1, 0} {
		page, err := w.List(ctx, registry.ListParams{Tenant: "acme", Limit: 10, Filter: registry.Filter{ParentID: parent.ID}})
		if err != nil || len(page.Identities) != want {
			t.Errorf("%d children, %v", len(page.Identities), err)
		}
		w.now = w.now.Add(week)
	}
}

// TestReminders: who lapses in a day is told once, in the language of the country.
func TestReminders(t *testing.T) {
	w := newTestRegistry(t)
	p := ana
	p.Country = "BRA"
	i := w.createPending(t, p, identity.OnboardingContact)
	w.createPending(t, identity.Profile{Phone: "+56912345678"}, identity.OnboardingContact)
	held := w.createPending(t, identity.Profile{Email: "held@example.com"}, identity.OnboardingContact)
	if _, err := w.Hold(ctx, changeByID(held.ID), "held"); err != nil {
		t.Fatal(err)
	}
	remind := func(want jobs.Result) {
		t.Helper()
		want.Complete = true
		if got, err := w.reaper().Remind(ctx, jobs.Run{StopAt: w.now.Add(time.Hour)}); err != nil || got != want {
			t.Errorf("%+v %v", got, err)
		}
	}
	remind(jobs.Result{})
	w.now = i.ExpiresAt.Add(-24*time.Hour - time.Second)
	remind(jobs.Result{})
	w.now = i.ExpiresAt.Add(-24 * time.Hour)
	m := w.captureMessage(t, func() error { remind(jobs.Result{Examined: 2, Reminded: 1, Skipped: 1}); return nil })
	if m.To != ana.Email || m.Purpose != identity.PurposeReminder || m.Language != "pt" || !m.ExpiresAt.Equal(i.ExpiresAt) || m.Code != "" {
		t.Errorf("%+v", m)
	}
	w.now = w.now.Add(2 * time.Hour)
	remind(jobs.Result{Examined: 2, Skipped: 2})
	w.now = w.now.Add(20 * time.Hour)
	remind(jobs.Result{})

	// Whoever was reminded before a hold is so again: its time begins anew.
	again := w.createPending(t, identity.Profile{Email: "again@example.com"}, identity.OnboardingContact)
	w.now = again.ExpiresAt.Add(-24 * time.Hour)
	remind(jobs.Result{Examined: 1, Reminded: 1})
	if _, err := w.Hold(ctx, changeByID(again.ID), "held"); err != nil {
		t.Fatal(err)
	}
	w.now = again.ExpiresAt.Add(time.Hour)
	released, err := w.Release(ctx, changeByID(again.ID))
	if err != nil {
		t.Fatal(err)
	}
	m = w.captureMessage(t, func() error { remind(jobs.Result{Examined: 1, Reminded: 1}); return nil })
	if m.To != "again@example.com" || !m.ExpiresAt.Equal(released.ExpiresAt) {
		t.Errorf("%+v", m)
	}
}
