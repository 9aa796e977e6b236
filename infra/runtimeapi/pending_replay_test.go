//go:build dynamodb

package runtimeapi_test

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

	"cedula/infra/runtimeapi"
	"cedula/shared/identity"
)

// waiting is a pending identity that lapses at a time; no two are equal.
func waiting(id string, lapses time.Time) identity.Identity {
	return identity.Identity{
		Tenant: "acme", ID: id, Status: identity.Pending, Steps: identity.Contact, Version: 1,
		CreatedAt: lapses.Add(-identity.DefaultPendingLife), UpdatedAt: lapses, ExpiresAt: lapses.UTC().Truncate(time.Second),
		Profile: identity.Profile{Kind: identity.Individual, Email: "canary-" + id + "@example.com", DocumentNumber: id},
	}
}

// put puts identities into the table, several at once, each with so many
// withdrawal accounts.
func (s *stage) put(t *testing.T, parts int, all ...identity.Identity) {
	t.Helper()
	var wait sync.WaitGroup
	next := make(chan identity.Identity)
	for range 8 {
		wait.Go(func() {
			for i := range next {
				made, err := s.store.Create(t.Context(), i, []identity.Claim{i.Uniqueness()}, identity.Idempotency{}, identity.Links{})
				if err == nil {
					err = s.addParts(t.Context(), made.Identity, parts)
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

// crowd is identities that lapse at a time.
func crowd(prefix string, size int, lapses time.Time) (all []identity.Identity) {
	for n := range size {
		all = append(all, waiting(fmt.Sprint(prefix, n), lapses.Add(time.Duration(n)*time.Second)))
	}
	return all
}

// there is how many of them are in the table.
func (s *stage) there(t *testing.T, all []identity.Identity) (count int) {
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

// patience is longer than a request's: a job makes hundreds of calls.
func patience(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// job runs a job, with the rights of its role, and returns its figures.
func job(t *testing.T, f *runtimeapi.Function, event []byte) map[string]float64 {
	t.Helper()
	payload, err := f.Invoke(patience(t), event)
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

func figured(t *testing.T, what string, got, want map[string]float64) {
	t.Helper()
	if !maps.Equal(got, want) {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}

// lines are those of a kind in what a function wrote. What it wrote before it answered may arrive after the answer.
func lines(f *runtimeapi.Function, kind string) (count int) {
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

const metrics, logs = `"CloudWatchMetrics"`, `"message":"job"`

func TestExpirePending(t *testing.T) {
	s := newStage(t)
	lapsed, due := crowd("lapsed", 195, time.Now().Add(-2*time.Hour)), crowd("parts", 40, time.Now().Add(-time.Hour))
	many := crowd("many", 5, time.Now().Add(-time.Hour))
	later := crowd("later", 250, time.Now().Add(time.Hour))
	held := crowd("held", 5, time.Now().Add(-time.Hour))
	for n := range held {
		held[n].Hold = &identity.Hold{Reason: "canary", Since: time.Now()}
	}
	s.put(t, 0, lapsed...)
	s.put(t, 1, due...)
	s.put(t, 50, many...) // more than go at once
	due = append(due, many...)
	s.put(t, 0, later...)
	s.put(t, 0, held...)
	f := s.start(t, "jobs/expire-pending")

	dry := job(t, f, s.event(t, "jobs-expire-pending"))
	if lag := dry["lagSeconds"]; lag < 7190 || lag > 7300 {
		t.Errorf("the oldest is %v s late", lag)
	}
	delete(dry, "lagSeconds")
	figured(t, "a dry run", dry, map[string]float64{"examined": 240, "expired": 240, "kept": 0, "conflicts": 0, "failed": 0, "complete": 1})
	if s.there(t, lapsed) != 195 || s.there(t, due) != 45 || lines(f, metrics) != 0 {
		t.Fatalf("a dry run removes, or is counted: %s", f.Output())
	}

	live := s.event(t, "jobs-expire-pending", `"dryRun": true`, `"dryRun": false`)
	figured(t, "a run", job(t, f, live), map[string]float64{
		"examined": 240, "expired": 240, "kept": 0, "conflicts": 0, "failed": 0, "complete": 1, "lagSeconds": 0,
	})
	figured(t, "the next", job(t, f, live), map[string]float64{
		"examined": 0, "expired": 0, "kept": 0, "conflicts": 0, "failed": 0, "complete": 1, "lagSeconds": 0,
	})
	if gone := s.there(t, lapsed) + s.there(t, due); gone != 0 || s.there(t, later) != 250 || s.there(t, held) != 5 {
		t.Errorf("%d of the lapsed, %d later and %d held are there", gone, s.there(t, later), s.there(t, held))
	}
	if lines(f, metrics) != 2 || lines(f, logs) != 3 || !strings.Contains(f.Output(), `"function":"jobs-expire-pending"`) {
		t.Errorf("writes %s", f.Output())
	}
	s.put(t, 1, due...) // what they held is free
}

// killedAt is DynamoDB until so many writes went through; the next one kills the
// function.
func killedAt(t *testing.T, through string, writes int64, kill func()) string {
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
func TestExpirePendingKilled(t *testing.T) {
	const folder = "jobs/expire-pending"
	s := newStage(t)
	alone, parts := crowd("alone", 300, time.Now().Add(-2*time.Hour)), crowd("parts", 80, time.Now().Add(-time.Hour))
	many := crowd("many", 20, time.Now().Add(-3*time.Hour)) // begun with, and each takes several writes
	later := crowd("later", 50, time.Now().Add(time.Hour))
	s.put(t, 0, alone...)
	s.put(t, 1, parts...)
	s.put(t, 50, many...)
	s.put(t, 0, later...)
	parts = append(parts, many...)

	var f *runtimeapi.Function
	ready := make(chan struct{})
	table := killedAt(t, s.guarded(t, folder), 90, func() { <-ready; f.Stop() })
	f = s.run(t, folder, append(s.environment(t, folder), "AWS_ENDPOINT_URL_DYNAMODB="+table))
	close(ready)
	event := s.event(t, "jobs-expire-pending", `"dryRun": true`, `"dryRun": false`)
	var gone *runtimeapi.ExitError
	if _, err := f.Invoke(patience(t), event); !errors.As(err, &gone) {
		t.Fatalf("the run was not killed: %v", err)
	}
	left := s.there(t, alone) + s.there(t, parts)
	if left == 0 || left == 400 {
		t.Fatalf("killed with %d of 400 left", left)
	}
	t.Logf("killed with %d of 400 left", left)
	done := job(t, s.start(t, folder), event)
	figured(t, "the next run", done, map[string]float64{
		"examined": float64(left), "expired": float64(left), "kept": 0, "conflicts": 0, "failed": 0, "complete": 1, "lagSeconds": 0,
	})
	if left := s.there(t, alone) + s.there(t, parts); left != 0 || s.there(t, later) != 50 {
		t.Errorf("%d are left, %d of those who have time", left, s.there(t, later))
	}
	s.put(t, 0, alone...)
	s.put(t, 1, parts...) // neither claims nor parts of them stayed
}

// A job whose role is refused fails, and says so with its figures.
func TestExpirePendingFails(t *testing.T) {
	const folder = "jobs/expire-pending"
	s := newStage(t)
	refuses := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, `{"__type":"com.amazon.coral.service#AccessDeniedException"}`, http.StatusBadRequest)
	}))
	t.Cleanup(refuses.Close)
	f := s.run(t, folder, append(s.environment(t, folder), "AWS_ENDPOINT_URL_DYNAMODB="+refuses.URL))
	_, err := f.Invoke(patience(t), []byte("{}"))
	for wait := 0; wait < 200 && (lines(f, logs) == 0 || lines(f, metrics) == 0); wait++ {
		time.Sleep(10 * time.Millisecond) // what it printed may come after its answer
	}
	var failed *runtimeapi.FunctionError
	if !errors.As(err, &failed) || lines(f, metrics) != 1 || lines(f, logs) != 1 {
		t.Errorf("%v: %s", err, f.Output())
	}
}

// Each that lapses in a day is reminded by one message, however often the job runs.
func TestRemindPending(t *testing.T) {
	b := &blnkStage{stage: newStage(t)}
	soon := crowd("soon", 60, time.Now().Add(22*time.Hour))
	quiet := crowd("quiet", 3, time.Now().Add(22*time.Hour))
	for n := range quiet {
		quiet[n].Email = ""
	}
	b.put(t, 0, soon...)
	b.put(t, 0, quiet...)
	b.put(t, 0, crowd("lapsed", 5, time.Now().Add(-time.Hour))...)
	b.put(t, 0, crowd("later", 40, time.Now().Add(48*time.Hour))...)
	b.id = b.pending(t, "1", "martina.1+verifies@", "canary-sealed@", `"stage": "test"`, `"stage": "live", "life": "80000"`)
	b.serve(t, "tokenize-identity", 200)

	f := b.start(t, "jobs/remind-pending")
	event := b.event(t, "jobs-remind-pending")
	figured(t, "a run", job(t, f, event), map[string]float64{"examined": 64, "reminded": 61, "kept": 3, "failed": 0, "complete": 1})
	figured(t, "the next", job(t, f, event), map[string]float64{"examined": 64, "reminded": 0, "kept": 64, "failed": 0, "complete": 1})
	reminded := map[string]int{}
	for _, m := range b.queued(t) {
		reminded[m.Identity]++
		if want := "canary-" + m.Identity + "@example.com"; m.Purpose != identity.SendReminder || m.Code != "" ||
			m.To != want && (m.Identity != b.id || m.To != "canary-sealed@example.com") {
			t.Errorf("queued %+v", m)
		}
	}
	for _, i := range soon {
		if reminded[i.ID] != 1 {
			t.Errorf("%s is reminded %d times", i.ID, reminded[i.ID])
		}
	}
	if len(reminded) != 61 || reminded[b.id] != 1 || lines(f, metrics) != 2 {
		t.Errorf("%d are reminded: %s", len(reminded), f.Output())
	}
	var failed *runtimeapi.FunctionError
	if _, err := f.Invoke(patience(t), []byte(`{"dryRun":true}`)); !errors.As(err, &failed) {
		t.Errorf("a dry run: %v", err)
	}
}
