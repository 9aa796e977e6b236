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
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"cedula/infra/lambdatest"
	"cedula/shared/identity"
)

// group is identities of one kind: pending, unless they are changed, and with so many withdrawal accounts each.
type group struct {
	name     string
	size     int
	lapsesIn time.Duration
	accounts int
	change   func(*identity.Identity)
}

func (g group) identities() []identity.Identity {
	all := make([]identity.Identity, g.size)
	for n := range all {
		id, lapses := fmt.Sprint(g.name, n), time.Now().Add(g.lapsesIn+time.Duration(n)*time.Second)
		all[n] = identity.Identity{
			Tenant: "acme", ID: id, Status: identity.Pending, Onboarding: identity.OnboardingContact, Version: 1,
			CreatedAt: lapses.Add(-identity.DefaultPendingTTL), UpdatedAt: lapses, ExpiresAt: lapses.UTC().Truncate(time.Second),
			Profile: identity.Profile{Kind: identity.Individual, Email: "canary-" + id + "@example.com", DocumentNumber: id},
		}
		if g.change != nil {
			g.change(&all[n])
		}
	}
	return all
}

// create stores the identities of groups, several at once.
func (s *replayEnv) create(t *testing.T, groups ...group) {
	t.Helper()
	var all errgroup.Group
	all.SetLimit(8)
	for _, g := range groups {
		for _, i := range g.identities() {
			all.Go(func() error {
				created, err := s.store.Create(t.Context(), i, []identity.Claim{i.UniquenessClaim()}, identity.Idempotency{}, identity.LinkChanges{})
				if err != nil {
					return err
				}
				return s.addWithdrawalAccounts(t.Context(), created.Identity, g.accounts)
			})
		}
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
}

func (s *replayEnv) addWithdrawalAccounts(ctx context.Context, i identity.Identity, count int) error {
	for n := range count {
		i.Version++
		if _, err := s.store.AddWithdrawalAccount(ctx, i, identity.BankAccount{ID: fmt.Sprint("account", n)}, identity.Idempotency{}); err != nil {
			return err
		}
	}
	return nil
}

// count returns how many identities of groups exist.
func (s *replayEnv) count(t *testing.T, groups ...group) (count int) {
	t.Helper()
	for _, g := range groups {
		for _, i := range g.identities() {
			_, err := s.store.Get(t.Context(), "acme", i.ID)
			if err == nil {
				count++
			} else if !errors.Is(err, identity.ErrNotFound) {
				t.Fatalf("err = %v; want identity.ErrNotFound", err)
			}
		}
	}
	return count
}

// checkCount checks how many identities of groups exist.
func (s *replayEnv) checkCount(t *testing.T, want int, groups ...group) {
	t.Helper()
	if got := s.count(t, groups...); got != want {
		t.Errorf("%d of %s exist, want %d", got, groups[0].name, want)
	}
}

// jobContext is longer than a request's: a job makes hundreds of calls.
func jobContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// The metrics of the jobs, apart from the duration.
const (
	expiryMetrics   = "examined expired kept conflicts failed complete lagSeconds"
	reminderMetrics = "examined reminded kept failed complete"
)

// runJob runs a job and compares its metrics, those that are not zero with want.
func runJob(t *testing.T, f *lambdatest.Function, event []byte, names string, want map[string]float64) {
	t.Helper()
	for _, name := range strings.Fields(names) {
		want[name] += 0
	}
	payload, err := f.Invoke(jobContext(t), event)
	if err != nil {
		t.Fatalf("%v\n%s", err, f.Output())
	}
	var got map[string]float64
	decode(t, payload, &got)
	delete(got, "durationMs")
	if lag := got["lagSeconds"]; want["lagSeconds"] > 0 && lag >= want["lagSeconds"]-10 && lag < want["lagSeconds"]+100 {
		got["lagSeconds"] = want["lagSeconds"]
	}
	if !maps.Equal(got, want) {
		t.Errorf("metrics = %v, want %v", got, want)
	}
}

const metricsMarker, logMarker = `"CloudWatchMetrics"`, `"message":"job"`

// waitForLines waits until a function has written so many lines of a kind: they may arrive after its response.
func waitForLines(t *testing.T, f *lambdatest.Function, kind string, want int) {
	t.Helper()
	got := 0
	for range 100 {
		if got = strings.Count(f.Output(), kind); got >= want {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if got != want {
		t.Errorf("%d lines with %s, want %d: %s", got, kind, want, f.Output())
	}
}

func TestExpirePending(t *testing.T) {
	s := newReplayEnv(t)
	lapsed := group{name: "lapsed", size: 195, lapsesIn: -2 * time.Hour}
	parts := group{name: "parts", size: 40, lapsesIn: -time.Hour, accounts: 1}
	many := group{name: "many", size: 5, lapsesIn: -time.Hour, accounts: 50} // more than one transaction removes
	later := group{name: "later", size: 250, lapsesIn: time.Hour}
	held := group{name: "held", size: 5, lapsesIn: -time.Hour, change: func(i *identity.Identity) {
		i.Hold = &identity.Hold{Reason: "canary", Since: time.Now()}
	}}
	s.create(t, lapsed, parts, many, later, held)
	f := s.start(t, "jobs/expire-pending")

	runJob(t, f, s.event(t, "jobs/expire-pending"), expiryMetrics, map[string]float64{"examined": 240, "expired": 240, "complete": 1, "lagSeconds": 7200})
	s.checkCount(t, 240, lapsed, parts, many)
	if strings.Contains(f.Output(), metricsMarker) {
		t.Error("a dry run writes metrics")
	}
	live := s.event(t, "jobs/expire-pending", `"dryRun": true`, `"dryRun": false`)
	runJob(t, f, live, expiryMetrics, map[string]float64{"examined": 240, "expired": 240, "complete": 1})
	runJob(t, f, live, expiryMetrics, map[string]float64{"complete": 1})
	s.checkCount(t, 0, lapsed, parts, many)
	s.checkCount(t, 255, later, held)
	waitForLines(t, f, metricsMarker, 2)
	waitForLines(t, f, logMarker, 3)
	if name := `"function":"jobs-expire-pending"`; !strings.Contains(f.Output(), name) {
		t.Errorf("output = %s, want it to contain %s", f.Output(), name)
	}
	s.create(t, parts, many) // their claims are free
}

// dynamoDBKilling is DynamoDB for a function that is killed at a write.
func dynamoDBKilling(t *testing.T, through string, write int64, kill func()) string {
	t.Helper()
	target, err := url.Parse(through)
	if err != nil {
		t.Fatal(err)
	}
	var seen atomic.Int64
	onward := httputil.NewSingleHostReverseProxy(target)
	onward.ErrorHandler = func(http.ResponseWriter, *http.Request, error) {} // the client is gone
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), "TransactWriteItems") && seen.Add(1) == write {
			go kill()
		}
		onward.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestExpirePendingResumesAfterKill(t *testing.T) {
	const folder = "jobs/expire-pending"
	s := newReplayEnv(t)
	groups := []group{
		{name: "many", size: 20, lapsesIn: -3 * time.Hour, accounts: 50}, // the first, and each takes several writes
		{name: "alone", size: 300, lapsesIn: -2 * time.Hour},
		{name: "parts", size: 80, lapsesIn: -time.Hour, accounts: 1},
	}
	later := group{name: "later", size: 50, lapsesIn: time.Hour}
	s.create(t, append(groups, later)...)

	var f *lambdatest.Function
	ready := make(chan struct{})
	table := dynamoDBKilling(t, s.roleChecked(t, folder, s.dynamoDBURL, requiredOfDynamoDB), 90, func() { <-ready; f.Stop() })
	f = s.start(t, folder, "AWS_ENDPOINT_URL_DYNAMODB="+table)
	close(ready)
	event := s.event(t, folder, `"dryRun": true`, `"dryRun": false`)
	var gone *lambdatest.ExitError
	if _, err := f.Invoke(jobContext(t), event); !errors.As(err, &gone) {
		t.Fatalf("error = %v, want the process killed", err)
	}
	left := s.count(t, groups...)
	if left == 0 || left == 400 {
		t.Fatalf("killed with %d of 400 left, want some", left)
	}
	t.Logf("killed with %d of 400 left", left)
	runJob(t, s.start(t, folder), event, expiryMetrics, map[string]float64{"examined": float64(left), "expired": float64(left), "complete": 1})
	s.checkCount(t, 0, groups...)
	s.checkCount(t, 50, later)
	s.create(t, groups...) // neither claims nor parts are left
}

func TestRemindPending(t *testing.T) {
	s := newReplayEnv(t)
	soon := group{name: "soon", size: 60, lapsesIn: 22 * time.Hour}
	quiet := group{name: "quiet", size: 3, lapsesIn: 22 * time.Hour, change: func(i *identity.Identity) { i.Email = "" }}
	s.create(t, soon, quiet, group{name: "lapsed", size: 5, lapsesIn: -time.Hour}, group{name: "later", size: 40, lapsesIn: 48 * time.Hour})
	s.run(t,
		step{"conomy/create-identity", pending("1", "martina.1+verifies@", "canary-sealed@", `"stage": "test"`, `"stage": "live", "life": "80000"`), 200, `{"id":"$pending"}`},
		step{"blnk/tokenize-identity", blnkID("$pending"), 200, ``})

	f := s.start(t, "jobs/remind-pending")
	event := s.event(t, "jobs/remind-pending")
	runJob(t, f, event, reminderMetrics, map[string]float64{"examined": 64, "reminded": 61, "kept": 3, "complete": 1})
	runJob(t, f, event, reminderMetrics, map[string]float64{"examined": 64, "kept": 64, "complete": 1})
	waitForLines(t, f, metricsMarker, 2)
	want := map[string]string{s.vars["$pending"]: "canary-sealed@example.com"}
	for _, i := range soon.identities() {
		want[i.ID] = i.Email
	}
	messages := s.queuedMessages(t)
	if len(messages) != len(want) {
		t.Errorf("%d messages are queued, want %d", len(messages), len(want))
	}
	for _, m := range messages {
		if m.Purpose != identity.PurposeReminder || m.Code != "" || m.To != want[m.IdentityID] {
			t.Errorf("message = %+v, want a reminder to %q", m, want[m.IdentityID])
		}
		delete(want, m.IdentityID)
	}
	if len(want) > 0 {
		t.Errorf("no reminder for %v", slices.Collect(maps.Keys(want)))
	}
	var failed *lambdatest.FunctionError
	if _, err := f.Invoke(jobContext(t), []byte(`{"dryRun":true}`)); !errors.As(err, &failed) {
		t.Errorf("error of a dry run = %v, want a function error", err)
	}
}
