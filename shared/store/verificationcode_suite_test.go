package store_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cedula/shared/identity"
	"cedula/shared/store"
	"cedula/shared/table/faulttable"
)

// codeSideWrites is what is written when a code is sent to a person's email.
func codeSideWrites(s *store.Store, id, code string) identity.SideWrites {
	at := now.Truncate(time.Second)
	to := s.LookupKey("t", identity.FieldEmail, "a@example.com")
	return identity.SideWrites{
		Code: &identity.VerificationCode{
			Channel: identity.ChannelEmail, LookupKey: to, Hash: s.HashCode("t", id, to, code),
			SentAt: at, ExpiresAt: at.Add(10 * time.Minute),
		},
		SendHistory: &identity.SendHistory{Channel: identity.ChannelEmail, LookupKey: to, Times: []time.Time{at.Add(-time.Hour), at}},
		Message:     &identity.Message{ID: "m-" + id, To: "a@example.com", Code: code, ExpiresAt: at.Add(10 * time.Minute)},
	}
}

func testVerificationCode(t *testing.T, s *store.Store, calls *faulttable.Counter) {
	first := mustCreate(t, s, fullIdentity("p1"), nil, identity.Idempotency{}).Identity
	aside := codeSideWrites(s, "p1", "123456")
	if c, sends, err := s.VerificationCode(ctx, "t", "p1", identity.ChannelEmail, aside.Code.LookupKey); err != nil || c.LookupKey != "" || c.Version != 0 || sends.Times != nil {
		t.Errorf("before a code is sent: %+v, %+v, %v, want none", c, sends, err)
	}
	calls.Reset()
	updated, err := s.Update(ctx, nextVersion(first, "x"), nil, identity.Idempotency{}, identity.LinkChanges{}, aside)
	if err != nil || !updated.StoreState.(store.State).SingleItem {
		t.Fatalf("Update: error = %v, state = %+v, want a single item", err, updated.StoreState)
	}
	wantCalls(t, calls, "to send", faulttable.Calls{Write: 1})
	wantCode, wantSends := *aside.Code, *aside.SendHistory
	wantCode.Version, wantSends.Version = 1, 1
	code, sends, err := s.VerificationCode(ctx, "t", "p1", identity.ChannelEmail, aside.Code.LookupKey)
	if diff := cmp.Diff(wantCode, code) + cmp.Diff(wantSends, sends); diff != "" || err != nil {
		t.Errorf("error = %v, want none; code and history (-want +got):\n%s", err, diff)
	}
	wantCalls(t, calls, "to read a code", faulttable.Calls{Get: 1})
	if m, _, err := s.Lease(ctx, "m-p1", now, time.Minute); err != nil || m.Code != "123456" {
		t.Errorf("message = %+v, %v, want the code 123456", m, err)
	}
	if other, _, err := s.VerificationCode(ctx, "t", "p1", identity.ChannelPhone, ""); err != nil || other.Version != 0 {
		t.Errorf("code of another channel = %+v, %v, want none", other, err)
	}
	for name, other := range map[string][]byte{
		"another tenant's":   s.HashCode("t2", "p1", code.LookupKey, "123456"),
		"another identity's": s.HashCode("t", "p2", code.LookupKey, "123456"),
		"another address's":  s.HashCode("t", "p1", s.LookupKey("t", identity.FieldEmail, "b@example.com"), "123456"),
		"another code's":     s.HashCode("t", "p1", code.LookupKey, "123457"),
		"another registry's": store.New(nil, bytes.Repeat([]byte("x"), 32)).HashCode("t", "p1", code.LookupKey, "123456"),
	} {
		if bytes.Equal(other, code.Hash) {
			t.Errorf("the hash of %s code is the same, want another", name)
		}
	}
}

func testVerificationCodeVersions(t *testing.T, s *store.Store, _ *faulttable.Counter) {
	first := mustCreate(t, s, fullIdentity("p1"), nil, identity.Idempotency{}).Identity
	aside := codeSideWrites(s, "p1", "123456")
	second := nextVersion(first, "x")
	mustSucceed(t, errorOf(s.Update(ctx, second, nil, identity.Idempotency{}, identity.LinkChanges{}, aside)))
	read, counted, err := s.VerificationCode(ctx, "t", "p1", identity.ChannelEmail, aside.Code.LookupKey)
	if err != nil {
		t.Fatal(err)
	}
	spent := read
	spent.WrongAttempts++
	mustSucceed(t, s.RecordWrongAttempt(ctx, &second, spent))
	wantError(t, "a check spent twice", s.RecordWrongAttempt(ctx, &second, spent), identity.ErrVersionMismatch)
	used := read
	used.Used = true
	third := nextVersion(nextVersion(first, "x"), "y")
	for name, stale := range map[string]identity.SideWrites{
		"a code that was tried since it was read": {Code: &used},
		"a counter that counted":                  {Code: &spent, SendHistory: &identity.SendHistory{Channel: identity.ChannelEmail, LookupKey: counted.LookupKey, Times: counted.Times}},
	} {
		wantError(t, name, errorOf(s.Update(ctx, third, nil, identity.Idempotency{}, identity.LinkChanges{}, stale)), identity.ErrVersionMismatch)
	}
	if i, err := s.Get(ctx, "t", "p1"); err != nil || i.Version != first.Version+1 {
		t.Errorf("version after a stale update = %d, %v, want the one before", i.Version, err)
	}
}
