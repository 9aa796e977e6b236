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
	"cedula/shared/store"
	"cedula/shared/table"
	"cedula/shared/table/embedded"
)

func reminder(id, to string) identity.Message {
	return identity.Message{
		ID: id, Tenant: "acme", Identity: "i1", Channel: identity.ByEmail, Purpose: identity.SendReminder,
		To: to, Language: "en", Expires: time.Now().Add(time.Hour),
	}
}

func code(id, to, digits string) identity.Message {
	m := reminder(id, to)
	m.Purpose, m.Code, m.Language, m.Channel = identity.SendCode, digits, "es", identity.ByPhone
	return m
}

// mail is a store whose messages reach a mailbox.
func mail(t *testing.T) *data {
	t.Helper()
	db, err := embedded.Open(t.TempDir(), store.Indexes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	d := &data{table: db, post: newPostman(db), mailbox: &mailbox{}}
	d.store = store.New(d.post, make([]byte, secretBytes))
	return d
}

// TestMessagesArrive: each message that is queued arrives once, what is written
// about it later is no new one, and the table is left without.
func TestMessagesArrive(t *testing.T) {
	d := mail(t)
	d.deliver()
	var all sync.WaitGroup
	for n := range 200 {
		all.Go(func() {
			if err := d.store.Queue(t.Context(), reminder(fmt.Sprint("m", n), "ana@example.com")); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	d.post.close(drainTime)
	seen := map[string]int{}
	for _, l := range d.mailbox.to("") {
		seen[l.ID]++
	}
	if len(seen) != 200 || len(d.mailbox.to("")) != 200 {
		t.Errorf("%d letters of %d messages", len(d.mailbox.to("")), len(seen))
	}
	if _, _, err := d.store.Claim(t.Context(), "m7", time.Now(), time.Minute); !errors.Is(err, identity.ErrNotFound) {
		t.Errorf("a delivered message: %v", err)
	}
}

func TestOnlyNewMessagesAreNoticed(t *testing.T) {
	d := mail(t)
	var noticed []string
	d.post.start(func(_ context.Context, id string) error { noticed = append(noticed, id); return nil })
	ctx := t.Context()
	if err := d.store.Queue(ctx, reminder("m1", "ana@example.com")); err != nil {
		t.Fatal(err)
	}
	if err := d.store.Queue(ctx, reminder("m1", "ana@example.com")); err == nil {
		t.Error("queued twice") // and so not noticed twice
	}
	_, holder, err := d.store.Claim(ctx, "m1", time.Now(), time.Minute)
	if err := errors.Join(err, d.store.Release(ctx, "m1", holder)); err != nil {
		t.Fatal(err)
	}
	if _, err := d.post.Write(ctx, table.Put(table.Item{Key: table.Key{PK: "T#M#x", SK: "#"}, Version: 1}, table.Always())); err != nil {
		t.Fatal(err)
	}
	d.post.close(drainTime)
	if len(noticed) != 1 || noticed[0] != "m1" {
		t.Errorf("noticed %q", noticed)
	}
	d.post.close(drainTime)
	if err := d.store.Queue(ctx, reminder("m2", "ana@example.com")); err != nil { // nobody comes for it
		t.Error(err)
	}
}

func TestDeliveryIsTriedAgain(t *testing.T) {
	w := newWorld(t) // for the log
	d := mail(t)
	var tries atomic.Int64
	d.post.start(func(_ context.Context, id string) error {
		if n := tries.Add(1); id == "fails" || n < 3 {
			return errors.New("away")
		}
		return nil
	})
	if err := d.store.Queue(t.Context(), reminder("m1", "ana@example.com")); err != nil {
		t.Fatal(err)
	}
	d.post.close(drainTime)
	if tries.Load() != 3 || strings.Contains(w.log.String(), "not delivered") {
		t.Errorf("%d tries: %s", tries.Load(), w.log)
	}

	d = mail(t)
	d.post.start(func(context.Context, string) error { return errors.New("away") })
	if err := d.store.Queue(t.Context(), reminder("fails", "ana@example.com")); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	d.post.close(300 * time.Millisecond) // the tries would take 3 s
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("closed after %v", took)
	}
	if said := w.log.String(); !strings.Contains(said, `"message":"fails"`) || strings.Contains(said, "ana@") {
		t.Error(said)
	}
}
