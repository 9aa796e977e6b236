package identity_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cedula/shared/identity"
	"cedula/shared/store"
	"cedula/shared/table"
	"cedula/shared/table/embedded"
)

// TestLifeUnderCrashes lets identities live: they are made, proven, changed, held,
// decided about, deleted and expired, in any order, while the time goes on and the
// process dies before or after any call of the table. A ledger sees every write
// that takes effect and holds it to what is promised (see ledger.check).
//
// In CI it takes more than 100,000 steps: see modelSteps.
func TestLifeUnderCrashes(t *testing.T) {
	db, err := embedded.Open(t.TempDir(), store.Indexes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	life, steps, crashes := 0, 0, 0
	rapid.Check(t, func(r *rapid.T) {
		life++
		w := newLife(r, db, fmt.Sprintf("t%d", life))
		for range modelSteps {
			w.step()
		}
		w.end()
		steps, crashes = steps+modelSteps, crashes+w.ledger.crashes
	})
	t.Logf("%d steps, %d crashes", steps, crashes)
	if crashes == 0 {
		t.Error("nothing crashed")
	}
}

var errCrashed = errors.New("process died")

// life is one run of the model: a tenant of its own on a table that may die.
type life struct {
	*rapid.T
	*identity.Service
	tenant string
	ledger *ledger
	now    time.Time
	codes  map[string]string // the right code by identity and channel
	slots  []string          // ids
	made   int
}

func newLife(r *rapid.T, db table.Table, tenant string) *life {
	w := &life{T: r, tenant: tenant, now: noon, codes: make(map[string]string), slots: make([]string, 4)}
	w.ledger = &ledger{Table: db, life: w, items: make(map[table.Key]table.Item)}
	w.revive()
	return w
}

// revive is a new process on the same table.
func (w *life) revive() {
	w.ledger.dies, w.ledger.after, w.ledger.dead = -1, false, false
	w.Service = &identity.Service{
		Store: &teller{store.New(w.ledger, []byte(strings.Repeat("s", 32))), w},
		Now:   func() time.Time { return w.now }, Random: randomOf(w.T),
	}
}

// teller notes the codes that are sent.
type teller struct {
	*store.Store
	life *life
}

func (s *teller) Update(ctx context.Context, i identity.Identity, claims []identity.Claim, once identity.Idempotency, links identity.Links, aside identity.Aside) (identity.Changed, error) {
	if m := aside.Message; m != nil && m.Purpose == identity.SendCode {
		s.life.codes[i.ID+string(m.Channel)] = m.Code
	}
	return s.Store.Update(ctx, i, claims, once, links, aside)
}

// randomOf is a cheap reader: ids and codes need only differ.
func randomOf(r *rapid.T) *counter {
	return &counter{n: rapid.Uint64().Draw(r, "seed")}
}

type counter struct{ n uint64 }

func (c *counter) Read(p []byte) (int, error) {
	for i := range p {
		c.n = c.n*6364136223846793005 + 1442695040888963407
		p[i] = byte(c.n >> 56)
	}
	return len(p), nil
}

// step does something, perhaps until it dies.
func (w *life) step() {
	if rapid.IntRange(0, 3).Draw(w.T, "crash") == 0 {
		w.ledger.dies = rapid.IntRange(0, 5).Draw(w.T, "call")
		w.ledger.after = rapid.Bool().Draw(w.T, "after its effect")
	}
	slot := rapid.IntRange(0, len(w.slots)-1).Draw(w.T, "slot")
	w.act(slot)
	if w.ledger.dead {
		w.ledger.crashes++
	}
	w.revive()
	w.ledger.deleting = false
	w.ledger.checkAll()
	w.checkReaders()
}

var (
	emails = []string{"a@example.com", "b@example.com", "A@example.com", ""}
	phones = []string{"+56912345678", "+56987654321", ""}
)

// act is one operation on a slot. Its errors are the operation's own business: the
// ledger judges by what was written.
func (w *life) act(slot int) {
	id := w.slots[slot]
	c := identity.Change{Tenant: w.tenant, ID: id}
	channel := rapid.SampledFrom([]identity.Channel{identity.ByEmail, identity.ByPhone}).Draw(w.T, "channel")
	switch rapid.IntRange(0, 13).Draw(w.T, "operation") {
	case 0, 1:
		w.create(slot)
	case 2, 3:
		_, _ = w.StartVerification(ctx, c, channel, "", false)
	case 4, 5:
		code := w.codes[id+string(channel)]
		if code == "" || rapid.IntRange(0, 2).Draw(w.T, "guess") == 0 {
			code = other(code)
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
		_, _ = w.Change(ctx, c)
	case 7:
		to := rapid.SampledFrom(statuses).Draw(w.T, "status")
		w.ledger.trusted = true
		c.Apply = func(i *identity.Identity) error { return i.SetStatus(to, w.now) }
		_, _ = w.Change(ctx, c)
		w.ledger.trusted = false
	case 8:
		_, _ = w.Hold(ctx, c, "held")
	case 9:
		_, _ = w.Release(ctx, c)
	case 10:
		w.now = w.now.Add(time.Duration(rapid.IntRange(1, 3*24*60).Draw(w.T, "minutes")) * time.Minute)
	case 11:
		w.clean()
	case 12:
		outcome := rapid.SampledFrom([]identity.Outcome{identity.Clear, identity.Reject}).Draw(w.T, "outcome")
		_, _ = w.Decide(ctx, c, identity.Review{Outcome: outcome, Reason: "r", Reviewer: "v"})
	case 13:
		if rapid.IntRange(0, 3).Draw(w.T, "delete") == 0 {
			w.ledger.deleting = true
			_ = w.Delete(ctx, w.tenant, id, nil)
		}
	}
}

// create makes an identity in a slot, whose document is the slot's.
func (w *life) create(slot int) {
	w.made++
	p := identity.Profile{
		DocumentNumber: fmt.Sprint(slot), Email: rapid.SampledFrom(emails).Draw(w.T, "email"), Phone: rapid.SampledFrom(phones).Draw(w.T, "phone"),
	}
	d := identity.Draft{
		Tenant: w.tenant, ID: fmt.Sprintf("i%d", w.made), Profile: p, Claims: []identity.Claim{p.Uniqueness()},
		Policy: identity.Policy{Steps: rapid.SampledFrom(identity.AllSteps).Draw(w.T, "steps")},
	}
	if _, err := w.Create(ctx, d); err == nil || errors.Is(err, errCrashed) {
		w.slots[slot] = d.ID
	}
}

// clean runs the job over the shards in which this tenant's identities stand.
func (w *life) clean() {
	done, err := w.cleaner().Expire(ctx, w.now.Add(time.Hour), false)
	if err == nil && !done.Complete {
		w.Errorf("a run that nothing stopped is not complete: %+v", done)
	}
	if err == nil && done.Failed == 0 && done.Conflicts == 0 {
		for _, i := range w.ledger.identities() {
			if lapsed(i, w.now) {
				w.Errorf("%s outlived a complete run: %+v", i.ID, done)
			}
		}
	}
}

func (w *life) cleaner() *identity.Cleaner {
	return &identity.Cleaner{Service: w.Service, Queue: w.Store.(*teller).Store}
}

// checkReaders: what has lapsed is gone for every reader.
func (w *life) checkReaders() {
	for _, i := range w.ledger.identities() {
		_, err := w.Get(ctx, w.tenant, i.ID)
		if gone := errors.Is(err, identity.ErrNotFound); gone != lapsed(i, w.now) || err != nil && !gone {
			w.Errorf("%s, %s until %v, at %v: %v", i.ID, i.Status, i.ExpiresAt, w.now, err)
		}
	}
}

// end lets everything lapse that can, and looks for what is left behind.
func (w *life) end() {
	for _, i := range w.ledger.identities() {
		if i.Hold != nil {
			_, _ = w.Release(ctx, identity.Change{Tenant: w.tenant, ID: i.ID})
		}
	}
	w.now = w.now.Add(100 * 24 * time.Hour)
	w.clean()
	w.clean()
	w.ledger.checkAll()
	w.ledger.checkLeft()
}
