package faults_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"cedula/shared/gateway"
	"cedula/shared/table/faults"
)

// cells and broken count over all tests of the run.
var cells, broken atomic.Int64

// sound is what an operation does where nothing fails: its calls, what the
// table holds before, after each of its writes and at the end, and after the
// same request again.
type sound struct {
	kinds         []faults.Kind
	before, again string
	steps         []string
	second        int // the status of the same request again
}

func (s *sound) after() string { return s.steps[len(s.steps)-1] }

// try is the request of an operation with its key.
func (o *operation) try(c *cell) request {
	q := o.ask(c)
	if o.keyed {
		q.headers = append(q.headers, "Idempotency-Key", "key")
	}
	return q
}

func (o *operation) sound(w *world, dialect string) sound {
	w.Helper()
	c := w.cell(dialect)
	o.prepare(c)
	s := sound{}
	s.before, _ = w.ledger.state()
	w.faults.Plan(nil)
	first := c.send(o.try(c))
	s.kinds = w.faults.Kinds()
	now, steps := w.ledger.state()
	if s.steps = steps; len(steps) == 0 {
		s.steps = []string{now}
	}
	second := c.send(o.try(c))
	s.second = second.status
	s.again, _ = w.ledger.state()
	switch {
	case first.status != o.want:
		w.Fatalf("%d %s", first.status, first.body)
	case o.keyed && (second.body != first.body || second.status != first.status || second.header.Get("Idempotent-Replayed") != "true" || s.again != s.after()):
		w.Errorf("the replay differs: %d %s\n%d %s\n%s\n%s", first.status, first.body, second.status, second.body, s.after(), s.again)
	case o.reads && s.again != s.before:
		w.Errorf("a read writes: %s, then %s", s.before, s.again)
	}
	w.report("sound", w.ledger.audit(false))
	return s
}

func (w *world) report(where string, wrong []string) {
	w.Helper()
	for _, what := range wrong {
		broken.Add(1)
		w.Errorf("%s: %s", where, what)
	}
}

// fault tries an operation whose n-th call meets a fault, then again as often
// as it failed, each of these but the last meeting the fault too.
func (o *operation) fault(w *world, dialect string, s sound, n int, f faults.Fault, times int) {
	w.Helper()
	cells.Add(1)
	where := fmt.Sprintf("%s at call %d, %d times", f, n, times)
	bad := func(format string, args ...any) { w.report(where, []string{fmt.Sprintf(format, args...)}) }
	c := w.cell(dialect)
	o.prepare(c)
	wanted := ""
	if o.reads && o.name != "create-token" {
		wanted = c.send(o.try(c)).body
	}
	if before, _ := w.ledger.state(); before != s.before {
		bad("it does not begin alike: %s and %s", s.before, before)
	}
	q := o.try(c)
	acknowledged, done := "", false
	for range times {
		w.faults.Plan(faults.At(n, f))
		a := c.send(q)
		w.faults.Plan(nil)
		now, _ := w.ledger.state()
		if why := o.judge(a, s, f, done); why != "" {
			bad("%s: %d %s", why, a.status, a.body)
		}
		if !slices.Contains(append(s.steps, s.before, s.again), now) {
			bad("half done: %s, want one of %s, %q", now, s.before, s.steps)
		}
		if a.status == o.want && o.keyed {
			if now != s.after() || acknowledged != "" && acknowledged != a.body {
				bad("acknowledged: %s, want %s", now, s.after())
			}
			acknowledged = a.body
		}
		if a.status == o.want && wanted != "" && a.body != wanted {
			bad("it reads %s, want %s", a.body, wanted)
		}
		done = done || now != s.before
		w.report(where, w.ledger.audit(true))
	}
	last := c.send(q)
	now, _ := w.ledger.state()
	switch {
	case last.status != o.want && (o.keyed || last.status != s.second):
		bad("tried again: %d %s", last.status, last.body)
	case acknowledged != "" && last.body != acknowledged:
		bad("the replay differs: %s\n%s", acknowledged, last.body)
	case wanted != "" && last.body != wanted:
		bad("it reads %s, want %s", last.body, wanted)
	case now != s.after() && (o.keyed || now != s.again && times == 1):
		bad("in the end %s, want %s or %s", now, s.after(), s.again)
	}
	if o.shows {
		o.fetch(c, last, bad)
	}
	w.report(where, w.ledger.audit(false))
}

// judge says what is wrong with an answer to a request that met a fault.
func (o *operation) judge(a reply, s sound, f faults.Fault, done bool) string {
	retry := a.header.Get("Retry-After") != ""
	switch {
	case a.status == o.want, done && !o.keyed && a.status == s.second:
		return ""
	case a.status >= 300 && leaks(a.body):
		return "personal data in an error"
	case a.status == http.StatusServiceUnavailable && !retry, a.status == http.StatusConflict && !retry:
		return "no Retry-After"
	case f == faults.Conflict && a.status == http.StatusConflict:
		return ""
	case f == faults.ShortPage, f == faults.EmptyPage, f == faults.OpenPage, f == faults.Slow, f == faults.Conflict:
		return "a fault without consequence has one"
	case a.status == http.StatusServiceUnavailable:
		return ""
	}
	return "unexpected answer"
}

// fetch compares what an operation answered with what is there.
func (o *operation) fetch(c *cell, last reply, bad func(string, ...any)) {
	id := c.id
	if id == "" {
		id = memberOf(last.body, "id", "identity_id")
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
				w := newWorld(t)
				s := o.sound(w, dialect)
				for n, kind := range s.kinds {
					for _, f := range faults.Of(kind) {
						o.fault(w, dialect, s, n+1, f, 1)
						if full {
							o.fault(w, dialect, s, n+1, f, 2)
						}
					}
				}
			})
		}
	}
}

// TestEveryOperationMeetsFaults: an operation that is in no list asks no table.
func TestEveryOperationMeetsFaults(t *testing.T) {
	w := newWorld(t)
	for dialect, operations := range map[string][]operation{"conomy": conomyOperations, "blnk": blnkOperations} {
		c := w.cell(dialect)
		listed := map[string]bool{}
		for _, o := range operations {
			name, _, _ := strings.Cut(o.name, ":")
			listed[name] = true
		}
		for _, r := range c.dialect.Routes() {
			if listed[r.Name] || r.Method == gateway.AnyMethod {
				continue
			}
			path := r.Path
			for strings.Contains(path, "{") {
				from, to := strings.IndexByte(path, '{'), strings.IndexByte(path, '}')
				path = path[:from] + "x" + path[to+1:]
			}
			w.faults.Plan(nil)
			c.send(request{r.Method, path, "{}", nil})
			if calls := len(w.faults.Kinds()); calls > 0 {
				t.Errorf("%s %s makes %d calls of the table and is in no list", dialect, r.Name, calls)
			}
		}
	}
}
