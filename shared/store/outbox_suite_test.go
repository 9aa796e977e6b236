package store_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"cedula/shared/identity"
	"cedula/shared/store"
	"cedula/shared/table"
	"cedula/shared/table/faulttable"
)

const lease = time.Minute

func codeMessage(id string) identity.Message {
	return identity.Message{
		ID: id, Tenant: "t", IdentityID: "canary-identity", Channel: identity.ChannelEmail, Purpose: identity.PurposeVerificationCode,
		To: "canary@example.com", Code: "271828", Language: "es", ExpiresAt: now.Add(10 * time.Minute).Truncate(time.Millisecond),
	}
}

// leaseMessage leases the message m1 at a time after now.
func leaseMessage(t *testing.T, s *store.Store, after time.Duration, want error) (identity.Message, string) {
	t.Helper()
	m, holder, err := s.Lease(ctx, "m1", now.Add(after), lease)
	if !errors.Is(err, want) || (err == nil) != (holder != "") {
		t.Fatalf("Lease after %v: error = %v, want %v", after, err, want)
	}
	return m, holder
}

func testDeliverMessage(t *testing.T, s *store.Store, calls *faulttable.Counter) {
	for _, m := range []identity.Message{
		codeMessage("m1"),
		{ID: "m1", Tenant: "t2", IdentityID: "i2", Channel: identity.ChannelPhone, Purpose: identity.PurposeReminder, To: "+56912345678", Language: "pt", ExpiresAt: now.Truncate(time.Millisecond)},
	} {
		mustSucceed(t, s.Enqueue(ctx, m))
		if err := s.Enqueue(ctx, m); err == nil {
			t.Error("Enqueue of the same id again: error = nil, want one")
		}
		calls.Reset()
		got, holder := leaseMessage(t, s, 0, nil)
		wantEqual(t, m, got, nil)
		wantError(t, "acknowledged", s.Ack(ctx, "m1", holder), nil)
		wantCalls(t, calls, "a delivery", faulttable.Calls{Get: 1, Write: 2})
		leaseMessage(t, s, 0, identity.ErrNotFound)
		wantError(t, "acknowledged again", s.Ack(ctx, "m1", holder), nil)
		wantError(t, "released afterwards", s.Release(ctx, "m1", holder), nil)
	}
}

func testMessageLease(t *testing.T, s *store.Store, _ *faulttable.Counter) {
	mustSucceed(t, s.Enqueue(ctx, codeMessage("m1")))
	_, holder := leaseMessage(t, s, 0, nil)
	leaseMessage(t, s, lease-time.Millisecond, identity.ErrBusy)
	for _, other := range []string{"", "x", holder + "x"} {
		wantError(t, "Ack by another holder", s.Ack(ctx, "m1", other), identity.ErrBusy)
		wantError(t, "Release by another holder", s.Release(ctx, "m1", other), identity.ErrBusy)
	}
	leaseMessage(t, s, 0, identity.ErrBusy)
	mustSucceed(t, s.Release(ctx, "m1", holder))
	wantError(t, "delivered after it was released", s.Ack(ctx, "m1", holder), identity.ErrBusy)
	m, second := leaseMessage(t, s, 0, nil)
	if second == holder || m.Code != "271828" {
		t.Errorf("second lease: holder %q, code %q, want another holder than %q and the code 271828", second, m.Code, holder)
	}
	_, third := leaseMessage(t, s, lease, nil)
	wantError(t, "acknowledged after the lease has ended", s.Ack(ctx, "m1", second), identity.ErrBusy)
	wantError(t, "released after the lease has ended", s.Release(ctx, "m1", second), identity.ErrBusy)
	wantError(t, "acknowledged by the last holder", s.Ack(ctx, "m1", third), nil)
	wantError(t, "acknowledged when it is gone", s.Ack(ctx, "m1", second), nil)
}

// testMessageExpiry: an engine deletes an expired item some time later. Until then a lease finds nothing either.
func testMessageExpiry(t *testing.T, s *store.Store, _ *faulttable.Counter) {
	m := codeMessage("m1")
	m.ExpiresAt = time.Now().Add(time.Hour) // or the engine might delete it during the test
	mustSucceed(t, s.Enqueue(ctx, m))
	end := m.ExpiresAt.Add(24 * time.Hour).Truncate(time.Second)
	leaseMessage(t, s, end.Sub(now), identity.ErrNotFound)
	leaseMessage(t, s, end.Sub(now)-time.Second, nil)
}

// TestStoredMessageIsEncrypted: the stored item reveals only the id, and cannot be decrypted under another id or by
// another deployment.
func TestStoredMessageIsEncrypted(t *testing.T) {
	s := &recordingTable{Table: openPebble(t)}
	mustSucceed(t, store.New(s, secret).Enqueue(ctx, codeMessage("m1")))
	mustSucceed(t, store.New(s, secret).Enqueue(ctx, codeMessage("m2")))
	if bytes.Equal(s.ops[0].Item.Body, s.ops[1].Item.Body) {
		t.Error("equal messages have equal ciphertexts, want different ones")
	}
	for _, op := range s.ops {
		i := op.Item
		if i.PK != "M#m1" && i.PK != "M#m2" || i.SK != "#" || i.Indexes != nil || i.Owner != "" || i.Version != 1 {
			t.Errorf("item = %+v, want only the keys of m1 or m2 and version 1", i)
		}
		if want := now.Add(10*time.Minute + 24*time.Hour).Truncate(time.Second); !i.Expires.Equal(want) {
			t.Errorf("Expires = %v, want %v", i.Expires, want)
		}
		for _, canary := range []string{"canary", "example", "271828", "email"} {
			if strings.Contains(string(i.Body), canary) {
				t.Errorf("%q is in the stored message %s, want it encrypted", canary, i.Body)
			}
		}
	}
	moved := s.ops[0].Item
	moved.PK = "M#m3"
	mustSucceed(t, errorOf(s.Table.Write(ctx, table.Put(moved, table.Absent()))))
	for id, secret := range map[string][]byte{"m3": secret, "m1": []byte("another deployment's secret of 32"), "m2": nil} {
		if m, _, err := store.New(s, secret).Lease(ctx, id, now, lease); err == nil || m != (identity.Message{}) {
			t.Errorf("Lease of %s: error = nil, want one and no message", id)
		}
	}
}

func TestMessageID(t *testing.T) {
	for pk, want := range map[string]string{"M#a": "a", "M#": "", "T#t#I#M#a": "", "C#M#": "", "": ""} {
		id, ok := store.MessageID(map[string]string{"PK": pk, "SK": "#"})
		if id != want && ok || ok != strings.HasPrefix(pk, "M#") {
			t.Errorf("MessageID(%q) = %q, %v, want %q", pk, id, ok, want)
		}
	}
}
