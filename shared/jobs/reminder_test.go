package jobs_test

import (
	"errors"
	"testing"
	"time"

	"cedula/infra/testenv"
	"cedula/shared/identity"
	"cedula/shared/jobs"
	"cedula/shared/table"
)

func (w *testJobs) wantReminded(t *testing.T, want jobs.Result) {
	t.Helper()
	want.Complete = true
	got, err := w.Remind(ctx, w.run())
	if err != nil || got != want {
		t.Errorf("Remind() = %+v, %v, want %+v", got, err, want)
	}
}

// TestRemind: an identity is reminded once, in the language of its country, and not if it has no email address or is held.
func TestRemind(t *testing.T) {
	w := newTestJobs(t)
	i := w.create(t, "a", ana)
	w.create(t, "phone", identity.Profile{Phone: ana.Phone})
	w.create(t, "held", identity.Profile{Email: "held@example.com"})
	w.hold(t, "held")

	w.now = i.ExpiresAt.Add(-24*time.Hour - time.Second)
	w.wantReminded(t, jobs.Result{})
	w.now = i.ExpiresAt.Add(-24 * time.Hour)
	w.wantReminded(t, jobs.Result{Examined: 2, Reminded: 1, Skipped: 1})
	m := w.lastMessage(t)
	if m.To != ana.Email || m.Purpose != identity.PurposeReminder || m.Language != "pt" || !m.ExpiresAt.Equal(i.ExpiresAt) || m.Code != "" {
		t.Errorf("message = %+v, want a reminder in pt to %s, until %v, without a code", m, ana.Email, i.ExpiresAt)
	}
	w.now = w.now.Add(2 * time.Hour)
	w.wantReminded(t, jobs.Result{Examined: 2, Skipped: 2})
	w.now = w.now.Add(20 * time.Hour)
	w.wantReminded(t, jobs.Result{})
}

func TestReleasedIdentityIsRemindedAgain(t *testing.T) {
	w := newTestJobs(t)
	i := w.create(t, "a", ana)
	w.now = i.ExpiresAt.Add(-24 * time.Hour)
	w.wantReminded(t, jobs.Result{Examined: 1, Reminded: 1})
	w.hold(t, "a")
	w.now = i.ExpiresAt.Add(time.Hour)
	released := testenv.Must(w.Registry.Release(ctx, changeOf("a")))(t)
	w.wantReminded(t, jobs.Result{Examined: 1, Reminded: 1})
	if m := w.lastMessage(t); !m.ExpiresAt.Equal(released.ExpiresAt) {
		t.Errorf("message.ExpiresAt = %v, want %v", m.ExpiresAt, released.ExpiresAt)
	}
}

func TestRemindersShareTheRateLimitOfCodes(t *testing.T) {
	w := newTestJobs(t)
	i := w.create(t, "a", ana)
	w.now = i.ExpiresAt.Add(-24 * time.Hour)
	for range identity.MaxSendsPerHour {
		testenv.Must(w.Registry.StartVerification(ctx, changeOf("a"), identity.ChannelEmail, nil, false))(t)
		w.now = w.now.Add(identity.ResendInterval)
	}
	w.wantReminded(t, jobs.Result{Examined: 1, Skipped: 1})
	w.now = w.now.Add(time.Hour)
	w.wantReminded(t, jobs.Result{Examined: 1, Reminded: 1})
}

func TestRemindHasNoDryRun(t *testing.T) {
	w := newTestJobs(t)
	run := w.run()
	run.DryRun = true
	if got, err := w.Remind(ctx, run); !errors.Is(err, jobs.ErrNoDryRun) {
		t.Errorf("Remind() as a dry run = %+v, %v, want ErrNoDryRun", got, err)
	}
}

func TestRemindStopsAtTheFirstFailure(t *testing.T) {
	w := newTestJobs(t)
	i := w.create(t, "a", ana)
	w.now = i.ExpiresAt.Add(-24 * time.Hour)
	w.beforeWrite = func() error { return table.ErrUnavailable }
	if got, err := w.Remind(ctx, w.run()); !errors.Is(err, identity.ErrUnavailable) || got.Failed != 1 || got.Complete {
		t.Errorf("Remind() = %+v, %v, want one failure, ErrUnavailable and not complete", got, err)
	}
}
