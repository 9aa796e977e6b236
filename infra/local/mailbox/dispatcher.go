package mailbox

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"cedula/shared/store"
	"cedula/shared/table"
)

const (
	deliveryWorkers     = 4
	maxQueuedMessages   = 10_000 // further ones are not delivered
	maxDeliveryAttempts = 5
	initialBackoff      = 200 * time.Millisecond // doubles with each attempt
)

// Dispatcher is a table that delivers the messages queued in it, in the background, as the deployed table's stream and its
// function do. Unlike them, it does not deliver messages of an earlier process: those stay in the table.
type Dispatcher struct {
	table.Table
	queue   chan string // message ids
	workers sync.WaitGroup
	cancel  context.CancelFunc

	mu     sync.RWMutex
	closed bool
}

// NewDispatcher returns a Dispatcher that delivers nothing before Start.
func NewDispatcher(t table.Table) *Dispatcher {
	return &Dispatcher{Table: t, queue: make(chan string, maxQueuedMessages), cancel: func() {}}
}

// Start begins to deliver. It calls deliver again after an error.
func (d *Dispatcher) Start(deliver func(ctx context.Context, id string) error) {
	var ctx context.Context
	ctx, d.cancel = context.WithCancel(context.Background())
	for range deliveryWorkers {
		d.workers.Go(func() {
			for id := range d.queue {
				if err := deliverWithRetry(ctx, deliver, id); err != nil {
					slog.ErrorContext(ctx, "message not delivered", "message", id, "error", err.Error())
				}
			}
		})
	}
}

func deliverWithRetry(ctx context.Context, deliver func(context.Context, string) error, id string) error {
	backoff := initialBackoff
	for attempt := 1; ; attempt++ {
		err := deliver(ctx, id)
		if err == nil || attempt == maxDeliveryAttempts {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(backoff):
		}
		backoff *= 2
	}
}

// Write implements table.Table.
func (d *Dispatcher) Write(ctx context.Context, ops ...table.Op) (table.Units, error) {
	units, err := d.Table.Write(ctx, ops...)
	if err != nil {
		return units, err
	}
	for _, op := range ops {
		id, isMessage := strings.CutPrefix(op.Item.PK, store.PrefixMessage)
		if isMessage && op.Action == table.ActionPut && op.Item.Version == 1 {
			d.enqueue(ctx, id)
		}
	}
	return units, nil
}

// enqueue never blocks a write.
func (d *Dispatcher) enqueue(ctx context.Context, id string) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.closed {
		return
	}
	select {
	case d.queue <- id:
	default:
		slog.ErrorContext(ctx, "too many messages wait to be delivered", "message", id)
	}
}

// Close delivers what is queued, for at most the timeout. It may be called once.
func (d *Dispatcher) Close(timeout time.Duration) {
	d.mu.Lock()
	d.closed = true
	close(d.queue)
	d.mu.Unlock()
	stop := time.AfterFunc(timeout, d.cancel)
	d.workers.Wait()
	stop.Stop()
	d.cancel()
}
