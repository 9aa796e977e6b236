package faulttest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"cedula/shared/table"
	"cedula/shared/table/faulttable"
)

// childTask is what a process does that may be killed at it. Its table is in the
// process of the test.
type childTask struct {
	AnswerPath            string // of the file for the answer
	Dialect               string
	Caller                map[string]any
	ClockOffset           time.Duration
	Method, Target        string // of a request; none: the clean-up
	Body, Key             string
	Shards                []int
	KillBefore, KillAfter int // the call before or after which it is killed; 0: none
}

const childTaskVariable = "CEDULA_TEST_ERRAND"

// killSelf ends this process as kill -9 does.
func killSelf() {
	if p, err := os.FindProcess(os.Getpid()); err == nil {
		_ = p.Kill()
	}
	select {} // until it arrives
}

// TestChildProcess is the process. By itself it does nothing.
func TestChildProcess(t *testing.T) {
	var e childTask
	if err := json.Unmarshal([]byte(os.Getenv(childTaskVariable)), &e); err != nil {
		t.Skip("it is run by TestKilledAtEachCall")
	}
	w := &testEnv{TB: t, injector: faulttable.NewInjector(openRemoteTable())}
	w.clockOffset.Store(int64(e.ClockOffset))
	w.wire(w.injector)
	w.injector.SetPlan(func(n int, _ faulttable.Operation) faulttable.Fault {
		if n == e.KillBefore {
			killSelf()
		}
		return faulttable.None
	})
	w.injector.OnDone(func(n int) {
		if n == e.KillAfter {
			killSelf()
		}
	})
	c := &trial{testEnv: w, api: w.conomy, caller: e.Caller, queueShards: e.Shards}
	if e.Dialect == "blnk" {
		c.api = w.blnk
	}
	a := reply{status: 200}
	if e.Method == "" {
		if _, err := c.reaper().Expire(t.Context(), c.now().Add(time.Minute), false); err != nil {
			t.Fatal(err)
		}
	} else {
		a = c.send(request{e.Method, e.Target, e.Body, []string{"Idempotency-Key", e.Key}})
	}
	if err := os.WriteFile(e.AnswerPath, fmt.Appendf(nil, "%d %s", a.status, a.body), 0o600); err != nil {
		t.Fatal(err)
	}
}

// run runs a process to its end and returns its answer; none if it was killed.
func (e childTask) run(t *testing.T, on table.Table) string {
	t.Helper()
	e.AnswerPath = filepath.Join(t.TempDir(), "answer")
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	process := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestChildProcess$")
	process.Env = append(os.Environ(), childTaskVariable+"="+string(text))
	conn, inherited, err := childFiles()
	if err != nil {
		t.Fatal(err)
	}
	process.ExtraFiles = inherited
	served := make(chan error, 1)
	go func() { served <- serveTable(on, conn) }()
	out, err := process.CombinedOutput()
	for _, f := range inherited {
		_ = f.Close() // the child has ended: so does serveTable
	}
	if err := <-served; err != nil {
		t.Fatal(err)
	}
	died := err != nil && process.ProcessState.ExitCode() == -1
	if died != (e.KillBefore+e.KillAfter > 0) {
		t.Fatalf("%s of %s, %s, to be killed before call %d or after call %d: killed %v: %s", e.Method, e.Dialect, e.Target, e.KillBefore, e.KillAfter, died, out)
	}
	if err != nil && !died {
		t.Fatalf("%v: %s", err, out)
	}
	answer, _ := os.ReadFile(e.AnswerPath)
	return string(answer)
}

// killedOperations are the operations at each of whose calls a process is killed.
var killedOperations = map[string][]string{
	"conomy": {"create-identity", "update-identity: another claim", "delete-identity", "delete-identity: many parts", "confirm-verification", "expire"},
	"blnk":   {"create-identity", "update-identity", "delete-identity"},
}

// occupiesShards tells whether those who stand in the queue stand in so many shards: each
// that is read is a call.
func (c *trial) occupiesShards(shards int) bool {
	c.queueShards = nil
	c.findShards()
	return len(c.queueShards) == shards
}

// findOperation is an operation, or the clean-up.
func findOperation(dialect, name string) operation {
	all := map[string][]operation{"conomy": conomyOperations, "blnk": blnkOperations}[dialect]
	if at := slices.IndexFunc(all, func(o operation) bool { return o.name == name }); at >= 0 {
		return all[at]
	}
	return operation{name: name, prepare: func(c *trial) {
		c.create(2, pendingField)
		for c.identityID = c.create(3, pendingField); !c.occupiesShards(2); c.identityID = c.create(3, pendingField) {
			c.mustSend(request{"DELETE", c.identityPath(""), "", nil}, "")
		}
		for range 42 {
			c.mustSend(request{"POST", c.identityPath("/withdrawal-accounts"), bankAccountBody, nil}, "")
		}
		c.clockOffset.Store(int64(8 * 24 * time.Hour))
	}}
}

// TestKilledAtEachCall kills a process of the registry before and after each of
// its calls of the table, which another process has. A new process finds nothing
// broken, and the same request sent again takes effect once.
func TestKilledAtEachCall(t *testing.T) {
	killed := 0
	for _, dialect := range []string{"conomy", "blnk"} {
		for _, name := range killedOperations[dialect] {
			w, o := newTestEnv(t), findOperation(dialect, name)
			calls, want, steps := o.runWithoutKill(w, dialect)
			for n := 1; n <= calls; n++ {
				for _, after := range []bool{false, true} {
					o.runWithKill(t, w, dialect, n, after, want, steps)
					killed++
				}
			}
		}
	}
	trialCount.Add(int64(killed))
	t.Logf("killed %d times, %d broken invariants", killed, violationCount.Load())
}

// childTask is an operation on a cell, for another process.
func (o *operation) childTask(c *trial, dialect string) childTask {
	e := childTask{
		Dialect: dialect, Caller: c.caller,
		ClockOffset: time.Duration(c.clockOffset.Load()), Shards: c.queueShards, Key: "key",
	}
	if o.buildRequest != nil {
		q := o.buildRequest(c)
		e.Method, e.Target, e.Body = q.method, q.target, q.body
	}
	return e
}

// runWithoutKill is how many calls an operation makes, what the table holds then,
// and what it may hold on the way.
func (o *operation) runWithoutKill(w *testEnv, dialect string) (calls int, want string, steps []string) {
	c := w.newTrial(dialect)
	o.prepare(c)
	before, _ := w.audited.takeSummaries()
	w.injector.SetPlan(nil)
	if o.buildRequest == nil {
		_, err := c.reaper().Expire(context.Background(), c.now().Add(time.Minute), false)
		if err != nil {
			w.Fatal(err)
		}
	} else {
		c.send(o.requestWithKey(c))
	}
	calls = len(w.injector.Operations())
	want, steps = w.audited.takeSummaries()
	return calls, want, append(steps, before)
}

func (o *operation) runWithKill(t *testing.T, w *testEnv, dialect string, n int, after bool, want string, steps []string) {
	t.Helper()
	where := fmt.Sprintf("%s %s, call %d, after %v", dialect, o.name, n, after)
	c := w.newTrial(dialect)
	o.prepare(c)
	w.audited.takeSummaries()
	e := o.childTask(c, dialect)
	e.KillBefore = n
	if after {
		e.KillBefore, e.KillAfter = 0, n
	}
	e.run(t, w.audited)
	w.report(where, w.audited.audit(true))
	if now, _ := w.audited.takeSummaries(); o.buildRequest != nil && !slices.Contains(steps, now) {
		w.report(where, []string{"half done: " + now})
	}
	e.KillBefore, e.KillAfter = 0, 0
	again := e.run(t, w.audited)
	w.report(where, w.audited.audit(false))
	if now, _ := w.audited.takeSummaries(); now != want {
		w.report(where, []string{"in the end " + now + ", want " + want})
	}
	ok := len(again) > 1 && again[0] == '2'
	if gone := len(again) > 3 && again[:3] == "404"; !ok && (o.takesIdempotencyKey || !gone) {
		w.report(where, []string{"again: " + again})
	}
}
