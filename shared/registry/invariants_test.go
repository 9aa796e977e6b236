package registry_test

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

// invariantTable is a table that knows all that stands in it, and holds each write to what
// is promised. It dies at a call that was chosen, before its effect or after.
type invariantTable struct {
	table.Table
	run               *modelRun
	deletionRequested bool // somebody asked for an identity to be deleted
	trustedCaller     bool // somebody decides by themselves

	mu               sync.Mutex
	items            map[table.Key]table.Item
	callsUntilCrash  int // calls until it does; negative: never
	crashAfterEffect bool
	crashed          bool
	crashes          int
}

// countCall counts one, and tells whether it dies before it.
func (l *invariantTable) countCall() (dead, last bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.crashed {
		return true, false
	}
	if l.callsUntilCrash == 0 {
		l.crashed = true
		return !l.crashAfterEffect, true
	}
	l.callsUntilCrash--
	return false, false
}

func (l *invariantTable) Get(ctx context.Context, strong bool, keys ...table.Key) (table.GetResult, error) {
	if dead, last := l.countCall(); dead || last {
		return table.GetResult{}, errCrashed
	}
	return l.Table.Get(ctx, strong, keys...)
}

func (l *invariantTable) Query(ctx context.Context, q table.Query) (table.Page, error) {
	if dead, last := l.countCall(); dead || last {
		return table.Page{}, errCrashed
	}
	return l.Table.Query(ctx, q)
}

// Write sees only the writes of its own tenant: others stand in the same table.
func (l *invariantTable) Write(ctx context.Context, ops ...table.Op) (table.Units, error) {
	dead, last := l.countCall()
	if dead {
		return table.Units{}, errCrashed
	}
	l.mu.Lock()
	units, err := l.Table.Write(ctx, ops...)
	if err == nil {
		l.recordWrites(ops)
	}
	l.mu.Unlock()
	if last {
		return table.Units{}, errCrashed
	}
	return units, err
}

// recordWrites is called with what took effect.
func (l *invariantTable) recordWrites(ops []table.Op) {
	l.checkSendsAreAtomic(ops)
	for _, op := range ops {
		was, there := l.items[op.Item.Key]
		switch op.Action {
		case table.ActionDelete:
			if there && isIdentityItem(op.Item.Key) {
				l.checkRemoval(decodeIdentity(was))
			}
			delete(l.items, op.Item.Key)
		case table.ActionPut:
			l.checkPut(was, there, op.Item)
			l.items[op.Item.Key] = op.Item
		}
	}
}

// storedBody is what a store wrote, by the short names that it gives. A number that is
// not there is 0, a text empty.
type storedBody map[string]any

func decodeBody(item table.Item) storedBody {
	s := storedBody{}
	if len(item.Body) > 0 {
		_ = json.Unmarshal(item.Body, &s) // what is no JSON says nothing
	}
	return s
}

func (s storedBody) number(name string) int64 {
	n, _ := s[name].(float64)
	return int64(n)
}

func (s storedBody) text(name string) string {
	t, _ := s[name].(string)
	return t
}

func (s storedBody) flag(name string) bool { return s[name] == true }

func (s storedBody) list(name string) []any {
	l, _ := s[name].([]any)
	return l
}

// storedIdentity is a stored identity.
type storedIdentity struct {
	identity.Identity
	claims   []string
	gone     bool
	reviewed bool
}

func decodeIdentity(item table.Item) storedIdentity {
	r := decodeBody(item)
	s := storedIdentity{gone: r.flag("gone"), reviewed: r["rev"] != nil}
	s.ID, s.Status, s.Version, s.Onboarding = r.text("id"), identity.Status(r.text("st")), r.number("v"), identity.Onboarding(r.text("steps"))
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
		p := storedBody(p.(map[string]any))
		proof := identity.Verification{Channel: identity.Channel(p.text("c")), Waived: p.flag("w")}
		if at := p.number("p"); at != 0 {
			proof.VerifiedAt = time.Unix(at, 0)
		}
		s.Verifications = append(s.Verifications, proof)
	}
	return s
}

func isExpired(i storedIdentity, now time.Time) bool {
	return !i.gone && i.Status.Pending() && i.Hold == nil && !now.Before(i.ExpiresAt)
}

func isIdentityItem(k table.Key) bool { return strings.Contains(k.PK, "#I#") && k.SK == "#" }

// identities are those that stand in the table.
func (l *invariantTable) identities() (list []storedIdentity) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for key, item := range l.items {
		if isIdentityItem(key) {
			list = append(list, decodeIdentity(item))
		}
	}
	slices.SortFunc(list, func(a, b storedIdentity) int { return strings.Compare(a.ID, b.ID) })
	return list
}

// checkRemoval: nobody removes an identity but who was asked to, or when it has lapsed.
func (l *invariantTable) checkRemoval(was storedIdentity) {
	if !l.deletionRequested && !was.gone && !isExpired(was, l.run.now) {
		l.run.Errorf("%s was removed in status %s, until %v, on hold %v, at %v", was.ID, was.Status, was.ExpiresAt, was.Hold != nil, l.run.now)
	}
}

// checkPut: versions grow by one, statuses change as the table of transitions says,
// and nobody becomes active without proof.
func (l *invariantTable) checkPut(was table.Item, there bool, item table.Item) {
	switch {
	case isIdentityItem(item.Key):
		l.checkIdentity(was, there, item)
	case strings.HasPrefix(item.SK, "V#"):
		l.checkCode(was, there, item)
	case strings.Contains(item.PK, "#V#"):
		l.checkSendHistory(item)
	}
}

func (l *invariantTable) checkIdentity(was table.Item, there bool, item table.Item) {
	i := decodeIdentity(item)
	if want := was.Version + 1; item.Version != want || i.Version != want {
		l.run.Errorf("%s: version %d after %d", i.ID, item.Version, was.Version)
	}
	if _, queued := item.Indexes["Q"]; queued != (i.gone || i.Status.Pending() && i.Hold == nil) {
		l.run.Errorf("%s, %s, on hold %v: in the queue %v", i.ID, i.Status, i.Hold != nil, queued)
	}
	if !there || i.gone {
		return
	}
	before := decodeIdentity(was)
	if isExpired(before, l.run.now) {
		l.run.Errorf("%s changed after it lapsed", i.ID)
	}
	if before.Status != i.Status && !slices.ContainsFunc(identity.Transitions, func(t identity.Transition) bool {
		return t.From == before.Status && slices.Contains(t.To, i.Status)
	}) {
		l.run.Errorf("%s: from %s to %s", i.ID, before.Status, i.Status)
	}
	if before.Status.Pending() && i.Status == identity.Active && !l.trustedCaller {
		for c, has := range map[identity.Channel]bool{identity.ChannelEmail: i.Email != "" || i.Phone == "", identity.ChannelPhone: i.Phone != ""} {
			if p := i.Verification(c); has && p.VerifiedAt.IsZero() && !p.Waived {
				l.run.Errorf("%s became active without a proven %s", i.ID, c)
			}
		}
		if i.Onboarding == identity.OnboardingContactAndScreening && !i.reviewed {
			l.run.Errorf("%s became active unscreened", i.ID)
		}
	}
}

// checkCode: a code bears five wrong checks, is used in its time, and once.
func (l *invariantTable) checkCode(was table.Item, there bool, item table.Item) {
	before, now := decodeBody(was), decodeBody(item)
	switch {
	case item.Version != was.Version+1:
		l.run.Errorf("a code of version %d after %d", item.Version, was.Version)
	case now.number("n") > identity.MaxCodeAttempts:
		l.run.Errorf("a code bore %d checks", now.number("n"))
	case !there || now.text("h") != before.text("h"):
		return // another code
	case before.flag("u"):
		l.run.Error("a code was used twice, or tried after it was used")
	case now.flag("u") && (before.number("n") >= identity.MaxCodeAttempts || l.run.now.Unix() >= before.number("x")):
		l.run.Errorf("a code was used after its end: %v at %v", before, l.run.now)
	}
}

// checkSendHistory: no address gets more codes than it may.
func (l *invariantTable) checkSendHistory(item table.Item) {
	hour, day := 0, 0
	for _, t := range decodeBody(item).list("t") {
		ago := l.run.now.Unix() - int64(t.(float64))
		if ago < 3600 {
			hour++
		}
		if ago < 24*3600 {
			day++
		}
	}
	if hour > identity.MaxSendsPerHour || day > identity.MaxSendsPerDay {
		l.run.Errorf("%d codes within an hour, %d within a day", hour, day)
	}
}

// checkSendsAreAtomic: a code is sent, counted and put into the outbox together.
func (l *invariantTable) checkSendsAreAtomic(ops []table.Op) {
	sent, counted, queued := 0, 0, 0
	for _, op := range ops {
		c, put := decodeBody(op.Item), op.Action == table.ActionPut
		switch {
		case put && strings.HasPrefix(op.Item.SK, "V#") && c.number("n") == 0 && !c.flag("u"):
			sent++
		case put && strings.Contains(op.Item.PK, "#V#"):
			counted++
		case put && strings.HasPrefix(op.Item.PK, "M#"):
			queued++
		}
	}
	if sent != counted || sent != queued {
		l.run.Errorf("%d codes sent, %d counted, %d queued in one write", sent, counted, queued)
	}
}

// checkClaims: a claim is there exactly when its identity is.
func (l *invariantTable) checkClaims() {
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
			l.run.Errorf("a claim of %s, which %q holds", item.Owner, held[key.PK])
		}
		delete(held, key.PK)
	}
	for _, id := range held {
		l.run.Errorf("%s holds a claim that is not there", id)
	}
}

// checkNothingLeftBehind: when all pending ones have lapsed, no part of a gone one is left.
func (l *invariantTable) checkNothingLeftBehind() {
	there := make(map[string]bool)
	for _, i := range l.identities() {
		if there[i.ID] = true; i.Status.Pending() || i.gone {
			l.run.Errorf("%s is still there, %s, gone %v", i.ID, i.Status, i.gone)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for key := range l.items {
		if _, id, is := strings.Cut(key.PK, "#I#"); is && !there[id] {
			l.run.Errorf("%s is left of %s", key.SK, id)
		}
	}
}
