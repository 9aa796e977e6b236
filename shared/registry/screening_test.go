package registry_test

import (
	"strings"
	"testing"
	"time"

	"cedula/infra/testenv"
	"cedula/shared/identity"
)

// createInStatus creates an identity in a status.
func (w *testRegistry) createInStatus(t *testing.T, s identity.Status) string {
	t.Helper()
	d := draft(identity.Profile{})
	d.Status = s
	return w.mustCreate(t, d).ID
}

func review(o identity.Outcome) identity.Review {
	return identity.Review{Outcome: o, Reason: "no hit", Reviewer: "rosa"}
}

func TestDecideScreening(t *testing.T) {
	w := newTestRegistry(t)
	for _, from := range statuses {
		for outcome, to := range map[identity.Outcome]identity.Status{identity.OutcomeClear: identity.Active, identity.OutcomeReject: identity.Rejected} {
			got, err := w.DecideScreening(ctx, change(w.createInStatus(t, from), nil), review(outcome))
			what := string(from) + " " + string(outcome)
			if allowed := from == identity.Screening || outcome == identity.OutcomeReject && from.Pending(); !allowed {
				wantErrorAs[*identity.StateError](t, what, err)
				continue
			}
			want := review(outcome)
			want.DecidedAt = w.now.UTC().Truncate(time.Second)
			if testenv.Must(got, err)(t).Status != to || *got.Review != want || !got.ExpiresAt.IsZero() {
				t.Errorf("%s: status %s, review %+v, expires %v, want %s, %+v, never", what, got.Status, got.Review, got.ExpiresAt, to, want)
			}
		}
	}
}

func TestInvalidReviewIsRejected(t *testing.T) {
	w := newTestRegistry(t)
	for _, tt := range []struct {
		review identity.Review
		want   string
	}{
		{identity.Review{Reason: "r", Reviewer: "v"}, "outcome must be clear or reject"},
		{identity.Review{Outcome: "maybe", Reason: "r", Reviewer: "v"}, "outcome must be clear or reject"},
		{identity.Review{Outcome: identity.OutcomeClear, Reviewer: "v"}, "reason is required"},
		{identity.Review{Outcome: identity.OutcomeClear, Reason: "r"}, "reviewer is required"},
		{identity.Review{Outcome: identity.OutcomeClear, Reason: strings.Repeat("r", 257), Reviewer: "v"}, "reason must have at most 256 characters"},
	} {
		if _, err := w.DecideScreening(ctx, change("x", nil), tt.review); err == nil || err.Error() != tt.want {
			t.Errorf("DecideScreening(%+v): error = %v, want %q", tt.review, err, tt.want)
		}
	}
}

func TestRejectedIdentityCanBeScreenedAgain(t *testing.T) {
	w := newTestRegistry(t)
	id := w.createInStatus(t, identity.Screening)
	testenv.Must(w.DecideScreening(ctx, change(id, nil), review(identity.OutcomeReject)))(t)
	w.now = w.now.Add(30 * 24 * time.Hour)
	back := w.mustUpdate(t, change(id, func(i *identity.Identity) error { return i.SetStatus(identity.Screening, w.now) }))
	if want := w.now.Add(week).Truncate(time.Second); back.Review != nil || !back.ExpiresAt.Equal(want) {
		t.Errorf("review %+v, expires %v, want none and %v", back.Review, back.ExpiresAt, want)
	}
	cleared := testenv.Must(w.DecideScreening(ctx, change(id, nil), review(identity.OutcomeClear)))(t)
	if cleared.Status != identity.Active {
		t.Errorf("Status = %s after it was cleared, want ACTIVE", cleared.Status)
	}
}

func TestHeldIdentityDoesNotExpire(t *testing.T) {
	w := newTestRegistry(t)
	id := w.createPending(t, ana, identity.OnboardingContact).ID
	_, err := w.Hold(ctx, change(id, nil), "")
	wantErrorAs[*identity.MissingField](t, "no reason", err)
	since := w.now.Truncate(time.Second)
	for _, reason := range []string{"a judge asks", "another judge"} {
		held := testenv.Must(w.Hold(ctx, change(id, nil), reason))(t)
		if h := held.Hold; h.Reason != reason || !h.Since.Equal(since) || !held.Requirements().Deadline.IsZero() {
			t.Errorf("hold %+v, deadline %v, want %q since %v, none", h, held.Requirements().Deadline, reason, since)
		}
		w.now = w.now.Add(365 * 24 * time.Hour)
	}
	released := testenv.Must(w.Release(ctx, change(id, nil)))(t)
	if want := w.now.Add(24 * time.Hour).Truncate(time.Second); released.Hold != nil || !released.ExpiresAt.Equal(want) {
		t.Errorf("released: hold %+v, expires %v, want none and %v", released.Hold, released.ExpiresAt, want)
	}
	w.now = w.now.Add(24 * time.Hour)
	_, err = w.Get(ctx, "acme", id)
	wantIs(t, "Get a day after the release", err, identity.ErrNotFound)
}
