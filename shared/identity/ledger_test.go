package identity_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"cedula/shared/identity"
	"cedula/shared/table"
)

// ledger is a table that knows all that stands in it, and holds each write to what
// is promised. It dies at a call that was chosen, before its effect or after.
type ledger struct {
	table.Table
	life     *life
	deleting bool // somebody asked for an identity to be deleted
	trusted  bool // somebody decides by themselves

	mu      sync.Mutex
	items   map[table.Key]table.Item
	dies    int // calls until it does; negative: never
	after   bool
	dead    bool
	crashes int
}

// call counts one, and tells whether it dies before it.
func (l *ledger) call() (dead, last bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dead {
		return true, false
	}
	if l.dies == 0 {
		l.dead = true
		return !l.after, true
	}
	l.dies--
	return false, false
}

func (l *ledger) Get(ctx context.Context, strong bool, keys ...table.Key) (table.Items, error) {
	if dead, last := l.call(); dead || last {
		return table.Items{}, errCrashed
	}
	return l.Table.Get(ctx, strong, keys...)
}

func (l *ledger) Query(ctx context.Context, q table.Query) (table.Page, error) {
	if dead, last := l.call(); dead || last {
		return table.Page{}, errCrashed
	}
	return l.Table.Query(ctx, q)
}

// Write sees only the writes of its own tenant: others stand in the same table.
func (l *ledger) Write(ctx context.Context, ops ...table.Op) (table.Units, error) {
	dead, last := l.call()
	if dead {
		return table.Units{}, errCrashed
	}
	l.mu.Lock()
	units, err := l.Table.Write(ctx, ops...)
	if err == nil {
		l.record(ops)
	}
	l.mu.Unlock()
	if last {
		return table.Units{}, errCrashed
	}
	return units, err
}

// record is called with what took effect.
func (l *ledger) record(ops []table.Op) {
	l.checkSending(ops)
	for _, op := range ops {
		was, there := l.items[op.Item.Key]
		switch op.Action {
		case table.ActionDelete:
			if there && isIdentity(op.Item.Key) {
				l.checkRemoval(decoded(was))
			}
			delete(l.items, op.Item.Key)
		case table.ActionPut:
			l.checkPut(was, there, op.Item)
			l.items[op.Item.Key] = op.Item
		}
	}
}

// stored is what a store wrote, by the short names that it gives. A number that is
// not there is 0, a text empty.
type stored map[string]any

func read(item table.Item) stored {
	s := stored{}
	if len(item.Body) > 0 {
		_ = json.Unmarshal(item.Body, &s) // what is no JSON says nothing
	}
	return s
}

func (s stored) number(name string) int64 {
	n, _ := s[name].(float64)
	return int64(n)
}

func (s stored) text(name string) string {
	t, _ := s[name].(string)
	return t
}

func (s stored) yes(name string) bool { return s[name] == true }

func (s stored) list(name string) []any {
	l, _ := s[name].([]any)
	return l
}

// seen is a stored identity.
type seen struct {
	identity.Identity
	claims   []string
	gone     bool
	reviewed bool
}

func decoded(item table.Item) seen {
	r := read(item)
	s := seen{gone: r.yes("gone"), reviewed: r["rev"] != nil}
	s.ID, s.Status, s.Version, s.Steps = r.text("id"), identity.Status(r.text("st")), r.number("v"), identity.Steps(r.text("steps"))
	s.Email, s.Phone = r.text("em"), r.text("ph")
	if x := r.number("x"); x != 0 {
		s.ExpiresAt = time.Unix(x, 0)
	}
	if r["hold"] != nil {
		s.Hold = &identity.Hold{}
	}
	for _, pk := range r.list("cl") {
		s.claims = append(s.claims, pk.(string))
	}
	for _, p := range r.list("pr") {
		p := stored(p.(map[string]any))
		proof := identity.Proof{Channel: identity.Channel(p.text("c")), Waived: p.yes("w")}
		if at := p.number("p"); at != 0 {
			proof.Proven = time.Unix(at, 0)
		}
		s.Proofs = append(s.Proofs, proof)
	}
	return s
}

func lapsed(i seen, now time.Time) bool {
	return !i.gone && i.Status.Pending() && i.Hold == nil && !now.Before(i.ExpiresAt)
}

func isIdentity(k table.Key) bool { return strings.Contains(k.PK, "#I#") && k.SK == "#" }

// identities are those that stand in the table.
func (l *ledger) identities() (list []seen) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for key, item := range l.items {
		if isIdentity(key) {
			list = append(list, decoded(item))
		}
	}
	slices.SortFunc(list, func(a, b seen) int { return strings.Compare(a.ID, b.ID) })
	return list
}

// checkRemoval: nobody removes an identity but who was asked to, or when it has lapsed.
func (l *ledger) checkRemoval(was seen) {
	if !l.deleting && !was.gone && !lapsed(was, l.life.now) {
		l.life.Errorf("%s was removed in status %s, until %v, on hold %v, at %v", was.ID, was.Status, was.ExpiresAt, was.Hold != nil, l.life.now)
	}
}

// checkPut: versions grow by one, statuses change as the table of transitions says,
// and nobody becomes active without proof.
func (l *ledger) checkPut(was table.Item, there bool, item table.Item) {
	switch {
	case isIdentity(item.Key):
		l.checkIdentity(was, there, item)
	case strings.HasPrefix(item.SK, "V#"):
		l.checkCode(was, there, item)
	case strings.Contains(item.PK, "#V#"):
		l.checkSends(item)
	}
}

func (l *ledger) checkIdentity(was table.Item, there bool, item table.Item) {
	i := decoded(item)
	if want := was.Version + 1; item.Version != want || i.Version != want {
		l.life.Errorf("%s: version %d after %d", i.ID, item.Version, was.Version)
	}
	if _, queued := item.Indexes["Q"]; queued != (i.gone || i.Status.Pending() && i.Hold == nil) {
		l.life.Errorf("%s, %s, on hold %v: in the queue %v", i.ID, i.Status, i.Hold != nil, queued)
	}
	if !there || i.gone {
		return
	}
	before := decoded(was)
	if lapsed(before, l.life.now) {
		l.life.Errorf("%s changed after it lapsed", i.ID)
	}
	if before.Status != i.Status && !slices.ContainsFunc(identity.Transitions, func(t identity.Transition) bool {
		return t.From == before.Status && slices.Contains(t.To, i.Status)
	}) {
		l.life.Errorf("%s: from %s to %s", i.ID, before.Status, i.Status)
	}
	if before.Status.Pending() && i.Status == identity.Active && !l.trusted {
		for c, has := range map[identity.Channel]bool{identity.ByEmail: i.Email != "" || i.Phone == "", identity.ByPhone: i.Phone != ""} {
			if p := i.Proof(c); has && p.Proven.IsZero() && !p.Waived {
				l.life.Errorf("%s became active without a proven %s", i.ID, c)
			}
		}
		if i.Steps == identity.ContactAndScreening && !i.reviewed {
			l.life.Errorf("%s became active unscreened", i.ID)
		}
	}
}

// checkCode: a code bears five wrong checks, is used in its time, and once.
func (l *ledger) checkCode(was table.Item, there bool, item table.Item) {
	before, now := read(was), read(item)
	switch {
	case item.Version != was.Version+1:
		l.life.Errorf("a code of version %d after %d", item.Version, was.Version)
	case now.number("n") > identity.CodeChecks:
		l.life.Errorf("a code bore %d checks", now.number("n"))
	case !there || now.text("h") != before.text("h"):
		return // another code
	case before.yes("u"):
		l.life.Error("a code was used twice, or tried after it was used")
	case now.yes("u") && (before.number("n") >= identity.CodeChecks || l.life.now.Unix() >= before.number("x")):
		l.life.Errorf("a code was used after its end: %v at %v", before, l.life.now)
	}
}

// checkSends: no address gets more codes than it may.
func (l *ledger) checkSends(item table.Item) {
	hour, day := 0, 0
	for _, t := range read(item).list("t") {
		ago := l.life.now.Unix() - int64(t.(float64))
		if ago < 3600 {
			hour++
		}
		if ago < 24*3600 {
			day++
		}
	}
	if hour > identity.SendsPerHour || day > identity.SendsPerDay {
		l.life.Errorf("%d codes within an hour, %d within a day", hour, day)
	}
}

// checkSending: a code is sent, counted and put into the outbox together.
func (l *ledger) checkSending(ops []table.Op) {
	sent, counted, queued := 0, 0, 0
	for _, op := range ops {
		c, put := read(op.Item), op.Action == table.ActionPut
		switch {
		case put && strings.HasPrefix(op.Item.SK, "V#") && c.number("n") == 0 && !c.yes("u"):
			sent++
		case put && strings.Contains(op.Item.PK, "#V#"):
			counted++
		case put && strings.HasPrefix(op.Item.PK, "M#"):
			queued++
		}
	}
	if sent != counted || sent != queued {
		l.life.Errorf("%d codes sent, %d counted, %d queued in one write", sent, counted, queued)
	}
}

// checkAll: a claim is there exactly when its identity is.
func (l *ledger) checkAll() {
	held := make(map[string]string)
	for _, i := range l.identities() {
		if !i.gone {
			for _, pk := range i.claims {
				held[pk] = i.ID
			}
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for key, item := range l.items {
		if !strings.Contains(key.PK, "#U#") {
			continue
		}
		if held[key.PK] != item.Owner {
			l.life.Errorf("a claim of %s, which %q holds", item.Owner, held[key.PK])
		}
		delete(held, key.PK)
	}
	for _, id := range held {
		l.life.Errorf("%s holds a claim that is not there", id)
	}
}

// checkLeft: when all pending ones have lapsed, no part of a gone one is left.
func (l *ledger) checkLeft() {
	there := make(map[string]bool)
	for _, i := range l.identities() {
		if there[i.ID] = true; i.Status.Pending() || i.gone {
			l.life.Errorf("%s is still there, %s, gone %v", i.ID, i.Status, i.gone)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for key := range l.items {
		if _, id, is := strings.Cut(key.PK, "#I#"); is && !there[id] {
			l.life.Errorf("%s is left of %s", key.SK, id)
		}
	}
}
