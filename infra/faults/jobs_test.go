package faults_test

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
	"cedula/shared/courier"
	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/table/faults"
)

// job is work that is begun again until it is done, by whoever runs it.
type job struct {
	name    string
	dialect string
	prepare func(c *cell)
	run     func(c *cell) error
	check   func(c *cell, f faults.Fault) string // after it was run again; nil: nothing more
}

var jobs = []job{
	{"expire", "conomy", func(c *cell) {
		crowd(c)
		c.must(request{"PATCH", c.path(""), `{"status":"BLOCKED"}`, nil}, "")
		c.create(2, "")
		c.create(3, pending)
		c.id = c.create(4, pending)
		c.must(request{"POST", c.path("/verifications"), `{"channel":"email"}`, nil}, "")
		c.id = c.create(5, pending)
		for range 42 {
			c.must(request{"POST", c.path("/withdrawal-accounts"), bank, nil}, "")
		}
		c.ahead.Store(int64(8 * 24 * time.Hour))
	}, func(c *cell) error {
		_, err := c.cleaner().Expire(context.Background(), c.now().Add(time.Minute), false)
		return err
	}, nil},
	{"remind", "conomy", func(c *cell) {
		c.create(2, "")
		c.create(3, pending)
		c.create(4, pending)
		c.ahead.Store(int64(6*24*time.Hour + time.Hour))
	}, func(c *cell) error {
		_, err := c.cleaner().Remind(context.Background(), c.now().Add(time.Minute))
		return err
	}, nil},
	{"deliver", "conomy", func(c *cell) {
		c.id = c.create(1, pending)
		c.must(request{"POST", c.path("/verifications"), `{"channel":"email"}`, nil}, "")
		c.post = &post{sent: map[string]int{}}
		c.other = strings.TrimPrefix(c.ledger.of("M")[0], "M#")
	}, func(c *cell) error {
		c.ahead.Add(int64(16 * time.Second)) // the claim of the one before has ended
		return c.courier().Deliver(context.Background(), c.other)
	}, func(c *cell, f faults.Fault) string {
		if n := c.post.sent[c.other]; n != 1 && (n != 2 || !c.post.unrecorded) {
			return fmt.Sprintf("%d letters", n)
		}
		return ""
	}},
	{"authorize", "conomy", func(c *cell) {
		token := c.must(login(true)(c), "accessToken")
		c.headers = map[string][]string{"Authorization": {"Bearer " + token}, "X-Api-Key": {c.client.ConomyKey}}
	}, func(c *cell) error { return c.authorize(&conomy.Authorizer{Guard: c.guard}) }, nil},
	{"authorize", "blnk", func(c *cell) {
		c.headers = map[string][]string{"X-Blnk-Key": {c.client.BlnkKey}}
	}, func(c *cell) error { return c.authorize(&blnk.Authorizer{Guard: c.guard}) }, nil},
}

// authorize asks an authorizer, which must not refuse who may pass.
func (c *cell) authorize(a gateway.Authorizer) error {
	answer, err := gateway.AuthorizerHandler(a)(context.Background(), events.APIGatewayCustomAuthorizerRequestTypeRequest{
		MethodArn: "arn:aws:execute-api:us-east-1:1:api/sandbox/GET/", MultiValueHeaders: c.headers,
	})
	if err == nil && answer.PolicyDocument.Statement[0].Effect != "Allow" || err != nil && err.Error() == "Unauthorized" {
		c.report("authorizer", []string{"refused who may pass"})
	}
	return err
}

// cleaner looks at the shards of the queue in which the cell has somebody.
func (c *cell) cleaner() *identity.Cleaner {
	return &identity.Cleaner{Service: c.core, Queue: narrow{c.core.Store.(identity.Queue), c.shards}}
}

// narrow is a queue of which only some shards hold anything.
type narrow struct {
	identity.Queue
	shards []int
}

func (n narrow) Due(ctx context.Context, shard int, from, until time.Time, after *identity.Place) (identity.Due, error) {
	if !slices.Contains(n.shards, shard) {
		return identity.Due{}, nil
	}
	return n.Queue.Due(ctx, shard, from, until, after)
}

// findShards are those in which somebody stands.
func (c *cell) findShards() {
	for shard := range identity.QueueShards {
		due, err := c.core.Store.(identity.Queue).Due(context.Background(), shard, time.Time{}, c.now().Add(100*24*time.Hour), nil)
		if err != nil {
			c.Fatal(err)
		}
		for _, i := range due.Identities {
			if i.Tenant == c.tenant && !slices.Contains(c.shards, shard) {
				c.shards = append(c.shards, shard)
			}
		}
	}
}

// post counts letters by their message.
type post struct {
	mu         sync.Mutex
	sent       map[string]int
	unrecorded bool // the table failed after a letter was sent
}

func (p *post) Send(_ context.Context, l courier.Letter) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent[l.ID]++
	return nil
}

func (c *cell) courier() *courier.Courier {
	return &courier.Courier{Outbox: c.store, Now: c.now, Senders: map[identity.Channel]courier.Sender{identity.ByEmail: c.post, identity.ByPhone: c.post}}
}

// begin makes a cell ready for the job.
func (j *job) begin(w *world) *cell {
	c := w.cell(j.dialect)
	j.prepare(c)
	c.findShards()
	w.ledger.state()
	w.faults.Plan(nil)
	return c
}

// TestFaultsOfJobs lets each job meet each fault at each of its calls, and be
// run again.
func TestFaultsOfJobs(t *testing.T) {
	for _, j := range jobs {
		t.Run(j.name+" "+j.dialect, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			c := j.begin(w)
			if err := j.run(c); err != nil {
				t.Fatal(err)
			}
			kinds := w.faults.Kinds()
			want, _ := w.ledger.state()
			for _, kind := range []faults.Kind{faults.Get, faults.Query, faults.Write} {
				calls := len(slices.DeleteFunc(slices.Clone(kinds), func(k faults.Kind) bool { return k != kind }))
				for n := 1; n <= calls; n++ {
					for _, f := range faults.Of(kind) {
						j.fault(w, want, kind, n, f)
					}
				}
			}
		})
	}
}

// fault is a run whose n-th call of a kind meets a fault, and another one.
func (j *job) fault(w *world, want string, kind faults.Kind, n int, f faults.Fault) {
	w.Helper()
	cells.Add(1)
	where := fmt.Sprintf("%s at call %d of kind %d", f, n, kind)
	c := j.begin(w)
	met := 0
	w.faults.Plan(func(_ int, k faults.Kind) faults.Fault {
		if k == kind {
			met++
		}
		if k != kind || met != n {
			return faults.None
		}
		if c.post != nil && len(c.post.sent) > 0 {
			c.post.unrecorded = true
		}
		return f
	})
	err := j.run(c)
	w.faults.Plan(nil)
	harmless := f == faults.ShortPage || f == faults.EmptyPage || f == faults.OpenPage || f == faults.Slow
	if err != nil && harmless {
		w.report(where, []string{err.Error()})
	}
	if err != nil && leaks(err.Error()) {
		w.report(where, []string{"personal data in an error"})
	}
	w.report(where, w.ledger.audit(true))
	if now, _ := w.ledger.state(); harmless && now != want {
		w.report(where, []string{"not done: " + now + ", want " + want})
	}
	if err := j.run(c); err != nil {
		w.report(where, []string{"run again: " + err.Error()})
	}
	w.report(where, w.ledger.audit(false))
	if now, _ := w.ledger.state(); now != want {
		w.report(where, []string{"in the end " + now + ", want " + want})
	}
	if j.check != nil {
		if why := j.check(c, f); why != "" {
			w.report(where, []string{why})
		}
	}
}

// TestFailedAuthorizerIsNoRefusal: what API Gateway answers then says when to come again.
func TestFailedAuthorizerIsNoRefusal(t *testing.T) {
	w := newWorld(t)
	for _, list := range [][]gateway.Canned{w.conomy.GatewayResponses(), w.blnk.GatewayResponses()} {
		at := slices.IndexFunc(list, func(c gateway.Canned) bool { return c.Type == gateway.AuthorizerFailure })
		if list[at].Status != 503 || list[at].RetryAfter() == "" {
			t.Errorf("%d, Retry-After %q", list[at].Status, list[at].RetryAfter())
		}
	}
}
