package operationtest_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"cedula/infra/invariants"
	"cedula/shared/blnk"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/jobs"
	"cedula/shared/messaging"
	"cedula/shared/table/faulttable"
)

// job is work that is started again until it succeeds.
type job struct {
	name, api string
	prepare   func(c *trial)
	run       func(c *trial) error
}

var jobTrials = []job{
	{name: "expire", api: "conomy", run: expire, prepare: func(c *trial) {
		createdWithAccounts(45)(c)
		c.mustSend(request{operation: "update-identity", body: `{"status":"BLOCKED"}`}, "")
		c.create(2, "")
		c.create(3, pending)
		c.identityID = c.create(4, pending)
		c.mustSend(request{operation: "start-verification", body: emailBody}, "")
		c.identityID = c.create(5, pending)
		c.addAccounts(42)
		c.clockOffset.Store(int64(8 * 24 * time.Hour))
	}},
	{name: "expire: one identity", api: "conomy", run: expire, prepare: expired},
	{name: "remind", api: "conomy", run: remind, prepare: func(c *trial) {
		c.create(2, "")
		c.create(3, pending)
		c.create(4, pending)
		c.clockOffset.Store(int64(6*24*time.Hour + time.Hour))
	}},
	{name: "deliver", api: "conomy", run: deliver, prepare: func(c *trial) {
		created(pending)(c)
		c.mustSend(request{operation: "start-verification", body: emailBody}, "")
		c.other = c.queuedMessage()
	}},
	{name: "authorize", api: "conomy", run: authorize, prepare: func(c *trial) {
		c.other = "Bearer " + c.mustSend(operations["conomy"][0].request(), "accessToken")
	}},
	{name: "authorize", api: "blnk", run: authorize},
}

func expire(c *trial) error {
	_, err := c.reaper().Expire(context.Background(), jobs.Run{StopAt: c.now().Add(time.Minute)})
	return err
}

func remind(c *trial) error {
	_, err := c.reaper().Remind(context.Background(), jobs.Run{StopAt: c.now().Add(time.Minute)})
	return err
}

func deliver(c *trial) error {
	c.clockOffset.Add(int64(16 * time.Second)) // the lease of the previous run has ended
	return c.dispatcher().Deliver(context.Background(), c.other)
}

// authorize reports valid credentials that are not allowed.
func authorize(c *trial) error {
	var a gateway.Authorizer = &blnk.Authorizer{Authenticator: c.authenticator}
	if c.apiName == "conomy" {
		a = &conomy.Authorizer{Authenticator: c.authenticator}
	}
	response, err := gateway.AuthorizerHandler(a)(context.Background(), events.APIGatewayCustomAuthorizerRequestTypeRequest{
		MethodArn: "arn:aws:execute-api:us-east-1:1:api/sandbox/GET/",
		MultiValueHeaders: map[string][]string{
			"Authorization": {c.other}, "X-Api-Key": {c.credentials.Keys["conomy"]}, "X-Blnk-Key": {c.credentials.Keys["blnk"]},
		},
	})
	if err == nil && response.PolicyDocument.Statement[0].Effect != "Allow" || err != nil && err.Error() == "Unauthorized" {
		c.report("authorizer", "valid credentials are not allowed")
	}
	return err
}

func (c *trial) reaper() *jobs.Reaper {
	return &jobs.Reaper{Registry: c.core, PendingIndex: tenantIndex{c.store, c.tenant, c.queueShards}}
}

// tenantIndex is the pending index of one tenant, which has identities in these shards.
type tenantIndex struct {
	identity.PendingIndex
	tenant string
	shards []int
}

func (x tenantIndex) DueBatch(ctx context.Context, shard int, from, until time.Time, after *identity.PendingCursor) (identity.DueBatch, error) {
	if !slices.Contains(x.shards, shard) {
		return identity.DueBatch{}, nil
	}
	due, err := x.PendingIndex.DueBatch(ctx, shard, from, until, after)
	due.Identities = slices.DeleteFunc(due.Identities, func(i identity.Identity) bool { return i.Tenant != x.tenant })
	return due, err
}

// findShards finds the shards of the pending index in which the tenant has identities.
func (c *trial) findShards() {
	c.Helper()
	for shard := range identity.PendingIndexShards {
		due, err := c.store.DueBatch(context.Background(), shard, time.Time{}, c.now().Add(100*24*time.Hour), nil)
		if err != nil {
			c.Fatal(err)
		}
		if slices.ContainsFunc(due.Identities, func(i identity.Identity) bool { return i.Tenant == c.tenant }) {
			c.queueShards = append(c.queueShards, shard)
		}
	}
}

// fakeSender counts the messages that are sent, by id.
type fakeSender struct {
	mu   sync.Mutex
	sent map[string]int
}

func (s *fakeSender) Send(_ context.Context, m messaging.RenderedMessage) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent[m.ID]++
	return nil
}

func (c *trial) dispatcher() *messaging.Dispatcher {
	senders := map[identity.Channel]messaging.Sender{identity.ChannelEmail: c.sender, identity.ChannelPhone: c.sender}
	return &messaging.Dispatcher{Outbox: c.store, Now: c.now, Senders: senders}
}

func (j *job) start(e *testEnv) *trial {
	e.Helper()
	c := e.newTrial(j.api)
	if j.prepare != nil {
		j.prepare(c)
	}
	c.findShards()
	e.checked.AllowDeletion = false
	e.checked.State()
	e.injector.SetPlan(nil)
	return c
}

func TestFaultsOfJobs(t *testing.T) {
	for _, j := range jobTrials {
		t.Run(j.name+" "+j.api, func(t *testing.T) {
			t.Parallel()
			e := newTestEnv(t)
			if err := j.run(j.start(e)); err != nil {
				t.Fatal(err)
			}
			want, _ := e.checked.State()
			calls := map[faulttable.Operation]int{}
			for _, kind := range e.injector.Operations() {
				calls[kind]++
			}
			for kind, count := range calls {
				for n := 1; n <= count; n++ {
					for _, f := range faultsFor(kind) {
						j.runWithFault(e, want, kind, n, f)
					}
				}
			}
		})
	}
}

// runWithFault runs a job whose n-th call of a kind meets a fault, and then runs it again. Jobs call the table
// concurrently, so that the kinds have no fixed order.
func (j *job) runWithFault(e *testEnv, want string, kind faulttable.Operation, n int, f faulttable.Fault) {
	e.Helper()
	trialCount.Add(1)
	bad := func(format string, args ...any) {
		e.Helper()
		e.report(fmt.Sprintf("%s at call %d of kind %d", f, n, kind), fmt.Sprintf(format, args...))
	}
	c := j.start(e)
	met := 0
	e.injector.SetPlan(func(_ int, k faulttable.Operation) faulttable.Fault {
		if k != kind {
			return faulttable.None
		}
		met++
		if met != n {
			return faulttable.None
		}
		c.failedAfterSend = len(c.sender.sent) > 0
		return f
	})
	err := j.run(c)
	e.injector.SetPlan(nil)
	now, _ := e.checked.State()
	if err != nil && containsPersonalData(err.Error()) {
		bad("personal data in the error %v", err)
	}
	if harmless(f) && (err != nil || now != want) {
		bad("error = %v, state = %s, want %s", err, now, want)
	}
	e.report(j.name+", interrupted", e.checked.Check(invariants.Interrupted)...)
	if err := j.run(c); err != nil {
		bad("error of the next run = %v, want none", err)
	}
	if now, _ := e.checked.State(); now != want {
		bad("final state = %s, want %s", now, want)
	}
	e.report(j.name, e.checked.Check(invariants.AtRest)...)
	if sent := c.sender.sent[c.other]; j.name == "deliver" && sent != 1 && (sent != 2 || !c.failedAfterSend) {
		bad("the message was sent %d times, want once", sent)
	}
}
