package main

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"cedula/shared/identity"
	"cedula/shared/messaging"
	"cedula/shared/store"
	"cedula/shared/table"
)

const (
	deliveryWorkers     = 4                      // deliveries at once
	maxQueuedMessages   = 10_000                 // messages; those beyond are not delivered
	maxDeliveryAttempts = 5                      // for one message
	initialBackoff      = 200 * time.Millisecond // between two tries; each is twice the one before
	drainTimeout        = 5 * time.Second
)

// dispatcher is a table that notices what messages are queued in it and has them
// delivered in the background, as the deployed table's stream and its function
// do. Unlike those it forgets when the process ends: what was not delivered by
// then stays where it is.
type dispatcher struct {
	table.Table
	queue   chan string // ids
	workers sync.WaitGroup
	cancel  context.CancelFunc

	mu     sync.RWMutex
	closed bool
}

// newDispatcher delivers nothing before start.
func newDispatcher(t table.Table) *dispatcher {
	return &dispatcher{Table: t, queue: make(chan string, maxQueuedMessages), cancel: func() {}}
}

// start begins to deliver, by a function that may be called again after an error.
func (p *dispatcher) start(deliver func(context.Context, string) error) {
	ctx, cut := context.WithCancel(context.Background())
	p.cancel = cut
	for range deliveryWorkers {
		p.workers.Go(func() {
			for id := range p.queue {
				if err := deliverWithRetry(ctx, deliver, id); err != nil {
					slog.ErrorContext(ctx, "message not delivered", "message", id, "error", err.Error())
				}
			}
		})
	}
}

// deliverWithRetry delivers a message, by several tries if need be.
func deliverWithRetry(ctx context.Context, deliver func(context.Context, string) error, id string) (err error) {
	pause := initialBackoff
	for try := range maxDeliveryAttempts {
		if try > 0 {
			select {
			case <-ctx.Done():
				return err
			case <-time.After(pause):
			}
			pause *= 2
		}
		if err = deliver(ctx, id); err == nil {
			return nil
		}
	}
	return err
}

// Write implements table.Table.
func (p *dispatcher) Write(ctx context.Context, ops ...table.Op) (table.Units, error) {
	units, err := p.Table.Write(ctx, ops...)
	if err != nil {
		return units, err
	}
	for _, op := range ops {
		if id, is := strings.CutPrefix(op.Item.PK, store.PrefixMessage); is && op.Action == table.ActionPut && op.Item.Version == 1 {
			p.enqueue(ctx, id)
		}
	}
	return units, nil
}

// enqueue never waits: a write is done when it is done.
func (p *dispatcher) enqueue(ctx context.Context, id string) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if p.closed {
		return
	}
	select {
	case p.queue <- id:
	default:
		slog.ErrorContext(ctx, "too many messages wait to be delivered", "message", id)
	}
}

// close lets what is waiting be delivered, for so long at most. A nil postman has
// nothing.
func (p *dispatcher) close(within time.Duration) {
	if p == nil {
		return
	}
	p.mu.Lock()
	if !p.closed {
		p.closed = true
		close(p.queue)
	}
	p.mu.Unlock()
	stop := time.AfterFunc(within, p.cancel)
	p.workers.Wait()
	stop.Stop()
	p.cancel()
}

// startDelivery has the messages of d's table brought to its mailbox.
func (d *localRegistry) startDelivery() {
	c := &messaging.Dispatcher{
		Outbox:  d.store,
		Senders: map[identity.Channel]messaging.Sender{identity.ChannelEmail: d.mailbox, identity.ChannelPhone: d.mailbox},
		Now:     time.Now,
	}
	d.dispatcher.start(c.Deliver)
}
