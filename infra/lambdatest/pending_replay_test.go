package lambdatest_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cedula/infra/lambdatest"
	"cedula/shared/identity"
)

// pendingIdentity is a pending identity that lapses at a time; no two are equal.
func pendingIdentity(id string, lapses time.Time) identity.Identity {
	return identity.Identity{
		Tenant: "acme", ID: id, Status: identity.Pending, Onboarding: identity.OnboardingContact, Version: 1,
		CreatedAt: lapses.Add(-identity.DefaultPendingTTL), UpdatedAt: lapses, ExpiresAt: lapses.UTC().Truncate(time.Second),
		Profile: identity.Profile{Kind: identity.Individual, Email: "canary-" + id + "@example.com", DocumentNumber: id},
	}
}

// createIdentities puts identities into the table, several at once, each with so many
// withdrawal accounts.
func (s *replayEnv) createIdentities(t *testing.T, parts int, all ...identity.Identity) {
	t.Helper()
	var wait sync.WaitGroup
	next := make(chan identity.Identity)
	for range 8 {
		wait.Go(func() {
			for i := range next {
				made, err := s.store.Create(t.Context(), i, []identity.Claim{i.UniquenessClaim()}, identity.Idempotency{}, identity.LinkChanges{})
				if err == nil {
					err = s.addWithdrawalAccounts(t.Context(), made.Identity, parts)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	for n := range all {
		next <- all[n]
	}
	close(next)
	wait.Wait()
}

// pendingIdentities is identities that lapse at a time.
func pendingIdentities(prefix string, size int, lapses time.Time) (all []identity.Identity) {
	for n := range size {
		all = append(all, pendingIdentity(fmt.Sprint(prefix, n), lapses.Add(time.Duration(n)*time.Second)))
	}
	return all
}

// countExisting is how many of them are in the table.
func (s *replayEnv) countExisting(t *testing.T, all []identity.Identity) (count int) {
	t.Helper()
	for n := range all {
		_, err := s.store.Get(t.Context(), "acme", all[n].ID)
		switch {
		case err == nil:
			count++
		case !errors.Is(err, identity.ErrNotFound):
			t.Fatal(err)
		}
	}
	return count
}

// jobContext is longer than a request's: a job makes hundreds of calls.
func jobContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// runJob runs a job, with the rights of its role, and returns its figures.
func runJob(t *testing.T, f *lambdatest.Function, event []byte) map[string]float64 {
	t.Helper()
	payload, err := f.Invoke(jobContext(t), event)
	if err != nil {
		t.Fatalf("%v\n%s", err, f.Output())
	}
	var figures map[string]float64
	decode(t, payload, &figures)
	if strings.Contains(f.Output(), "canary") {
		t.Errorf("logs personal data: %s", f.Output())
	}
	delete(figures, "durationMs")
	return figures
}

func assertMetrics(t *testing.T, what string, got, want map[string]float64) {
	t.Helper()
	if !maps.Equal(got, want) {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}

// countLines are those of a kind in what a function wrote. What it wrote before it answered may arrive after the answer.
func countLines(f *lambdatest.Function, kind string) (count int) {
	for range 50 {
		count = 0
		for line := range strings.Lines(f.Output()) {
			if strings.Contains(line, kind) {
				count++
			}
		}
		if count > 0 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	return count
}

const metricsMarker, logMarker = `"CloudWatchMetrics"`, `"message":"job"`

func TestExpirePending(t *testing.T) {
	s := newReplayEnv(t)
	lapsed, due := pendingIdentities("lapsed", 195, time.Now().Add(-2*time.Hour)), pendingIdentities("parts", 40, time.Now().Add(-time.Hour))
	many := pendingIdentities("many", 5, time.Now().Add(-time.Hour))
	later := pendingIdentities("later", 250, time.Now().Add(time.Hour))
	held := pendingIdentities("held", 5, time.Now().Add(-time.Hour))
	for n := range held {
		held[n].Hold = &identity.Hold{Reason: "canary", Since: time.Now()}
	}
	s.createIdentities(t, 0, lapsed...)
	s.createIdentities(t, 1, due...)
	s.createIdentities(t, 50, many...) // more than go at once
	due = append(due, many...)
	s.createIdentities(t, 0, later...)
	s.createIdentities(t, 0, held...)
	f := s.start(t, "jobs/expire-pending")

	dry := runJob(t, f, s.event(t, "jobs-expire-pending"))
	if lag := dry["lagSeconds"]; lag < 7190 || lag > 7300 {
		t.Errorf("the oldest is %v s late", lag)
	}
	delete(dry, "lagSeconds")
	assertMetrics(t, "a dry run", dry, map[string]float64{"examined": 240, "expired": 240, "kept": 0, "conflicts": 0, "failed": 0, "complete": 1})
	if s.countExisting(t, lapsed) != 195 || s.countExisting(t, due) != 45 || countLines(f, metricsMarker) != 0 {
		t.Fatalf("a dry run removes, or is counted: %s", f.Output())
	}

	live := s.event(t, "jobs-expire-pending", `"dryRun": true`, `"dryRun": false`)
	assertMetrics(t, "a run", runJob(t, f, live), map[string]float64{
		"examined": 240, "expired": 240, "kept": 0, "conflicts": 0, "failed": 0, "complete": 1, "lagSeconds": 0,
	})
	assertMetrics(t, "the next", runJob(t, f, live), map[string]float64{
		"examined": 0, "expired": 0, "kept": 0, "conflicts": 0, "failed": 0, "complete": 1, "lagSeconds": 0,
	})
	if gone := s.countExisting(t, lapsed) + s.countExisting(t, due); gone != 0 || s.countExisting(t, later) != 250 || s.countExisting(t, held) != 5 {
		t.Errorf("%d of the lapsed, %d later and %d held are there", gone, s.countExisting(t, later), s.countExisting(t, held))
	}
	if countLines(f, metricsMarker) != 2 || countLines(f, logMarker) != 3 || !strings.Contains(f.Output(), `"function":"jobs-expire-pending"`) {
		t.Errorf("writes %s", f.Output())
	}
	s.createIdentities(t, 1, due...) // what they held is free
}

// killAfterWrites is DynamoDB until so many writes went through; the next one kills the
// function.
func killAfterWrites(t *testing.T, through string, writes int64, kill func()) string {
	t.Helper()
	target, err := url.Parse(through)
	if err != nil {
		t.Fatal(err)
	}
	var seen atomic.Int64
	onward := httputil.NewSingleHostReverseProxy(target)
	onward.ErrorHandler = func(http.ResponseWriter, *http.Request, error) {} // who asked is gone
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), "TransactWriteItems") && seen.Add(1) == writes {
			go kill()
		}
		onward.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// A run that is killed at any point leaves nothing that the next one does not finish.
func TestExpirePendingResumesAfterKill(t *testing.T) {
	const folder = "jobs/expire-pending"
	s := newReplayEnv(t)
	alone, parts := pendingIdentities("alone", 300, time.Now().Add(-2*time.Hour)), pendingIdentities("parts", 80, time.Now().Add(-time.Hour))
	many := pendingIdentities("many", 20, time.Now().Add(-3*time.Hour)) // begun with, and each takes several writes
	later := pendingIdentities("later", 50, time.Now().Add(time.Hour))
	s.createIdentities(t, 0, alone...)
	s.createIdentities(t, 1, parts...)
	s.createIdentities(t, 50, many...)
	s.createIdentities(t, 0, later...)
	parts = append(parts, many...)

	var f *lambdatest.Function
	ready := make(chan struct{})
	table := killAfterWrites(t, s.roleCheckedDynamoDB(t, folder), 90, func() { <-ready; f.Stop() })
	f = s.startWithEnv(t, folder, append(s.environment(t, folder), "AWS_ENDPOINT_URL_DYNAMODB="+table))
	close(ready)
	event := s.event(t, "jobs-expire-pending", `"dryRun": true`, `"dryRun": false`)
	var gone *lambdatest.ExitError
	if _, err := f.Invoke(jobContext(t), event); !errors.As(err, &gone) {
		t.Fatalf("the run was not killed: %v", err)
	}
	left := s.countExisting(t, alone) + s.countExisting(t, parts)
	if left == 0 || left == 400 {
		t.Fatalf("killed with %d of 400 left", left)
	}
	t.Logf("killed with %d of 400 left", left)
	done := runJob(t, s.start(t, folder), event)
	assertMetrics(t, "the next run", done, map[string]float64{
		"examined": float64(left), "expired": float64(left), "kept": 0, "conflicts": 0, "failed": 0, "complete": 1, "lagSeconds": 0,
	})
	if left := s.countExisting(t, alone) + s.countExisting(t, parts); left != 0 || s.countExisting(t, later) != 50 {
		t.Errorf("%d are left, %d of those who have time", left, s.countExisting(t, later))
	}
	s.createIdentities(t, 0, alone...)
	s.createIdentities(t, 1, parts...) // neither claims nor parts of them stayed
}

// A job whose role is refused fails, and says so with its figures.
func TestExpirePendingReportsAccessDenied(t *testing.T) {
	const folder = "jobs/expire-pending"
	s := newReplayEnv(t)
	refuses := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, `{"__type":"com.amazon.coral.service#AccessDeniedException"}`, http.StatusBadRequest)
	}))
	t.Cleanup(refuses.Close)
	f := s.startWithEnv(t, folder, append(s.environment(t, folder), "AWS_ENDPOINT_URL_DYNAMODB="+refuses.URL))
	_, err := f.Invoke(jobContext(t), []byte("{}"))
	for wait := 0; wait < 200 && (countLines(f, logMarker) == 0 || countLines(f, metricsMarker) == 0); wait++ {
		time.Sleep(10 * time.Millisecond) // what it printed may come after its answer
	}
	var failed *lambdatest.FunctionError
	if !errors.As(err, &failed) || countLines(f, metricsMarker) != 1 || countLines(f, logMarker) != 1 {
		t.Errorf("%v: %s", err, f.Output())
	}
}

// Each that lapses in a day is reminded by one message, however often the job runs.
func TestRemindPending(t *testing.T) {
	b := &blnkReplayEnv{replayEnv: newReplayEnv(t)}
	soon := pendingIdentities("soon", 60, time.Now().Add(22*time.Hour))
	quiet := pendingIdentities("quiet", 3, time.Now().Add(22*time.Hour))
	for n := range quiet {
		quiet[n].Email = ""
	}
	b.createIdentities(t, 0, soon...)
	b.createIdentities(t, 0, quiet...)
	b.createIdentities(t, 0, pendingIdentities("lapsed", 5, time.Now().Add(-time.Hour))...)
	b.createIdentities(t, 0, pendingIdentities("later", 40, time.Now().Add(48*time.Hour))...)
	b.id = b.createPending(t, "1", "martina.1+verifies@", "canary-sealed@", `"stage": "test"`, `"stage": "live", "life": "80000"`)
	b.callOperation(t, "tokenize-identity", 200)

	f := b.start(t, "jobs/remind-pending")
	event := b.event(t, "jobs-remind-pending")
	assertMetrics(t, "a run", runJob(t, f, event), map[string]float64{"examined": 64, "reminded": 61, "kept": 3, "failed": 0, "complete": 1})
	assertMetrics(t, "the next", runJob(t, f, event), map[string]float64{"examined": 64, "reminded": 0, "kept": 64, "failed": 0, "complete": 1})
	reminded := map[string]int{}
	for _, m := range b.queuedMessages(t) {
		reminded[m.IdentityID]++
		if want := "canary-" + m.IdentityID + "@example.com"; m.Purpose != identity.PurposeReminder || m.Code != "" ||
			m.To != want && (m.IdentityID != b.id || m.To != "canary-sealed@example.com") {
			t.Errorf("queued %+v", m)
		}
	}
	for _, i := range soon {
		if reminded[i.ID] != 1 {
			t.Errorf("%s is reminded %d times", i.ID, reminded[i.ID])
		}
	}
	if len(reminded) != 61 || reminded[b.id] != 1 || countLines(f, metricsMarker) != 2 {
		t.Errorf("%d are reminded: %s", len(reminded), f.Output())
	}
	var failed *lambdatest.FunctionError
	if _, err := f.Invoke(jobContext(t), []byte(`{"dryRun":true}`)); !errors.As(err, &failed) {
		t.Errorf("a dry run: %v", err)
	}
}
