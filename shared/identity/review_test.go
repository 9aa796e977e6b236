package identity_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"cedula/shared/identity"
)

func TestDecisions(t *testing.T) {
	right := identity.Review{Outcome: identity.Clear, Reason: "no hit", Reviewer: "rosa"}
	for _, from := range statuses {
		for _, outcome := range []identity.Outcome{identity.Clear, identity.Reject} {
			w := newWorld(t)
			d := draft(identity.Profile{})
			d.Status = from
			i := w.create(t, d)
			r := right
			r.Outcome = outcome
			got, err := w.Decide(ctx, on(i.ID), r)
			may, to := from == identity.Screening, identity.Active
			if outcome == identity.Reject {
				may, to = from.Pending(), identity.Rejected
			}
			var state *identity.Precondition
			switch {
			case may && (err != nil || got.Status != to || got.Review.Outcome != outcome || !got.Review.At.Equal(w.now.Truncate(time.Second)) || !got.ExpiresAt.IsZero()):
				t.Errorf("%s %s: %v %s %+v", outcome, from, err, got.Status, got.Review)
			case !may && !errors.As(err, &state):
				t.Errorf("%s %s: %v", outcome, from, err)
			}
		}
	}
	w := newWorld(t)
	for name, tt := range map[string]struct {
		r     identity.Review
		field identity.Field
	}{
		"no outcome":    {identity.Review{Reason: "r", Reviewer: "v"}, identity.FieldOutcome},
		"odd outcome":   {identity.Review{Outcome: "maybe", Reason: "r", Reviewer: "v"}, identity.FieldOutcome},
		"no reason":     {identity.Review{Outcome: identity.Clear, Reviewer: "v"}, identity.FieldReason},
		"no reviewer":   {identity.Review{Outcome: identity.Clear, Reason: "r"}, identity.FieldReviewer},
		"a long reason": {identity.Review{Outcome: identity.Clear, Reason: strings.Repeat("r", 257), Reviewer: "v"}, identity.FieldReason},
	} {
		_, err := w.Decide(ctx, on("x"), tt.r)
		var invalid *identity.Invalid
		var missing *identity.Missing
		if (!errors.As(err, &invalid) || invalid.Field != tt.field) && (!errors.As(err, &missing) || missing.Field != tt.field) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestBackToScreening: who was rejected may be screened again, with time for it.
func TestBackToScreening(t *testing.T) {
	w := newWorld(t)
	d := draft(identity.Profile{})
	d.Status = identity.Screening
	i := w.create(t, d)
	if _, err := w.Decide(ctx, on(i.ID), identity.Review{Outcome: identity.Reject, Reason: "hit", Reviewer: "r"}); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(30 * 24 * time.Hour)
	c := on(i.ID)
	c.Apply = func(i *identity.Identity) error { return i.SetStatus(identity.Screening, w.now) }
	back, err := w.Change(ctx, c)
	if err != nil || back.Review != nil || !back.ExpiresAt.Equal(w.now.Add(identity.DefaultPendingLife).Truncate(time.Second)) {
		t.Errorf("%v %+v until %v", err, back.Review, back.ExpiresAt)
	}
	if got, err := w.Decide(ctx, on(i.ID), identity.Review{Outcome: identity.Clear, Reason: "mistaken", Reviewer: "r"}); err != nil || got.Status != identity.Active {
		t.Errorf("%v %s", err, got.Status)
	}
}

// machine is a Screener that decides as it is told.
type machine struct {
	identity.Review
	decides bool
	err     error
	asked   int
}

func (m *machine) Screen(context.Context, identity.Identity) (identity.Review, bool, error) {
	m.asked++
	return m.Review, m.decides, m.err
}

func TestScreener(t *testing.T) {
	cleared := identity.Review{Outcome: identity.Clear, Reason: "no list names them", Reviewer: "lists"}
	for name, tt := range map[string]struct {
		machine
		want identity.Status
	}{
		"clears":  {machine{Review: cleared, decides: true}, identity.Active},
		"rejects": {machine{Review: identity.Review{Outcome: identity.Reject, Reason: "hit", Reviewer: "lists"}, decides: true}, identity.Rejected},
		"leaves":  {machine{Review: cleared}, identity.Screening},
		"fails":   {machine{Review: cleared, decides: true, err: errors.New("lists are away")}, identity.Screening},
	} {
		w := newWorld(t)
		w.Screener = &tt.machine
		i := w.pending(t, identity.Profile{Email: "a@example.com"}, identity.ContactAndScreening)
		if got := w.mustConfirm(t, i.ID, identity.ByEmail, w.start(t, i.ID, identity.ByEmail)); got.Status != tt.want || tt.asked != 1 {
			t.Errorf("%s: %s, asked %d times", name, got.Status, tt.asked)
		}
	}
}

func TestIdentitiesOnHold(t *testing.T) {
	w := newWorld(t)
	i := w.pending(t, ana, identity.Contact)
	var missing *identity.Missing
	if _, err := w.Hold(ctx, on(i.ID), ""); !errors.As(err, &missing) {
		t.Error(err)
	}
	held, err := w.Hold(ctx, on(i.ID), "a judge asks")
	if err != nil || held.Hold == nil || held.Hold.Reason != "a judge asks" || !held.Requirements().By.IsZero() {
		t.Fatal(err, held.Hold)
	}
	w.now = w.now.Add(365 * 24 * time.Hour)
	again, err := w.Hold(ctx, on(i.ID), "another judge")
	if err != nil || again.Hold.Reason != "another judge" || !again.Hold.Since.Equal(held.Hold.Since) {
		t.Fatal(err, again.Hold)
	}
	released, err := w.Release(ctx, on(i.ID))
	if err != nil || released.Hold != nil || !released.ExpiresAt.Equal(w.now.Add(24*time.Hour).Truncate(time.Second)) {
		t.Fatal(err, released.ExpiresAt)
	}
	w.now = w.now.Add(24 * time.Hour)
	if _, err := w.Get(ctx, "acme", i.ID); !errors.Is(err, identity.ErrNotFound) {
		t.Error(err)
	}
}
