package mailbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cedula/infra/privacytest"
	"cedula/shared/identity"
	"cedula/shared/messaging"
	"cedula/shared/store"
	"cedula/shared/table"
	"cedula/shared/table/pebble"
)

const drainTimeout = 5 * time.Second

// newDispatcher returns a Dispatcher, the store on it, and what is logged.
func newDispatcher(t *testing.T) (*Dispatcher, *store.Store, *bytes.Buffer) {
	t.Helper()
	db, err := pebble.Open(t.TempDir(), store.Indexes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	log := &bytes.Buffer{}
	t.Cleanup(privacytest.SetLog(log))
	d := NewDispatcher(db)
	return d, store.New(d, make([]byte, 32)), log
}

func mustEnqueue(t *testing.T, s *store.Store, id string) {
	t.Helper()
	if err := s.Enqueue(t.Context(), reminder(id, "ana@example.com")); err != nil {
		t.Error(err)
	}
}

func TestQueuedMessagesAreDeliveredOnce(t *testing.T) {
	const messages = 200
	d, s, _ := newDispatcher(t)
	m := &Mailbox{}
	delivery := &messaging.Dispatcher{Outbox: s, Senders: map[identity.Channel]messaging.Sender{identity.ChannelEmail: m}, Now: time.Now}
	d.Start(delivery.Deliver)
	var all sync.WaitGroup
	for n := range messages {
		all.Go(func() { mustEnqueue(t, s, fmt.Sprint("m", n)) })
	}
	all.Wait()
	d.Close(drainTimeout)
	seen := map[string]bool{}
	for _, l := range m.messagesTo("") {
		seen[l.ID] = true
	}
	if got := len(m.messagesTo("")); got != messages || len(seen) != messages {
		t.Errorf("delivered %d messages, %d different ones, want %d", got, len(seen), messages)
	}
	if _, _, err := s.Lease(t.Context(), "m7", time.Now(), time.Minute); !errors.Is(err, identity.ErrNotFound) {
		t.Errorf("lease of a delivered message: %v, want %v", err, identity.ErrNotFound)
	}
}

func TestOnlyNewMessagesAreDelivered(t *testing.T) {
	d, s, _ := newDispatcher(t)
	var delivered []string
	d.Start(func(_ context.Context, id string) error {
		delivered = append(delivered, id)
		return nil
	})
	ctx := t.Context()
	mustEnqueue(t, s, "m1")
	if err := s.Enqueue(ctx, reminder("m1", "ana@example.com")); err == nil {
		t.Error("the same message was queued twice, want an error")
	}
	_, holder, err := s.Lease(ctx, "m1", time.Now(), time.Minute)
	if err := errors.Join(err, s.Release(ctx, "m1", holder)); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Write(ctx, table.Put(table.Item{Key: table.Key{PK: "T#M#x", SK: "#"}, Version: 1}, table.Always())); err != nil {
		t.Fatal(err)
	}
	d.Close(drainTimeout)
	if len(delivered) != 1 || delivered[0] != "m1" {
		t.Errorf("delivered %q, want m1 alone", delivered)
	}
	mustEnqueue(t, s, "m2") // stays in the table
}

func TestDeliveryIsRetried(t *testing.T) {
	d, s, log := newDispatcher(t)
	var attempts atomic.Int64
	d.Start(func(context.Context, string) error {
		if attempts.Add(1) < 3 {
			return errors.New("unavailable")
		}
		return nil
	})
	mustEnqueue(t, s, "m1")
	d.Close(drainTimeout)
	if attempts.Load() != 3 || log.Len() > 0 {
		t.Errorf("attempts = %d, log = %s, want 3 and no log", attempts.Load(), log)
	}
}

func TestCloseEndsRetries(t *testing.T) {
	d, s, log := newDispatcher(t)
	d.Start(func(context.Context, string) error { return errors.New("unavailable") })
	mustEnqueue(t, s, "fails")
	start := time.Now()
	d.Close(300 * time.Millisecond) // all attempts would take 3 s
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("Close took %v, want little more than 300 ms", took)
	}
	if !strings.Contains(log.String(), `"message":"fails"`) {
		t.Errorf("log = %s, want the message that was not delivered", log)
	}
}

func TestFullQueueDropsMessages(t *testing.T) {
	d, _, log := newDispatcher(t)
	for n := range maxQueuedMessages + 1 {
		d.enqueue(t.Context(), fmt.Sprint(n))
	}
	if !strings.Contains(log.String(), "too many messages wait") {
		t.Errorf("log = %s, want the dropped message", log)
	}
}
