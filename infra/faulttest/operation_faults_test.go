package faulttest_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"cedula/shared/gateway"
	"cedula/shared/table/faulttable"
)

// trialCount and broken count over all tests of the run.
var trialCount, violationCount atomic.Int64

// baseline is what an operation does where nothing fails: its calls, what the
// table holds before, after each of its writes and at the end, and after the
// same request again.
type baseline struct {
	callKinds                     []faulttable.Operation
	stateBefore, stateAfterRepeat string
	statesAfterWrites             []string
	repeatStatus                  int // the status of the same request again
}

func (s *baseline) finalState() string { return s.statesAfterWrites[len(s.statesAfterWrites)-1] }

// requestWithKey is the request of an operation with its key.
func (o *operation) requestWithKey(c *trial) request {
	q := o.buildRequest(c)
	if o.takesIdempotencyKey {
		q.headers = append(q.headers, "Idempotency-Key", "key")
	}
	return q
}

func (o *operation) runWithoutFaults(w *testEnv, dialect string) baseline {
	w.Helper()
	c := w.newTrial(dialect)
	o.prepare(c)
	s := baseline{}
	s.stateBefore, _ = w.audited.takeSummaries()
	w.injector.SetPlan(nil)
	first := c.send(o.requestWithKey(c))
	s.callKinds = w.injector.Operations()
	now, steps := w.audited.takeSummaries()
	if s.statesAfterWrites = steps; len(steps) == 0 {
		s.statesAfterWrites = []string{now}
	}
	second := c.send(o.requestWithKey(c))
	s.repeatStatus = second.status
	s.stateAfterRepeat, _ = w.audited.takeSummaries()
	switch {
	case first.status != o.wantStatus:
		w.Fatalf("%d %s", first.status, first.body)
	case o.takesIdempotencyKey && (second.body != first.body || second.status != first.status || second.header.Get("Idempotent-Replayed") != "true" || s.stateAfterRepeat != s.finalState()):
		w.Errorf("the replay differs: %d %s\n%d %s\n%s\n%s", first.status, first.body, second.status, second.body, s.finalState(), s.stateAfterRepeat)
	case o.readOnly && s.stateAfterRepeat != s.stateBefore:
		w.Errorf("a read writes: %s, then %s", s.stateBefore, s.stateAfterRepeat)
	}
	w.report("sound", w.audited.audit(false))
	return s
}

func (w *testEnv) report(where string, wrong []string) {
	w.Helper()
	for _, what := range wrong {
		violationCount.Add(1)
		w.Errorf("%s: %s", where, what)
	}
}

// runWithFault tries an operation whose n-th call meets a fault, then again as often
// as it failed, each of these but the last meeting the fault too.
func (o *operation) runWithFault(w *testEnv, dialect string, s baseline, n int, f faulttable.Fault, times int) {
	w.Helper()
	trialCount.Add(1)
	where := fmt.Sprintf("%s at call %d, %d times", f, n, times)
	bad := func(format string, args ...any) { w.report(where, []string{fmt.Sprintf(format, args...)}) }
	c := w.newTrial(dialect)
	o.prepare(c)
	wanted := ""
	if o.readOnly && o.name != "create-token" {
		wanted = c.send(o.requestWithKey(c)).body
	}
	if before, _ := w.audited.takeSummaries(); before != s.stateBefore {
		bad("it does not begin alike: %s and %s", s.stateBefore, before)
	}
	q := o.requestWithKey(c)
	acknowledged, done := "", false
	for range times {
		w.injector.SetPlan(faulttable.FaultAt(n, f))
		a := c.send(q)
		w.injector.SetPlan(nil)
		now, _ := w.audited.takeSummaries()
		if why := o.checkReply(a, s, f, done); why != "" {
			bad("%s: %d %s", why, a.status, a.body)
		}
		if !slices.Contains(append(s.statesAfterWrites, s.stateBefore, s.stateAfterRepeat), now) {
			bad("half done: %s, want one of %s, %q", now, s.stateBefore, s.statesAfterWrites)
		}
		if a.status == o.wantStatus && o.takesIdempotencyKey {
			if now != s.finalState() || acknowledged != "" && acknowledged != a.body {
				bad("acknowledged: %s, want %s", now, s.finalState())
			}
			acknowledged = a.body
		}
		if a.status == o.wantStatus && wanted != "" && a.body != wanted {
			bad("it reads %s, want %s", a.body, wanted)
		}
		done = done || now != s.stateBefore
		w.report(where, w.audited.audit(true))
	}
	last := c.send(q)
	now, _ := w.audited.takeSummaries()
	switch {
	case last.status != o.wantStatus && (o.takesIdempotencyKey || last.status != s.repeatStatus):
		bad("tried again: %d %s", last.status, last.body)
	case acknowledged != "" && last.body != acknowledged:
		bad("the replay differs: %s\n%s", acknowledged, last.body)
	case wanted != "" && last.body != wanted:
		bad("it reads %s, want %s", last.body, wanted)
	case now != s.finalState() && (o.takesIdempotencyKey || now != s.stateAfterRepeat && times == 1):
		bad("in the end %s, want %s or %s", now, s.finalState(), s.stateAfterRepeat)
	}
	if o.returnsIdentity {
		o.checkFetched(c, last, bad)
	}
	w.report(where, w.audited.audit(false))
}

// checkReply says what is wrong with an answer to a request that met a fault.
func (o *operation) checkReply(a reply, s baseline, f faulttable.Fault, done bool) string {
	retry := a.header.Get("Retry-After") != ""
	switch {
	case a.status == o.wantStatus, done && !o.takesIdempotencyKey && a.status == s.repeatStatus:
		return ""
	case a.status >= 300 && containsPersonalData(a.body):
		return "personal data in an error"
	case a.status == http.StatusServiceUnavailable && !retry, a.status == http.StatusConflict && !retry:
		return "no Retry-After"
	case f == faulttable.Conflict && a.status == http.StatusConflict:
		return ""
	case f == faulttable.ShortPage, f == faulttable.EmptyPage, f == faulttable.SpuriousNext, f == faulttable.Slow, f == faulttable.Conflict:
		return "a fault without consequence has one"
	case a.status == http.StatusServiceUnavailable:
		return ""
	}
	return "unexpected answer"
}

// checkFetched compares what an operation answered with what is there.
func (o *operation) checkFetched(c *trial, last reply, bad func(string, ...any)) {
	id := c.identityID
	if id == "" {
		id = firstString(last.body, "id", "identity_id")
	}
	if got := c.send(request{"GET", "/identities/" + id, "", nil}); got.body != last.body {
		bad("it shows %s, and answered %s", got.body, last.body)
	}
}

// TestFaultsOfOperations lets each operation meet each fault at each of its calls.
func TestFaultsOfOperations(t *testing.T) {
	for dialect, operations := range map[string][]operation{"conomy": conomyOperations, "blnk": blnkOperations} {
		for _, o := range operations {
			t.Run(dialect+" "+o.name, func(t *testing.T) {
				t.Parallel()
				w := newTestEnv(t)
				s := o.runWithoutFaults(w, dialect)
				for n, kind := range s.callKinds {
					for _, f := range faulttable.FaultsFor(kind) {
						o.runWithFault(w, dialect, s, n+1, f, 1)
						if full {
							o.runWithFault(w, dialect, s, n+1, f, 2)
						}
					}
				}
			})
		}
	}
}

// TestEveryOperationMeetsFaults: an operation that is in no list asks no table.
func TestEveryOperationMeetsFaults(t *testing.T) {
	w := newTestEnv(t)
	for dialect, operations := range map[string][]operation{"conomy": conomyOperations, "blnk": blnkOperations} {
		c := w.newTrial(dialect)
		listed := map[string]bool{}
		for _, o := range operations {
			name, _, _ := strings.Cut(o.name, ":")
			listed[name] = true
		}
		for _, r := range c.api.Routes() {
			if listed[r.Name] || r.Method == gateway.AnyMethod {
				continue
			}
			path := r.Path
			for strings.Contains(path, "{") {
				from, to := strings.IndexByte(path, '{'), strings.IndexByte(path, '}')
				path = path[:from] + "x" + path[to+1:]
			}
			w.injector.SetPlan(nil)
			c.send(request{r.Method, path, "{}", nil})
			if calls := len(w.injector.Operations()); calls > 0 {
				t.Errorf("%s %s makes %d calls of the table and is in no list", dialect, r.Name, calls)
			}
		}
	}
}
