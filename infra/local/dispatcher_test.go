package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cedula/shared/identity"
	"cedula/shared/messaging"
	"cedula/shared/store"
	"cedula/shared/table"
	"cedula/shared/table/pebble"
)

func reminderMessage(id, to string) identity.Message {
	return identity.Message{
		ID: id, Tenant: "acme", IdentityID: "i1", Channel: identity.ChannelEmail, Purpose: identity.PurposeReminder,
		To: to, Language: "en", ExpiresAt: time.Now().Add(time.Hour),
	}
}

func codeMessage(id, to, digits string) identity.Message {
	m := reminderMessage(id, to)
	m.Purpose, m.Code, m.Language, m.Channel = identity.PurposeVerificationCode, digits, "es", identity.ChannelPhone
	return m
}

// renderInto renders messages and sends them to a mailbox.
func renderInto(t *testing.T, into *mailbox, all ...identity.Message) {
	t.Helper()
	for _, m := range all {
		l, err := messaging.Render(m)
		if err != nil {
			t.Fatal(err)
		}
		_ = into.Send(t.Context(), l)
	}
}

// newMailRegistry is a store whose messages reach a mailbox.
func newMailRegistry(t *testing.T) *localRegistry {
	t.Helper()
	db, err := pebble.Open(t.TempDir(), store.Indexes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	d := &localRegistry{table: db, dispatcher: newDispatcher(db), mailbox: &mailbox{}}
	d.store = store.New(d.dispatcher, make([]byte, secretBytes))
	return d
}

// TestQueuedMessagesAreDelivered: each message that is queued arrives once, what is written
// about it later is no new one, and the table is left without.
func TestQueuedMessagesAreDelivered(t *testing.T) {
	d := newMailRegistry(t)
	d.startDelivery()
	var all sync.WaitGroup
	for n := range 200 {
		all.Go(func() {
			if err := d.store.Enqueue(t.Context(), reminderMessage(fmt.Sprint("m", n), "ana@example.com")); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	d.dispatcher.close(drainTimeout)
	seen := map[string]int{}
	for _, l := range d.mailbox.messagesTo("") {
		seen[l.ID]++
	}
	if len(seen) != 200 || len(d.mailbox.messagesTo("")) != 200 {
		t.Errorf("%d letters of %d messages", len(d.mailbox.messagesTo("")), len(seen))
	}
	if _, _, err := d.store.Lease(t.Context(), "m7", time.Now(), time.Minute); !errors.Is(err, identity.ErrNotFound) {
		t.Errorf("a delivered message: %v", err)
	}
}

func TestOnlyNewMessagesAreEnqueued(t *testing.T) {
	d := newMailRegistry(t)
	var noticed []string
	d.dispatcher.start(func(_ context.Context, id string) error { noticed = append(noticed, id); return nil })
	ctx := t.Context()
	if err := d.store.Enqueue(ctx, reminderMessage("m1", "ana@example.com")); err != nil {
		t.Fatal(err)
	}
	if err := d.store.Enqueue(ctx, reminderMessage("m1", "ana@example.com")); err == nil {
		t.Error("queued twice") // and so not noticed twice
	}
	_, holder, err := d.store.Lease(ctx, "m1", time.Now(), time.Minute)
	if err := errors.Join(err, d.store.Release(ctx, "m1", holder)); err != nil {
		t.Fatal(err)
	}
	if _, err := d.dispatcher.Write(ctx, table.Put(table.Item{Key: table.Key{PK: "T#M#x", SK: "#"}, Version: 1}, table.Always())); err != nil {
		t.Fatal(err)
	}
	d.dispatcher.close(drainTimeout)
	if len(noticed) != 1 || noticed[0] != "m1" {
		t.Errorf("noticed %q", noticed)
	}
	d.dispatcher.close(drainTimeout)
	if err := d.store.Enqueue(ctx, reminderMessage("m2", "ana@example.com")); err != nil { // nobody comes for it
		t.Error(err)
	}
}

func TestDeliveryIsRetried(t *testing.T) {
	w := newFixture(t) // for the log
	d := newMailRegistry(t)
	var tries atomic.Int64
	d.dispatcher.start(func(_ context.Context, id string) error {
		if n := tries.Add(1); id == "fails" || n < 3 {
			return errors.New("away")
		}
		return nil
	})
	if err := d.store.Enqueue(t.Context(), reminderMessage("m1", "ana@example.com")); err != nil {
		t.Fatal(err)
	}
	d.dispatcher.close(drainTimeout)
	if tries.Load() != 3 || strings.Contains(w.log.String(), "not delivered") {
		t.Errorf("%d tries: %s", tries.Load(), w.log)
	}

	d = newMailRegistry(t)
	d.dispatcher.start(func(context.Context, string) error { return errors.New("away") })
	if err := d.store.Enqueue(t.Context(), reminderMessage("fails", "ana@example.com")); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	d.dispatcher.close(300 * time.Millisecond) // the tries would take 3 s
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("closed after %v", took)
	}
	if said := w.log.String(); !strings.Contains(said, `"message":"fails"`) || strings.Contains(said, "ana@") {
		t.Error(said)
	}
}
