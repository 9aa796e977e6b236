package messaging_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"cedula/infra/privacytest"
	"cedula/shared/identity"
	"cedula/shared/messaging"
	"cedula/shared/store"
	"cedula/shared/table/faulttable"
	"cedula/shared/table/pebble"
)

func TestMain(m *testing.M) { os.Exit(privacytest.Run(m)) }

// fixture is a Dispatcher on a real store, with a clock and one queued message. It is also the
// Sender, which records what is sent.
type fixture struct {
	*messaging.Dispatcher
	store *store.Store
	log   *bytes.Buffer
	table *faulttable.Injector

	mu      sync.Mutex
	now     time.Time
	sent    []messaging.RenderedMessage
	nextErr error  // returned by the next Send
	onSend  func() // called by each Send
}

// crashAtNextWrite ends the process before or after the next write, until it is started again.
func (f *fixture) crashAtNextWrite(fault faulttable.Fault) {
	f.table.SetPlan(func(_ int, o faulttable.Operation) faulttable.Fault {
		if o == faulttable.Write {
			return fault
		}
		return faulttable.None
	})
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	db, err := pebble.Open(t.TempDir(), store.Indexes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	f := &fixture{table: faulttable.NewInjector(db), log: &bytes.Buffer{}, now: expires.Add(-10 * time.Minute)}
	f.store = store.New(f.table, []byte(strings.Repeat("s", 32)))
	f.Dispatcher = &messaging.Dispatcher{
		Outbox: f.store, Senders: map[identity.Channel]messaging.Sender{identity.ChannelEmail: f}, Now: f.clock,
	}
	t.Cleanup(privacytest.SetLog(f.log))
	if err := f.store.Enqueue(t.Context(), newMessage(identity.ChannelEmail, identity.PurposeVerificationCode, "es")); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *fixture) Send(_ context.Context, m messaging.RenderedMessage) error {
	if f.onSend != nil {
		f.onSend()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.nextErr; err != nil {
		f.nextErr = nil
		return err
	}
	f.sent = append(f.sent, m)
	return nil
}

func (f *fixture) clock() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

func (f *fixture) advance(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(d)
}

// wantDeliver delivers the message once more and checks the error and how often it was sent
// in all.
func (f *fixture) wantDeliver(t *testing.T, wantErr error, wantSent int) {
	t.Helper()
	if err := f.Deliver(t.Context(), "m1"); !errors.Is(err, wantErr) || (err == nil) != (wantErr == nil) {
		t.Errorf("Deliver = %v, want %v", err, wantErr)
	}
	if len(f.sent) != wantSent {
		t.Errorf("sent %d times, want %d", len(f.sent), wantSent)
	}
}

// wantLogLines checks that the log names the message but contains nothing of it.
func (f *fixture) wantLogLines(t *testing.T, want int) {
	t.Helper()
	logged := f.log.String()
	if got := strings.Count(logged, "\n"); got != want {
		t.Errorf("logged %d lines, want %d: %s", got, want, logged)
	}
	if strings.Contains(logged, "canary") || strings.Contains(logged, "271828") {
		t.Errorf("the log contains parts of the message: %s", logged)
	}
	if want > 0 && !strings.Contains(logged, `"message":"m1"`) {
		t.Errorf("the log does not name the message: %s", logged)
	}
}

var expires = time.Date(2026, 9, 30, 23, 59, 30, 0, time.FixedZone("", -3*3600)) // the next day in UTC

func newMessage(c identity.Channel, p identity.Purpose, language string) identity.Message {
	m := identity.Message{
		ID: "m1", Tenant: "canary-tenant", IdentityID: "canary-id", Channel: c, Purpose: p,
		To: "canary@example.com", Language: language, ExpiresAt: expires,
	}
	if p == identity.PurposeVerificationCode {
		m.Code = "271828"
	}
	return m
}
