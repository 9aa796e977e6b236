package operationtest_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"cedula/infra/invariants"
	"cedula/shared/gateway"
	"cedula/shared/table/faulttable"
)

// crashes are the faults that any call can meet.
var crashes = []faulttable.Fault{faulttable.CrashBefore, faulttable.CrashAfter}

func faultsFor(k faulttable.Operation) []faulttable.Fault {
	return append(faulttable.FaultsFor(k), crashes...)
}

// harmless reports whether a fault may have no consequence at all.
func harmless(f faulttable.Fault) bool {
	return slices.Contains([]faulttable.Fault{faulttable.ShortPage, faulttable.EmptyPage, faulttable.SpuriousNext}, f)
}

// baseline is what an operation does when nothing fails.
type baseline struct {
	calls        []faulttable.Operation
	before       string   // the state that its preparation leaves
	after        []string // the states after each of its writes, at least one
	repeated     string   // the state after the same request again
	repeatStatus int
}

func (b *baseline) final() string { return b.after[len(b.after)-1] }

// start begins a trial up to the operation.
func (o *operation) start(e *testEnv, api string) (c *trial, before string) {
	e.Helper()
	c = e.newTrial(api)
	if o.prepare != nil {
		o.prepare(c)
	}
	e.checked.AllowDeletion = strings.HasPrefix(o.name, "delete-identity")
	before, _ = e.checked.State()
	return c, before
}

func (o *operation) runWithoutFault(e *testEnv, api string) (b baseline) {
	e.Helper()
	c, before := o.start(e, api)
	e.injector.SetPlan(nil)
	first := c.send(o.request())
	b.before, b.calls = before, e.injector.Operations()
	now, after := e.checked.State()
	if b.after = after; len(after) == 0 {
		b.after = []string{now}
	}
	second := c.send(o.request())
	b.repeatStatus = second.status
	b.repeated, _ = e.checked.State()
	if first.status != o.wantStatus() {
		e.Fatalf("status = %d, want %d: %s", first.status, o.wantStatus(), first.body)
	}
	isReplay := second.body == first.body && second.status == first.status && second.header.Get("Idempotent-Replayed") == "true"
	if o.acceptsKey() && !isReplay {
		e.Errorf("replay = %d %s, want %d %s", second.status, second.body, first.status, first.body)
	}
	if want := b.final(); o.acceptsKey() && b.repeated != want {
		e.Errorf("state after the replay = %s, want %s", b.repeated, want)
	}
	if o.effect == reads && b.repeated != before {
		e.Errorf("state after a read = %s, want %s", b.repeated, before)
	}
	e.report("without a fault", e.checked.Check(invariants.AtRest)...)
	return b
}

// attempt is a trial of an operation whose n-th call meets a fault, several times, and that then succeeds.
type attempt struct {
	*trial
	*operation
	baseline
	fault        faulttable.Fault
	n, times     int
	read         string // the response body of a read without a fault
	acknowledged string // the response body of a change that was reported as done
	changed      bool   // the state has changed
}

func (a *attempt) bad(format string, args ...any) {
	a.Helper()
	a.report(fmt.Sprintf("%s at call %d, %d times", a.fault, a.n, a.times), fmt.Sprintf(format, args...))
}

func (a *attempt) run() {
	a.Helper()
	trialCount.Add(1)
	for range a.times {
		a.meetFault()
	}
	a.finish()
}

// meetFault sends the request while one call meets the fault. It may fail, but not halfway.
func (a *attempt) meetFault() {
	a.Helper()
	a.injector.SetPlan(faulttable.FaultAt(a.n, a.fault))
	got := a.send(a.request())
	a.injector.SetPlan(nil)
	now, _ := a.checked.State()
	if !slices.Contains(append(a.after, a.before, a.repeated), now) {
		a.bad("state = %s, want %s or one of %q", now, a.before, a.after)
	}
	if !slices.Contains(crashes, a.fault) { // else there is no response
		a.checkReply(got, now)
	}
	a.changed = a.changed || now != a.before
	for _, v := range a.checked.Check(invariants.Interrupted) {
		a.bad("%s", v)
	}
}

// checkReply checks the response to a request that met the fault.
func (a *attempt) checkReply(got reply, state string) {
	a.Helper()
	if why := a.wrongReply(got); why != "" {
		a.bad("%s: %d %s", why, got.status, got.body)
	}
	if got.status != a.wantStatus() {
		return
	}
	if a.read != "" && got.body != a.read {
		a.bad("read = %s, want %s", got.body, a.read)
	}
	if !a.acceptsKey() {
		return
	}
	if state != a.final() || a.acknowledged != "" && got.body != a.acknowledged {
		a.bad("reported as done: %s in state %s, want %s in state %s", got.body, state, a.acknowledged, a.final())
	}
	a.acknowledged = got.body
}

// wrongReply returns what is wrong with a response, or "".
func (a *attempt) wrongReply(got reply) string {
	if got.status == a.wantStatus() || a.changed && !a.acceptsKey() && got.status == a.repeatStatus {
		return ""
	}
	if containsPersonalData(got.body) {
		return "personal data in an error"
	}
	if harmless(a.fault) {
		return "a harmless fault causes an error"
	}
	want := http.StatusServiceUnavailable
	if a.fault == faulttable.Conflict {
		want = http.StatusConflict
	}
	if got.status != want || got.header.Get("Retry-After") == "" {
		return fmt.Sprintf("want status %d with Retry-After", want)
	}
	return ""
}

// finish sends the request without a fault, which completes what was begun.
func (a *attempt) finish() {
	a.Helper()
	got := a.send(a.request())
	now, _ := a.checked.State()
	if got.status != a.wantStatus() && (a.acceptsKey() || got.status != a.repeatStatus) {
		a.bad("status of the retry = %d, want %d: %s", got.status, a.wantStatus(), got.body)
	}
	if a.acknowledged != "" && got.body != a.acknowledged {
		a.bad("replay = %s, want %s", got.body, a.acknowledged)
	}
	if a.read != "" && got.body != a.read {
		a.bad("read = %s, want %s", got.body, a.read)
	}
	if now != a.final() && (a.acceptsKey() || now != a.repeated && a.times == 1) {
		a.bad("final state = %s, want %s or %s", now, a.final(), a.repeated)
	}
	if a.effect == shows {
		a.checkFetched(got)
	}
	for _, v := range a.checked.Check(invariants.AtRest) {
		a.bad("%s", v)
	}
}

// checkFetched checks that a fetch returns what the change returned.
func (a *attempt) checkFetched(changed reply) {
	a.Helper()
	if a.identityID == "" {
		a.identityID = firstString(changed.body, "id", "identity_id")
	}
	if got := a.send(request{operation: "get-identity"}); got.body != changed.body {
		a.bad("a fetch returns %s, want %s", got.body, changed.body)
	}
}

func TestFaultsOfOperations(t *testing.T) {
	for api, list := range operations {
		for _, o := range list {
			t.Run(api+" "+o.name, func(t *testing.T) {
				t.Parallel()
				e := newTestEnv(t)
				b := o.runWithoutFault(e, api)
				for n, kind := range b.calls {
					for _, f := range faultsFor(kind) {
						for times := 1; times <= soakOr(1, 2); times++ {
							o.attempt(e, api, b, f, n+1, times).run()
						}
					}
				}
			})
		}
	}
}

// attempt prepares a trial that must start from the same state as the baseline.
func (o *operation) attempt(e *testEnv, api string, b baseline, f faulttable.Fault, n, times int) *attempt {
	e.Helper()
	c, before := o.start(e, api)
	a := &attempt{trial: c, operation: o, baseline: b, fault: f, n: n, times: times}
	if o.effect == reads && o.name != "create-token" {
		a.read = c.send(o.request()).body
	}
	if before != b.before {
		a.bad("state at the start = %s, want %s", before, b.before)
	}
	return a
}

// TestEveryOperationMeetsFaults checks that an operation that is not listed does not call the table.
func TestEveryOperationMeetsFaults(t *testing.T) {
	e := newTestEnv(t)
	for api, list := range operations {
		c := e.newTrial(api)
		c.identityID = "x"
		for _, r := range c.api().Routes() {
			isListed := func(o operation) bool { return o.request().operation == r.Name }
			if r.Method == gateway.AnyMethod || slices.ContainsFunc(list, isListed) {
				continue
			}
			e.injector.SetPlan(nil)
			c.send(request{operation: r.Name, param: "x", body: "{}"})
			if calls := len(e.injector.Operations()); calls > 0 {
				t.Errorf("%s %s calls the table %d times and is not listed", api, r.Name, calls)
			}
		}
	}
}
