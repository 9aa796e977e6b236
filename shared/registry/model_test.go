package registry_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cedula/infra/invariants"
	"cedula/infra/testenv"
	"cedula/shared/identity"
	"cedula/shared/jobs"
	"cedula/shared/registry"
	"cedula/shared/store"
	"cedula/shared/table"
	"cedula/shared/table/faulttable"
	"cedula/shared/table/pebble"
)

// TestInvariantsUnderCrashes creates, verifies, changes, holds, reviews, deletes and expires identities in any order,
// while the clock advances and the process crashes before or after any call of the table. Package invariants checks
// every write that takes effect, and the state after each step.
//
// With the suite Soak a hundred runs take more than 100,000 steps.
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
	runs, crashes := 0, 0
	rapid.Check(t, func(r *rapid.T) {
		runs++
		w := newModelRun(r, db, fmt.Sprintf("t%d", runs))
		for range modelSteps {
			w.step()
		}
		w.finish()
		crashes += w.crashes
	})
	t.Logf("%d steps, %d crashes", runs*modelSteps, crashes)
	if crashes == 0 {
		t.Error("crashes = 0, want some")
	}
}

// modelRun is one run of the model, with a tenant of its own.
type modelRun struct {
	*rapid.T
	*registry.Registry
	tenant       string
	checked      *invariants.Table
	injector     *faulttable.Injector
	crashes      int
	now          time.Time
	random       io.Reader
	codes        map[string]string // the right code by identity and channel
	slots        []string          // ids
	createdCount int
}

func newModelRun(r *rapid.T, db table.Table, tenant string) *modelRun {
	w := &modelRun{T: r, tenant: tenant, now: noon, codes: make(map[string]string), slots: make([]string, 4)}
	seed := rapid.Uint64().Draw(r, "seed")
	w.random = rand.NewChaCha8([32]byte(binary.LittleEndian.AppendUint64(make([]byte, 24), seed)))
	w.checked = invariants.New(db, func() time.Time { return w.now })
	w.injector = faulttable.NewInjector(w.checked)
	w.restart()
	return w
}

// restart starts a new process on the same table.
func (w *modelRun) restart() {
	w.injector.SetPlan(nil)
	w.Registry = &registry.Registry{
		Store: &codeRecordingStore{store.New(w.injector, []byte(strings.Repeat("s", 32))), w},
		Now:   func() time.Time { return w.now }, Random: w.random,
	}
}

// codeRecordingStore records the codes that are sent.
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

// step runs an operation, which a crash may end.
func (w *modelRun) step() {
	if rapid.IntRange(0, 3).Draw(w.T, "crash") == 0 {
		fault := rapid.SampledFrom([]faulttable.Fault{faulttable.CrashBefore, faulttable.CrashAfter}).Draw(w.T, "fault")
		w.injector.SetPlan(faulttable.FaultAt(rapid.IntRange(1, 6).Draw(w.T, "call"), fault))
	}
	w.runOperation(rapid.IntRange(0, len(w.slots)-1).Draw(w.T, "slot"))
	w.crashes += len(w.injector.Injected())
	w.restart()
	w.checked.AllowDeletion = false
	w.check(invariants.Interrupted)
	w.checkExpiredAreNotFound()
}

// check reports every violation of the invariants.
func (w *modelRun) check(m invariants.Moment) {
	for _, v := range w.checked.Check(m) {
		w.Error(v)
	}
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
		w.checked.Trusted = true
		c.Apply = func(i *identity.Identity) error { return i.SetStatus(to, w.now) }
		_, _ = w.Update(ctx, c)
		w.checked.Trusted = false
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
			w.checked.AllowDeletion = true
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
	if _, err := w.Create(ctx, d); err == nil || errors.Is(err, faulttable.ErrCrashed) {
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
		for _, i := range w.checked.Identities() {
			if i.Expired(w.now) {
				w.Errorf("%s is left after a complete run: %+v", i.ID, done)
			}
		}
	}
}

func (w *modelRun) reaper() *jobs.Reaper {
	return &jobs.Reaper{Registry: w.Registry, PendingIndex: w.Store.(*codeRecordingStore).Store}
}

// checkExpiredAreNotFound checks that an expired identity does not exist for any reader, and others do.
func (w *modelRun) checkExpiredAreNotFound() {
	for _, i := range w.checked.Identities() {
		want := error(nil)
		if i.Tombstone || i.Expired(w.now) {
			want = identity.ErrNotFound
		}
		if _, err := w.Get(ctx, w.tenant, i.ID); !errors.Is(err, want) {
			w.Errorf("Get(%s), %s until %d, at %d: error = %v, want %v", i.ID, i.Status, i.Expires, w.now.Unix(), err, want)
		}
	}
}

// finish lets every pending identity expire. Nothing may be left of them.
func (w *modelRun) finish() {
	for _, i := range w.checked.Identities() {
		if i.Hold != nil {
			_, _ = w.Release(ctx, registry.Change{Tenant: w.tenant, ID: i.ID})
		}
	}
	w.now = w.now.Add(100 * 24 * time.Hour)
	w.expireAndCheck()
	w.expireAndCheck()
	w.check(invariants.AtRest)
	for _, i := range w.checked.Identities() {
		if i.Status.Pending() {
			w.Errorf("%s is left in status %s, want it expired", i.ID, i.Status)
		}
	}
}
