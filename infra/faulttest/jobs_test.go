package faulttest_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"cedula/shared/blnk"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/messaging"
	"cedula/shared/table/faulttable"
)

// job is work that is begun again until it is done, by whoever runs it.
type job struct {
	name    string
	dialect string
	prepare func(c *trial)
	run     func(c *trial) error
	check   func(c *trial, f faulttable.Fault) string // after it was run again; nil: nothing more
}

var jobs = []job{
	{"expire", "conomy", func(c *trial) {
		createWithManyAccounts(c)
		c.mustSend(request{"PATCH", c.identityPath(""), `{"status":"BLOCKED"}`, nil}, "")
		c.create(2, "")
		c.create(3, pendingField)
		c.identityID = c.create(4, pendingField)
		c.mustSend(request{"POST", c.identityPath("/verifications"), `{"channel":"email"}`, nil}, "")
		c.identityID = c.create(5, pendingField)
		for range 42 {
			c.mustSend(request{"POST", c.identityPath("/withdrawal-accounts"), bankAccountBody, nil}, "")
		}
		c.clockOffset.Store(int64(8 * 24 * time.Hour))
	}, func(c *trial) error {
		_, err := c.reaper().Expire(context.Background(), c.now().Add(time.Minute), false)
		return err
	}, nil},
	{"remind", "conomy", func(c *trial) {
		c.create(2, "")
		c.create(3, pendingField)
		c.create(4, pendingField)
		c.clockOffset.Store(int64(6*24*time.Hour + time.Hour))
	}, func(c *trial) error {
		_, err := c.reaper().Remind(context.Background(), c.now().Add(time.Minute))
		return err
	}, nil},
	{"deliver", "conomy", func(c *trial) {
		c.identityID = c.create(1, pendingField)
		c.mustSend(request{"POST", c.identityPath("/verifications"), `{"channel":"email"}`, nil}, "")
		c.sender = &fakeSender{sent: map[string]int{}}
		c.prepared = strings.TrimPrefix(c.audited.partitionKeys("M")[0], "M#")
	}, func(c *trial) error {
		c.clockOffset.Add(int64(16 * time.Second)) // the claim of the one before has ended
		return c.dispatcher().Deliver(context.Background(), c.prepared)
	}, func(c *trial, f faulttable.Fault) string {
		if n := c.sender.sent[c.prepared]; n != 1 && (n != 2 || !c.sender.failedAfterSend) {
			return fmt.Sprintf("%d letters", n)
		}
		return ""
	}},
	{"authorize", "conomy", func(c *trial) {
		token := c.mustSend(loginRequest(true)(c), "accessToken")
		c.headers = map[string][]string{"Authorization": {"Bearer " + token}, "X-Api-Key": {c.credentials.ConomyKey}}
	}, func(c *trial) error { return c.authorize(&conomy.Authorizer{Authenticator: c.authenticator}) }, nil},
	{"authorize", "blnk", func(c *trial) {
		c.headers = map[string][]string{"X-Blnk-Key": {c.credentials.BlnkKey}}
	}, func(c *trial) error { return c.authorize(&blnk.Authorizer{Authenticator: c.authenticator}) }, nil},
}

// authorize asks an authorizer, which must not refuse who may pass.
func (c *trial) authorize(a gateway.Authorizer) error {
	answer, err := gateway.AuthorizerHandler(a)(context.Background(), events.APIGatewayCustomAuthorizerRequestTypeRequest{
		MethodArn: "arn:aws:execute-api:us-east-1:1:api/sandbox/GET/", MultiValueHeaders: c.headers,
	})
	if err == nil && answer.PolicyDocument.Statement[0].Effect != "Allow" || err != nil && err.Error() == "Unauthorized" {
		c.report("authorizer", []string{"refused who may pass"})
	}
	return err
}

// reaper looks at the shards of the queue in which the cell has somebody.
func (c *trial) reaper() *identity.Reaper {
	return &identity.Reaper{Service: c.core, PendingIndex: limitedQueue{c.core.Store.(identity.PendingIndex), c.queueShards}}
}

// limitedQueue is a queue of which only some shards hold anything.
type limitedQueue struct {
	identity.PendingIndex
	shards []int
}

func (n limitedQueue) DueBatch(ctx context.Context, shard int, from, until time.Time, after *identity.PendingCursor) (identity.DueBatch, error) {
	if !slices.Contains(n.shards, shard) {
		return identity.DueBatch{}, nil
	}
	return n.PendingIndex.DueBatch(ctx, shard, from, until, after)
}

// findShards are those in which somebody stands.
func (c *trial) findShards() {
	for shard := range identity.PendingIndexShards {
		due, err := c.core.Store.(identity.PendingIndex).DueBatch(context.Background(), shard, time.Time{}, c.now().Add(100*24*time.Hour), nil)
		if err != nil {
			c.Fatal(err)
		}
		for _, i := range due.Identities {
			if i.Tenant == c.tenant && !slices.Contains(c.queueShards, shard) {
				c.queueShards = append(c.queueShards, shard)
			}
		}
	}
}

// fakeSender counts letters by their message.
type fakeSender struct {
	mu              sync.Mutex
	sent            map[string]int
	failedAfterSend bool // the table failed after a letter was sent
}

func (p *fakeSender) Send(_ context.Context, l messaging.RenderedMessage) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent[l.ID]++
	return nil
}

func (c *trial) dispatcher() *messaging.Dispatcher {
	return &messaging.Dispatcher{Outbox: c.store, Now: c.now, Senders: map[identity.Channel]messaging.Sender{identity.ChannelEmail: c.sender, identity.ChannelPhone: c.sender}}
}

// newTrial makes a cell ready for the job.
func (j *job) newTrial(w *testEnv) *trial {
	c := w.newTrial(j.dialect)
	j.prepare(c)
	c.findShards()
	w.audited.takeSummaries()
	w.injector.SetPlan(nil)
	return c
}

// TestFaultsOfJobs lets each job meet each fault at each of its calls, and be
// run again.
func TestFaultsOfJobs(t *testing.T) {
	for _, j := range jobs {
		t.Run(j.name+" "+j.dialect, func(t *testing.T) {
			t.Parallel()
			w := newTestEnv(t)
			c := j.newTrial(w)
			if err := j.run(c); err != nil {
				t.Fatal(err)
			}
			kinds := w.injector.Operations()
			want, _ := w.audited.takeSummaries()
			for _, kind := range []faulttable.Operation{faulttable.Get, faulttable.Query, faulttable.Write} {
				calls := len(slices.DeleteFunc(slices.Clone(kinds), func(k faulttable.Operation) bool { return k != kind }))
				for n := 1; n <= calls; n++ {
					for _, f := range faulttable.FaultsFor(kind) {
						j.runWithFault(w, want, kind, n, f)
					}
				}
			}
		})
	}
}

// runWithFault is a run whose n-th call of a kind meets a fault, and another one.
func (j *job) runWithFault(w *testEnv, want string, kind faulttable.Operation, n int, f faulttable.Fault) {
	w.Helper()
	trialCount.Add(1)
	where := fmt.Sprintf("%s at call %d of kind %d", f, n, kind)
	c := j.newTrial(w)
	met := 0
	w.injector.SetPlan(func(_ int, k faulttable.Operation) faulttable.Fault {
		if k == kind {
			met++
		}
		if k != kind || met != n {
			return faulttable.None
		}
		if c.sender != nil && len(c.sender.sent) > 0 {
			c.sender.failedAfterSend = true
		}
		return f
	})
	err := j.run(c)
	w.injector.SetPlan(nil)
	harmless := f == faulttable.ShortPage || f == faulttable.EmptyPage || f == faulttable.SpuriousNext || f == faulttable.Slow
	if err != nil && harmless {
		w.report(where, []string{err.Error()})
	}
	if err != nil && containsPersonalData(err.Error()) {
		w.report(where, []string{"personal data in an error"})
	}
	w.report(where, w.audited.audit(true))
	if now, _ := w.audited.takeSummaries(); harmless && now != want {
		w.report(where, []string{"not done: " + now + ", want " + want})
	}
	if err := j.run(c); err != nil {
		w.report(where, []string{"run again: " + err.Error()})
	}
	w.report(where, w.audited.audit(false))
	if now, _ := w.audited.takeSummaries(); now != want {
		w.report(where, []string{"in the end " + now + ", want " + want})
	}
	if j.check != nil {
		if why := j.check(c, f); why != "" {
			w.report(where, []string{why})
		}
	}
}

// TestAuthorizerFailureIsRetryable: what API Gateway answers then says when to come again.
func TestAuthorizerFailureIsRetryable(t *testing.T) {
	w := newTestEnv(t)
	for _, list := range [][]gateway.GatewayResponse{w.conomy.GatewayResponses(), w.blnk.GatewayResponses()} {
		at := slices.IndexFunc(list, func(c gateway.GatewayResponse) bool { return c.Type == gateway.AuthorizerFailure })
		if list[at].Status != 503 || list[at].RetryAfter() == "" {
			t.Errorf("%d, Retry-After %q", list[at].Status, list[at].RetryAfter())
		}
	}
}
