package registry_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cedula/infra/testenv"
	"cedula/shared/identity"
	"cedula/shared/jobs"
	"cedula/shared/registry"
	"cedula/shared/store"
	"cedula/shared/table"
	"cedula/shared/table/pebble"
)

// TestInvariantsUnderCrashes lets identities live: they are made, proven, changed, held,
// decided about, deleted and expired, in any order, while the time goes on and the
// process dies before or after any call of the table. A ledger sees every write
// that takes effect and holds it to what is promised (see ledger.check).
//
// With the suite Soak a hundred lives take more than 100,000 steps.
func TestInvariantsUnderCrashes(t *testing.T) {
	modelSteps := 40
	if testenv.Has(testenv.Soak) {
		modelSteps = 1010
	}
	db, err := pebble.Open(t.TempDir(), store.Indexes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	life, steps, crashes := 0, 0, 0
	rapid.Check(t, func(r *rapid.T) {
		life++
		w := newModelRun(r, db, fmt.Sprintf("t%d", life))
		for range modelSteps {
			w.step()
		}
		w.finish()
		steps, crashes = steps+modelSteps, crashes+w.invariants.crashes
	})
	t.Logf("%d steps, %d crashes", steps, crashes)
	if crashes == 0 {
		t.Error("nothing crashed")
	}
}

var errCrashed = errors.New("process died")

// modelRun is one run of the model: a tenant of its own on a table that may die.
type modelRun struct {
	*rapid.T
	*registry.Registry
	tenant       string
	invariants   *invariantTable
	now          time.Time
	codes        map[string]string // the right code by identity and channel
	slots        []string          // ids
	createdCount int
}

func newModelRun(r *rapid.T, db table.Table, tenant string) *modelRun {
	w := &modelRun{T: r, tenant: tenant, now: noon, codes: make(map[string]string), slots: make([]string, 4)}
	w.invariants = &invariantTable{Table: db, run: w, items: make(map[table.Key]table.Item)}
	w.restart()
	return w
}

// restart is a new process on the same table.
func (w *modelRun) restart() {
	w.invariants.callsUntilCrash, w.invariants.crashAfterEffect, w.invariants.crashed = -1, false, false
	w.Registry = &registry.Registry{
		Store: &codeRecordingStore{store.New(w.invariants, []byte(strings.Repeat("s", 32))), w},
		Now:   func() time.Time { return w.now }, Random: newRandomReader(w.T),
	}
}

// codeRecordingStore notes the codes that are sent.
type codeRecordingStore struct {
	*store.Store
	run *modelRun
}

func (s *codeRecordingStore) Update(ctx context.Context, i identity.Identity, claims []identity.Claim, once identity.Idempotency, links identity.LinkChanges, aside identity.SideWrites) (identity.WriteResult, error) {
	if m := aside.Message; m != nil && m.Purpose == identity.PurposeVerificationCode {
		s.run.codes[i.ID+string(m.Channel)] = m.Code
	}
	return s.Store.Update(ctx, i, claims, once, links, aside)
}

// newRandomReader is a cheap reader: ids and codes need only differ.
func newRandomReader(r *rapid.T) *randomReader {
	return &randomReader{state: rapid.Uint64().Draw(r, "seed")}
}

type randomReader struct{ state uint64 }

func (c *randomReader) Read(p []byte) (int, error) {
	for i := range p {
		c.state = c.state*6364136223846793005 + 1442695040888963407
		p[i] = byte(c.state >> 56)
	}
	return len(p), nil
}

// step does something, perhaps until it dies.
func (w *modelRun) step() {
	if rapid.IntRange(0, 3).Draw(w.T, "crash") == 0 {
		w.invariants.callsUntilCrash = rapid.IntRange(0, 5).Draw(w.T, "call")
		w.invariants.crashAfterEffect = rapid.Bool().Draw(w.T, "after its effect")
	}
	slot := rapid.IntRange(0, len(w.slots)-1).Draw(w.T, "slot")
	w.runOperation(slot)
	if w.invariants.crashed {
		w.invariants.crashes++
	}
	w.restart()
	w.invariants.deletionRequested = false
	w.invariants.checkClaims()
	w.checkExpiredAreNotFound()
}

var (
	emails = []string{"a@example.com", "b@example.com", "A@example.com", ""}
	phones = []string{"+56912345678", "+56987654321", ""}
)

// runOperation is one operation on a slot. Its errors are the operation's own business: the
// ledger judges by what was written.
func (w *modelRun) runOperation(slot int) {
	id := w.slots[slot]
	c := registry.Change{Tenant: w.tenant, ID: id}
	channel := rapid.SampledFrom([]identity.Channel{identity.ChannelEmail, identity.ChannelPhone}).Draw(w.T, "channel")
	switch rapid.IntRange(0, 13).Draw(w.T, "operation") {
	case 0, 1:
		w.createInSlot(slot)
	case 2, 3:
		_, _ = w.StartVerification(ctx, c, channel, nil, false)
	case 4, 5:
		code := w.codes[id+string(channel)]
		if code == "" || rapid.IntRange(0, 2).Draw(w.T, "guess") == 0 {
			code = differentCode(code)
		}
		_, _ = w.ConfirmVerification(ctx, c, channel, code, false)
	case 6:
		email, phone := rapid.SampledFrom(emails).Draw(w.T, "email"), rapid.SampledFrom(phones).Draw(w.T, "phone")
		both := rapid.IntRange(0, 2).Draw(w.T, "which")
		c.Apply = func(i *identity.Identity) error {
			if both != 1 {
				i.Email = email
			}
			if both != 0 {
				i.Phone = phone
			}
			return nil
		}
		_, _ = w.Update(ctx, c)
	case 7:
		to := rapid.SampledFrom(statuses).Draw(w.T, "status")
		w.invariants.trustedCaller = true
		c.Apply = func(i *identity.Identity) error { return i.SetStatus(to, w.now) }
		_, _ = w.Update(ctx, c)
		w.invariants.trustedCaller = false
	case 8:
		_, _ = w.Hold(ctx, c, "held")
	case 9:
		_, _ = w.Release(ctx, c)
	case 10:
		w.now = w.now.Add(time.Duration(rapid.IntRange(1, 3*24*60).Draw(w.T, "minutes")) * time.Minute)
	case 11:
		w.expireAndCheck()
	case 12:
		outcome := rapid.SampledFrom([]identity.Outcome{identity.OutcomeClear, identity.OutcomeReject}).Draw(w.T, "outcome")
		_, _ = w.DecideScreening(ctx, c, identity.Review{Outcome: outcome, Reason: "r", Reviewer: "v"})
	case 13:
		if rapid.IntRange(0, 3).Draw(w.T, "delete") == 0 {
			w.invariants.deletionRequested = true
			_ = w.Delete(ctx, w.tenant, id, nil)
		}
	}
}

// createInSlot makes an identity in a slot, whose document is the slot's.
func (w *modelRun) createInSlot(slot int) {
	w.createdCount++
	p := identity.Profile{
		DocumentNumber: fmt.Sprint(slot), Email: rapid.SampledFrom(emails).Draw(w.T, "email"), Phone: rapid.SampledFrom(phones).Draw(w.T, "phone"),
	}
	d := registry.Draft{
		Tenant: w.tenant, ID: fmt.Sprintf("i%d", w.createdCount), Profile: p, Claims: []identity.Claim{p.UniquenessClaim()},
		Policy: identity.Policy{Onboarding: rapid.SampledFrom(identity.OnboardingModes).Draw(w.T, "steps")},
	}
	if _, err := w.Create(ctx, d); err == nil || errors.Is(err, errCrashed) {
		w.slots[slot] = d.ID
	}
}

// expireAndCheck runs the job over the shards in which this tenant's identities stand.
func (w *modelRun) expireAndCheck() {
	done, err := w.reaper().Expire(ctx, jobs.Run{StopAt: w.now.Add(time.Hour)})
	if err == nil && !done.Complete {
		w.Errorf("a run that nothing stopped is not complete: %+v", done)
	}
	if err == nil && done.Failed == 0 && done.Conflicts == 0 {
		for _, i := range w.invariants.identities() {
			if isExpired(i, w.now) {
				w.Errorf("%s outlived a complete run: %+v", i.ID, done)
			}
		}
	}
}

func (w *modelRun) reaper() *jobs.Reaper {
	return &jobs.Reaper{Registry: w.Registry, PendingIndex: w.Store.(*codeRecordingStore).Store}
}

// checkExpiredAreNotFound: what has lapsed is gone for every reader.
func (w *modelRun) checkExpiredAreNotFound() {
	for _, i := range w.invariants.identities() {
		_, err := w.Get(ctx, w.tenant, i.ID)
		if gone := errors.Is(err, identity.ErrNotFound); gone != isExpired(i, w.now) || err != nil && !gone {
			w.Errorf("%s, %s until %v, at %v: %v", i.ID, i.Status, i.ExpiresAt, w.now, err)
		}
	}
}

// finish lets everything lapse that can, and looks for what is left behind.
func (w *modelRun) finish() {
	for _, i := range w.invariants.identities() {
		if i.Hold != nil {
			_, _ = w.Release(ctx, registry.Change{Tenant: w.tenant, ID: i.ID})
		}
	}
	w.now = w.now.Add(100 * 24 * time.Hour)
	w.expireAndCheck()
	w.expireAndCheck()
	w.invariants.checkClaims()
	w.invariants.checkNothingLeftBehind()
}
