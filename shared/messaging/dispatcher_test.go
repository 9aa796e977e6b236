package messaging_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"cedula/infra/canary"
	"cedula/shared/identity"
	"cedula/shared/messaging"
	"cedula/shared/store"
	"cedula/shared/table"
	"cedula/shared/table/pebble"
)

// fixture is a courier on a real store, with a clock, that sends into a list.
type fixture struct {
	*messaging.Dispatcher
	store *store.Store
	log   *bytes.Buffer
	table *crashingTable

	mu      sync.Mutex
	now     time.Time
	sent    []messaging.RenderedMessage
	nextErr error  // what the next sending returns
	onSend  func() // runs in each sending
}

var errCrashed = errors.New("process died")

// crashingTable is a table whose process dies before its next write, or after.
type crashingTable struct {
	table.Table
	crashBefore, crashAfter bool
}

func (b *crashingTable) Write(ctx context.Context, ops ...table.Op) (table.Units, error) {
	if b.crashBefore {
		b.crashBefore = false
		return table.Units{}, errCrashed
	}
	units, err := b.Table.Write(ctx, ops...)
	if b.crashAfter {
		b.crashAfter = false
		return table.Units{}, errCrashed
	}
	return units, err
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	db, err := pebble.Open(t.TempDir(), store.Indexes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	w := &fixture{table: &crashingTable{Table: db}, log: &bytes.Buffer{}, now: expires.Add(-10 * time.Minute)}
	w.store = store.New(w.table, []byte(strings.Repeat("s", 32)))
	w.Dispatcher = &messaging.Dispatcher{
		Outbox: w.store, Senders: map[identity.Channel]messaging.Sender{identity.ChannelEmail: w},
		Now: func() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.now },
	}
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(canary.Tee(w.log), nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	w.queue(t, message(identity.ChannelEmail, identity.PurposeVerificationCode, "es"))
	return w
}

func (w *fixture) queue(t *testing.T, m identity.Message) {
	t.Helper()
	if err := w.store.Enqueue(t.Context(), m); err != nil {
		t.Fatal(err)
	}
}

func (w *fixture) Send(_ context.Context, l messaging.RenderedMessage) error {
	if w.onSend != nil {
		w.onSend()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.nextErr; err != nil {
		w.nextErr = nil
		return err
	}
	w.sent = append(w.sent, l)
	return nil
}

func (w *fixture) advance(d time.Duration) { w.mu.Lock(); defer w.mu.Unlock(); w.now = w.now.Add(d) }

// wantDeliver wants an error that is, or nil, and so many sendings all in all.
func (w *fixture) wantDeliver(t *testing.T, want error, sent int) {
	t.Helper()
	if err := w.Deliver(t.Context(), "m1"); !errors.Is(err, want) || (err == nil) != (want == nil) {
		t.Errorf("%v, want %v", err, want)
	}
	if len(w.sent) != sent {
		t.Errorf("sent %d times, want %d", len(w.sent), sent)
	}
}

// checkLog looks for what a message says in what was logged.
func (w *fixture) checkLog(t *testing.T, lines int) {
	t.Helper()
	said := w.log.String()
	if strings.Contains(said, "canary") || strings.Contains(said, "271828") || strings.Count(said, "\n") != lines {
		t.Errorf("want %d lines without what is said: %s", lines, said)
	}
	if lines > 0 && !strings.Contains(said, `"message":"m1"`) {
		t.Errorf("does not name the message: %s", said)
	}
}

func TestDeliver(t *testing.T) {
	w := newFixture(t)
	w.wantDeliver(t, nil, 1)
	if l := w.sent[0]; l.To != "canary@example.com" || !strings.Contains(l.Text, "271828") {
		t.Errorf("%+v", l)
	}
	w.wantDeliver(t, nil, 1) // once more
	w.checkLog(t, 0)
}

func TestExpiredIsDropped(t *testing.T) {
	w := newFixture(t)
	w.advance(10 * time.Minute)
	w.wantDeliver(t, nil, 0)
	w.advance(-10 * time.Minute)
	w.wantDeliver(t, nil, 0) // it is gone
	w.checkLog(t, 1)
}

func TestRejectedIsDropped(t *testing.T) {
	w := newFixture(t)
	w.nextErr = fmt.Errorf("no such mailbox: %w", messaging.ErrRejected)
	w.wantDeliver(t, nil, 0)
	w.wantDeliver(t, nil, 0)
	w.checkLog(t, 1)
}

func TestTransientFailureIsReleased(t *testing.T) {
	w := newFixture(t)
	passing := errors.New("throttled")
	for range 3 {
		w.nextErr = passing
		w.wantDeliver(t, passing, 0)
	}
	w.wantDeliver(t, nil, 1) // at once
	w.checkLog(t, 0)
}

// Without a sender for its channel a message stays, and the failure is seen.
func TestMissingSenderKeepsMessage(t *testing.T) {
	w := newFixture(t)
	senders := w.Senders
	w.Senders = nil
	if err := w.Deliver(t.Context(), "m1"); err == nil || !strings.Contains(err.Error(), `"email"`) || strings.Contains(err.Error(), "canary") {
		t.Error(err)
	}
	w.Senders = senders
	w.wantDeliver(t, nil, 1)
}

// Who gave up waiting while a letter went out does not make it go out again.
func TestRecordedAfterContextEnds(t *testing.T) {
	w := newFixture(t)
	ctx, cancel := context.WithCancel(t.Context())
	w.onSend = cancel
	if err := w.Deliver(ctx, "m1"); err != nil || ctx.Err() == nil {
		t.Error(err)
	}
	w.wantDeliver(t, nil, 1)
}

func TestConcurrentDeliveries(t *testing.T) {
	w := newFixture(t)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if err := w.Deliver(t.Context(), "m1"); err != nil && !errors.Is(err, identity.ErrBusy) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	w.wantDeliver(t, nil, 1)
}

// TestCrashRecovery ends a delivery before and after each step, and lets the one
// after it find what is left, at once and once the claim has ended.
func TestCrashRecovery(t *testing.T) {
	const lease = 15 * time.Second
	for _, c := range []struct {
		name   string
		die    func(*fixture)
		atOnce error // what the next delivery gets
		first  int   // sendings of the one that died
		all    int   // and of all
	}{
		{"before the claim", func(w *fixture) { w.table.crashBefore = true }, nil, 0, 1},
		{"after the claim", func(w *fixture) { w.table.crashAfter = true }, identity.ErrBusy, 0, 1},
		{"after sending", func(w *fixture) { w.Senders = crashAfterSending(w, func() { w.table.crashBefore = true }) }, identity.ErrBusy, 1, 2},
		{"after recording", func(w *fixture) { w.Senders = crashAfterSending(w, func() { w.table.crashAfter = true }) }, nil, 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newFixture(t)
			senders := w.Senders
			c.die(w)
			w.wantDeliver(t, errCrashed, c.first)
			w.Senders = senders
			if c.atOnce != nil {
				w.wantDeliver(t, c.atOnce, c.first)
				w.advance(lease - time.Millisecond)
				w.wantDeliver(t, c.atOnce, c.first)
				w.advance(time.Millisecond)
			}
			w.wantDeliver(t, nil, c.all)
			w.wantDeliver(t, nil, c.all)
		})
	}
}

// crashingSender breaks the table once it has sent.
type crashingSender struct {
	messaging.Sender
	crash func()
}

func (d crashingSender) Send(ctx context.Context, l messaging.RenderedMessage) error {
	defer d.crash()
	return d.Sender.Send(ctx, l)
}

func crashAfterSending(w *fixture, after func()) map[identity.Channel]messaging.Sender {
	return map[identity.Channel]messaging.Sender{identity.ChannelEmail: crashingSender{w, after}}
}
