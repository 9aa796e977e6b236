package registry_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"cedula/shared/identity"
)

func TestDecideScreening(t *testing.T) {
	right := identity.Review{Outcome: identity.OutcomeClear, Reason: "no hit", Reviewer: "rosa"}
	for _, from := range statuses {
		for _, outcome := range []identity.Outcome{identity.OutcomeClear, identity.OutcomeReject} {
			w := newTestRegistry(t)
			d := draft(identity.Profile{})
			d.Status = from
			i := w.mustCreate(t, d)
			r := right
			r.Outcome = outcome
			got, err := w.DecideScreening(ctx, changeByID(i.ID), r)
			may, to := from == identity.Screening, identity.Active
			if outcome == identity.OutcomeReject {
				may, to = from.Pending(), identity.Rejected
			}
			var state *identity.StateError
			switch {
			case may && (err != nil || got.Status != to || got.Review.Outcome != outcome || !got.Review.DecidedAt.Equal(w.now.Truncate(time.Second)) || !got.ExpiresAt.IsZero()):
				t.Errorf("%s %s: got %v, %s, %+v, want %s", outcome, from, err, got.Status, got.Review, to)
			case !may && !errors.As(err, &state):
				t.Errorf("%s %s: got %v, want a *StateError", outcome, from, err)
			}
		}
	}
	w := newTestRegistry(t)
	for name, tt := range map[string]struct {
		r     identity.Review
		field identity.Field
	}{
		"no outcome":    {identity.Review{Reason: "r", Reviewer: "v"}, identity.FieldOutcome},
		"odd outcome":   {identity.Review{Outcome: "maybe", Reason: "r", Reviewer: "v"}, identity.FieldOutcome},
		"no reason":     {identity.Review{Outcome: identity.OutcomeClear, Reviewer: "v"}, identity.FieldReason},
		"no reviewer":   {identity.Review{Outcome: identity.OutcomeClear, Reason: "r"}, identity.FieldReviewer},
		"a long reason": {identity.Review{Outcome: identity.OutcomeClear, Reason: strings.Repeat("r", 257), Reviewer: "v"}, identity.FieldReason},
	} {
		_, err := w.DecideScreening(ctx, changeByID("x"), tt.r)
		var invalid *identity.Invalid
		var missing *identity.MissingField
		if (!errors.As(err, &invalid) || invalid.Field != tt.field) && (!errors.As(err, &missing) || missing.Field != tt.field) {
			t.Errorf("%s: %v; want a *identity.Invalid and invalid.Field == tt.field or a *identity.MissingField and missing.Field == tt.field", name, err)
		}
	}
}

// TestRejectedIdentityCanBeScreenedAgain: who was rejected may be screened again, with time for it.
func TestRejectedIdentityCanBeScreenedAgain(t *testing.T) {
	w := newTestRegistry(t)
	d := draft(identity.Profile{})
	d.Status = identity.Screening
	i := w.mustCreate(t, d)
	if _, err := w.DecideScreening(ctx, changeByID(i.ID), identity.Review{Outcome: identity.OutcomeReject, Reason: "hit", Reviewer: "r"}); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(30 * 24 * time.Hour)
	c := changeByID(i.ID)
	c.Apply = func(i *identity.Identity) error { return i.SetStatus(identity.Screening, w.now) }
	back, err := w.Update(ctx, c)
	if err != nil || back.Review != nil || !back.ExpiresAt.Equal(w.now.Add(identity.DefaultPendingTTL).Truncate(time.Second)) {
		t.Errorf("%v %+v until %v; want no error and back.Review == nil and back.ExpiresAt == w.now.Add(identity.DefaultPendingTTL).Truncate(time.Second)", err, back.Review, back.ExpiresAt)
	}
	if got, err := w.DecideScreening(ctx, changeByID(i.ID), identity.Review{Outcome: identity.OutcomeClear, Reason: "mistaken", Reviewer: "r"}); err != nil || got.Status != identity.Active {
		t.Errorf("%v %s; want no error and got.Status == identity.Active", err, got.Status)
	}
}

func TestHoldAndRelease(t *testing.T) {
	w := newTestRegistry(t)
	i := w.createPending(t, ana, identity.OnboardingContact)
	var missing *identity.MissingField
	if _, err := w.Hold(ctx, changeByID(i.ID), ""); !errors.As(err, &missing) {
		t.Errorf("err = %v; want a *identity.MissingField", err)
	}
	held, err := w.Hold(ctx, changeByID(i.ID), "a judge asks")
	if err != nil || held.Hold == nil || held.Hold.Reason != "a judge asks" || !held.Requirements().Deadline.IsZero() {
		t.Fatalf(`err = %v, held.Hold = %v; want no error and held.Hold != nil and held.Hold.Reason == "a judge asks" and held.Requirements().Deadline.IsZero()`, err, held.Hold)
	}
	w.now = w.now.Add(365 * 24 * time.Hour)
	again, err := w.Hold(ctx, changeByID(i.ID), "another judge")
	if err != nil || again.Hold.Reason != "another judge" || !again.Hold.Since.Equal(held.Hold.Since) {
		t.Fatalf(`err = %v, again.Hold = %v; want no error and again.Hold.Reason == "another judge" and again.Hold.Since == held.Hold.Since`, err, again.Hold)
	}
	released, err := w.Release(ctx, changeByID(i.ID))
	if err != nil || released.Hold != nil || !released.ExpiresAt.Equal(w.now.Add(24*time.Hour).Truncate(time.Second)) {
		t.Fatalf("err = %v, released.ExpiresAt = %+v; want no error and released.Hold == nil and released.ExpiresAt == w.now.Add(24 * time.Hour).Truncate(time.Second)", err, released.ExpiresAt)
	}
	w.now = w.now.Add(24 * time.Hour)
	if _, err := w.Get(ctx, "acme", i.ID); !errors.Is(err, identity.ErrNotFound) {
		t.Errorf("err = %v; want identity.ErrNotFound", err)
	}
}
