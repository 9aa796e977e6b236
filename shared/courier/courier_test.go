package courier_test

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
	"cedula/shared/courier"
	"cedula/shared/identity"
	"cedula/shared/store"
	"cedula/shared/table"
	"cedula/shared/table/embedded"
)

// world is a courier on a real store, with a clock, that sends into a list.
type world struct {
	*courier.Courier
	store *store.Store
	log   *bytes.Buffer
	table *brittle

	mu     sync.Mutex
	now    time.Time
	sent   []courier.Letter
	fail   error  // what the next sending returns
	during func() // runs in each sending
}

var errDied = errors.New("process died")

// brittle is a table whose process dies before its next write, or after.
type brittle struct {
	table.Table
	before, after bool
}

func (b *brittle) Write(ctx context.Context, ops ...table.Op) (table.Units, error) {
	if b.before {
		b.before = false
		return table.Units{}, errDied
	}
	units, err := b.Table.Write(ctx, ops...)
	if b.after {
		b.after = false
		return table.Units{}, errDied
	}
	return units, err
}

func newWorld(t *testing.T) *world {
	t.Helper()
	db, err := embedded.Open(t.TempDir(), store.Indexes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	w := &world{table: &brittle{Table: db}, log: &bytes.Buffer{}, now: expires.Add(-10 * time.Minute)}
	w.store = store.New(w.table, []byte(strings.Repeat("s", 32)))
	w.Courier = &courier.Courier{
		Outbox: w.store, Senders: map[identity.Channel]courier.Sender{identity.ByEmail: w},
		Now: func() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.now },
	}
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(canary.Tee(w.log), nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	w.queue(t, message(identity.ByEmail, identity.SendCode, "es"))
	return w
}

func (w *world) queue(t *testing.T, m identity.Message) {
	t.Helper()
	if err := w.store.Queue(t.Context(), m); err != nil {
		t.Fatal(err)
	}
}

func (w *world) Send(_ context.Context, l courier.Letter) error {
	if w.during != nil {
		w.during()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.fail; err != nil {
		w.fail = nil
		return err
	}
	w.sent = append(w.sent, l)
	return nil
}

func (w *world) later(d time.Duration) { w.mu.Lock(); defer w.mu.Unlock(); w.now = w.now.Add(d) }

// deliver wants an error that is, or nil, and so many sendings all in all.
func (w *world) deliver(t *testing.T, want error, sent int) {
	t.Helper()
	if err := w.Deliver(t.Context(), "m1"); !errors.Is(err, want) || (err == nil) != (want == nil) {
		t.Errorf("%v, want %v", err, want)
	}
	if len(w.sent) != sent {
		t.Errorf("sent %d times, want %d", len(w.sent), sent)
	}
}

// leaks looks for what a message says in what was logged.
func (w *world) leaks(t *testing.T, lines int) {
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
	w := newWorld(t)
	w.deliver(t, nil, 1)
	if l := w.sent[0]; l.To != "canary@example.com" || !strings.Contains(l.Text, "271828") {
		t.Errorf("%+v", l)
	}
	w.deliver(t, nil, 1) // once more
	w.leaks(t, 0)
}

func TestExpiredIsDropped(t *testing.T) {
	w := newWorld(t)
	w.later(10 * time.Minute)
	w.deliver(t, nil, 0)
	w.later(-10 * time.Minute)
	w.deliver(t, nil, 0) // it is gone
	w.leaks(t, 1)
}

func TestRefusedIsDropped(t *testing.T) {
	w := newWorld(t)
	w.fail = fmt.Errorf("no such mailbox: %w", courier.ErrRefused)
	w.deliver(t, nil, 0)
	w.deliver(t, nil, 0)
	w.leaks(t, 1)
}

func TestPassingFailureIsReleased(t *testing.T) {
	w := newWorld(t)
	passing := errors.New("throttled")
	for range 3 {
		w.fail = passing
		w.deliver(t, passing, 0)
	}
	w.deliver(t, nil, 1) // at once
	w.leaks(t, 0)
}

// Without a sender for its channel a message stays, and the failure is seen.
func TestNoSender(t *testing.T) {
	w := newWorld(t)
	senders := w.Senders
	w.Senders = nil
	if err := w.Deliver(t.Context(), "m1"); err == nil || !strings.Contains(err.Error(), `"email"`) || strings.Contains(err.Error(), "canary") {
		t.Error(err)
	}
	w.Senders = senders
	w.deliver(t, nil, 1)
}

// Who gave up waiting while a letter went out does not make it go out again.
func TestRecordedAfterContextEnds(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	w.during = cancel
	if err := w.Deliver(ctx, "m1"); err != nil || ctx.Err() == nil {
		t.Error(err)
	}
	w.deliver(t, nil, 1)
}

func TestConcurrentDeliveries(t *testing.T) {
	w := newWorld(t)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if err := w.Deliver(t.Context(), "m1"); err != nil && !errors.Is(err, identity.ErrBusy) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	w.deliver(t, nil, 1)
}

// TestProcessDies ends a delivery before and after each step, and lets the one
// after it find what is left, at once and once the claim has ended.
func TestProcessDies(t *testing.T) {
	const lease = 15 * time.Second
	for _, c := range []struct {
		name   string
		die    func(*world)
		atOnce error // what the next delivery gets
		first  int   // sendings of the one that died
		all    int   // and of all
	}{
		{"before the claim", func(w *world) { w.table.before = true }, nil, 0, 1},
		{"after the claim", func(w *world) { w.table.after = true }, identity.ErrBusy, 0, 1},
		{"after sending", func(w *world) { w.Senders = sendsAndDies(w, func() { w.table.before = true }) }, identity.ErrBusy, 1, 2},
		{"after recording", func(w *world) { w.Senders = sendsAndDies(w, func() { w.table.after = true }) }, nil, 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			senders := w.Senders
			c.die(w)
			w.deliver(t, errDied, c.first)
			w.Senders = senders
			if c.atOnce != nil {
				w.deliver(t, c.atOnce, c.first)
				w.later(lease - time.Millisecond)
				w.deliver(t, c.atOnce, c.first)
				w.later(time.Millisecond)
			}
			w.deliver(t, nil, c.all)
			w.deliver(t, nil, c.all)
		})
	}
}

// dying breaks the table once it has sent.
type dying struct {
	courier.Sender
	after func()
}

func (d dying) Send(ctx context.Context, l courier.Letter) error {
	defer d.after()
	return d.Sender.Send(ctx, l)
}

func sendsAndDies(w *world, after func()) map[identity.Channel]courier.Sender {
	return map[identity.Channel]courier.Sender{identity.ByEmail: dying{w, after}}
}
