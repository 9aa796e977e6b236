package faults_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"cedula/infra/tablesocket"
	"cedula/shared/table/embedded"
	"cedula/shared/table/faults"

	"cedula/shared/store"
)

// errand is what a process does that may be killed at it. Its table is in the
// process of the test.
type errand struct {
	Socket, Answer string // paths: of the table's socket, and of the file for the answer
	Dialect        string
	Caller         map[string]any
	Ahead          time.Duration
	Method, Target string // of a request; none: the clean-up
	Body, Key      string
	Shards         []int
	Before, After  int // the call before or after which it is killed; 0: none
}

const errandVariable = "CEDULA_TEST_ERRAND"

// kill ends this process as kill -9 does.
func kill() {
	if p, err := os.FindProcess(os.Getpid()); err == nil {
		_ = p.Kill()
	}
	select {} // until it arrives
}

// TestErrand is the process. By itself it does nothing.
func TestErrand(t *testing.T) {
	var e errand
	if err := json.Unmarshal([]byte(os.Getenv(errandVariable)), &e); err != nil {
		t.Skip("it is run by TestKilledAtEachCall")
	}
	client, err := tablesocket.Dial(t.Context(), e.Socket)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{TB: t, faults: faults.Inject(client)}
	w.ahead.Store(int64(e.Ahead))
	w.wire(w.faults)
	w.faults.Plan(func(n int, _ faults.Kind) faults.Fault {
		if n == e.Before {
			kill()
		}
		return faults.None
	})
	w.faults.Done(func(n int) {
		if n == e.After {
			kill()
		}
	})
	c := &cell{world: w, dialect: w.conomy, caller: e.Caller, shards: e.Shards}
	if e.Dialect == "blnk" {
		c.dialect = w.blnk
	}
	a := reply{status: 200}
	if e.Method == "" {
		if _, err := c.cleaner().Expire(t.Context(), c.now().Add(time.Minute), false); err != nil {
			t.Fatal(err)
		}
	} else {
		a = c.send(request{e.Method, e.Target, e.Body, []string{"Idempotency-Key", e.Key}})
	}
	if err := os.WriteFile(e.Answer, fmt.Appendf(nil, "%d %s", a.status, a.body), 0o600); err != nil {
		t.Fatal(err)
	}
}

// run runs a process to its end and returns its answer; none if it was killed.
func (e errand) run(t *testing.T) string {
	t.Helper()
	_ = os.Remove(e.Answer)
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	process := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestErrand$")
	process.Env = append(os.Environ(), errandVariable+"="+string(text))
	out, err := process.CombinedOutput()
	died := err != nil && process.ProcessState.ExitCode() == -1
	if died != (e.Before+e.After > 0) {
		t.Fatalf("%s of %s, %s, to be killed before call %d or after call %d: killed %v: %s", e.Method, e.Dialect, e.Target, e.Before, e.After, died, out)
	}
	if err != nil && !died {
		t.Fatalf("%v: %s", err, out)
	}
	answer, _ := os.ReadFile(e.Answer)
	return string(answer)
}

// kills are the operations at each of whose calls a process is killed.
var kills = map[string][]string{
	"conomy": {"create-identity", "update-identity: another claim", "delete-identity", "delete-identity: many parts", "confirm-verification", "expire"},
	"blnk":   {"create-identity", "update-identity", "delete-identity"},
}

// apart tells whether those who stand in the queue stand in so many shards: each
// that is read is a call.
func (c *cell) apart(shards int) bool {
	c.shards = nil
	c.findShards()
	return len(c.shards) == shards
}

// named is an operation, or the clean-up.
func named(dialect, name string) operation {
	all := map[string][]operation{"conomy": conomyOperations, "blnk": blnkOperations}[dialect]
	if at := slices.IndexFunc(all, func(o operation) bool { return o.name == name }); at >= 0 {
		return all[at]
	}
	return operation{name: name, prepare: func(c *cell) {
		c.create(2, pending)
		for c.id = c.create(3, pending); !c.apart(2); c.id = c.create(3, pending) {
			c.must(request{"DELETE", c.path(""), "", nil}, "")
		}
		for range 42 {
			c.must(request{"POST", c.path("/withdrawal-accounts"), bank, nil}, "")
		}
		c.ahead.Store(int64(8 * 24 * time.Hour))
	}}
}

// TestKilledAtEachCall kills a process of the registry before and after each of
// its calls of the table, which another process has. A new process finds nothing
// broken, and the same request sent again takes effect once.
func TestKilledAtEachCall(t *testing.T) {
	killed := 0
	for _, dialect := range []string{"conomy", "blnk"} {
		for _, name := range kills[dialect] {
			w, o := newServedWorld(t), named(dialect, name)
			calls, want, steps := o.undisturbed(w, dialect)
			for n := 1; n <= calls; n++ {
				for _, after := range []bool{false, true} {
					o.killed(t, w, dialect, n, after, want, steps)
					killed++
				}
			}
		}
	}
	cells.Add(int64(killed))
	t.Logf("killed %d times, %d broken invariants", killed, broken.Load())
}

// served is a world whose table other processes have at a socket.
type served struct {
	*world
	socket, folder string
}

func newServedWorld(t *testing.T) *served {
	t.Helper()
	folder, err := os.MkdirTemp("", "f") //nolint:usetesting // its name would hold the test's, too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	db, err := embedded.Open(filepath.Join(folder, "table"), store.Indexes)
	if err != nil {
		t.Fatal(err)
	}
	w := &served{newWorldOn(t, db), filepath.Join(folder, "s"), folder}
	var l net.Listener
	if l, err = tablesocket.Listen(t.Context(), w.socket); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- tablesocket.Serve(ctx, l, w.ledger) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		_ = db.Close()
		_ = os.RemoveAll(folder)
	})
	return w
}

// errand is an operation on a cell, for another process.
func (o *operation) errand(c *cell, w *served, dialect string) errand {
	e := errand{
		Socket: w.socket, Answer: filepath.Join(w.folder, "answer"), Dialect: dialect, Caller: c.caller,
		Ahead: time.Duration(c.ahead.Load()), Shards: c.shards, Key: "key",
	}
	if o.ask != nil {
		q := o.ask(c)
		e.Method, e.Target, e.Body = q.method, q.target, q.body
	}
	return e
}

// undisturbed is how many calls an operation makes, what the table holds then,
// and what it may hold on the way.
func (o *operation) undisturbed(w *served, dialect string) (calls int, want string, steps []string) {
	c := w.cell(dialect)
	o.prepare(c)
	before, _ := w.ledger.state()
	w.faults.Plan(nil)
	if o.ask == nil {
		_, err := c.cleaner().Expire(context.Background(), c.now().Add(time.Minute), false)
		if err != nil {
			w.Fatal(err)
		}
	} else {
		c.send(o.try(c))
	}
	calls = len(w.faults.Kinds())
	want, steps = w.ledger.state()
	return calls, want, append(steps, before)
}

func (o *operation) killed(t *testing.T, w *served, dialect string, n int, after bool, want string, steps []string) {
	t.Helper()
	where := fmt.Sprintf("%s %s, call %d, after %v", dialect, o.name, n, after)
	c := w.cell(dialect)
	o.prepare(c)
	w.ledger.state()
	e := o.errand(c, w, dialect)
	e.Before = n
	if after {
		e.Before, e.After = 0, n
	}
	e.run(t)
	w.report(where, w.ledger.audit(true))
	if now, _ := w.ledger.state(); o.ask != nil && !slices.Contains(steps, now) {
		w.report(where, []string{"half done: " + now})
	}
	e.Before, e.After = 0, 0
	again := e.run(t)
	w.report(where, w.ledger.audit(false))
	if now, _ := w.ledger.state(); now != want {
		w.report(where, []string{"in the end " + now + ", want " + want})
	}
	ok := len(again) > 1 && again[0] == '2'
	if gone := len(again) > 3 && again[:3] == "404"; !ok && (o.keyed || !gone) {
		w.report(where, []string{"again: " + again})
	}
}
