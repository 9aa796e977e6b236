package store_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cedula/shared/identity"
	"cedula/shared/store"
	"cedula/shared/table/faults"
)

// sent is what is written when a code is sent to a person's email.
func sent(s *store.Store, id, code string) identity.Aside {
	at := now.Truncate(time.Second)
	to := s.LookUp("t", identity.FieldEmail, "a@example.com")
	return identity.Aside{
		Code: &identity.Code{
			Channel: identity.ByEmail, To: to, Hash: s.HashCode("t", id, to, code),
			Sent: at, Expires: at.Add(10 * time.Minute),
		},
		Sends:   &identity.Sends{Channel: identity.ByEmail, To: to, Times: []time.Time{at.Add(-time.Hour), at}},
		Message: &identity.Message{ID: "m-" + id, To: "a@example.com", Code: code, Expires: at.Add(10 * time.Minute)},
	}
}

func codes(t *testing.T, s *store.Store, calls *faults.Counter) {
	first := create(t, s, person("p1"), nil, identity.Idempotency{}).Identity
	aside := sent(s, "p1", "123456")
	if c, sends, err := s.Code(ctx, "t", "p1", identity.ByEmail, aside.Code.To); err != nil || c.To != "" || c.Version != 0 || sends.Times != nil {
		t.Errorf("before: %+v %+v %v", c, sends, err)
	}
	calls.Reset()
	updated, err := s.Update(ctx, next(first, "x"), nil, identity.Idempotency{}, identity.Links{}, aside)
	if err != nil || !updated.Held.Alone {
		t.Fatal(err, updated.Held)
	}
	if c := calls.Reset(); c.Write != 1 || c.Total() != 1 {
		t.Errorf("to send took %+v", c)
	}
	wantCode, wantSends := *aside.Code, *aside.Sends
	wantCode.Version, wantSends.Version = 1, 1
	code, sends, err := s.Code(ctx, "t", "p1", identity.ByEmail, aside.Code.To)
	if diff := cmp.Diff(wantCode, code) + cmp.Diff(wantSends, sends); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	if c := calls.Reset(); c.Get != 1 || c.Total() != 1 {
		t.Errorf("to read a code took %+v", c)
	}
	if m, _, err := s.Claim(ctx, "m-p1", now, time.Minute); err != nil || m.Code != "123456" {
		t.Errorf("the message: %+v %v", m, err)
	}
	if other, _, err := s.Code(ctx, "t", "p1", identity.ByPhone, ""); err != nil || other.Version != 0 {
		t.Errorf("another channel's: %+v %v", other, err)
	}
	for name, other := range map[string][]byte{
		"another tenant's":   s.HashCode("t2", "p1", code.To, "123456"),
		"another identity's": s.HashCode("t", "p2", code.To, "123456"),
		"another address's":  s.HashCode("t", "p1", s.LookUp("t", identity.FieldEmail, "b@example.com"), "123456"),
		"another code's":     s.HashCode("t", "p1", code.To, "123457"),
		"another registry's": store.New(nil, bytes.Repeat([]byte("x"), 32)).HashCode("t", "p1", code.To, "123456"),
	} {
		if bytes.Equal(other, code.Hash) {
			t.Errorf("%s hash is the same", name)
		}
	}
}

func codesRaced(t *testing.T, s *store.Store, _ *faults.Counter) {
	first := create(t, s, person("p1"), nil, identity.Idempotency{}).Identity
	aside := sent(s, "p1", "123456")
	if _, err := s.Update(ctx, next(first, "x"), nil, identity.Idempotency{}, identity.Links{}, aside); err != nil {
		t.Fatal(err)
	}
	read, counted, err := s.Code(ctx, "t", "p1", identity.ByEmail, aside.Code.To)
	if err != nil {
		t.Fatal(err)
	}
	spent := read
	spent.Checks++
	if err := s.SpendCheck(ctx, "t", "p1", spent); err != nil {
		t.Fatal(err)
	}
	if err := s.SpendCheck(ctx, "t", "p1", spent); !errors.Is(err, identity.ErrStale) {
		t.Errorf("a check spent twice: %v", err)
	}
	used := read
	used.Used = true
	third := next(next(first, "x"), "y")
	for name, stale := range map[string]identity.Aside{
		"a code that was tried since it was read": {Code: &used},
		"a counter that counted":                  {Code: &spent, Sends: &identity.Sends{Channel: identity.ByEmail, To: counted.To, Times: counted.Times}},
	} {
		if _, err := s.Update(ctx, third, nil, identity.Idempotency{}, identity.Links{}, stale); !errors.Is(err, identity.ErrStale) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if i, err := s.Get(ctx, "t", "p1"); err != nil || i.Version != first.Version+1 {
		t.Errorf("a stale write took effect: %+v %v", i.Version, err)
	}
}
