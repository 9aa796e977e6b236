package main

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"cedula/shared/courier"
	"cedula/shared/identity"
	"cedula/shared/store"
	"cedula/shared/table"
)

const (
	postmen       = 4                      // deliveries at once
	waitingAtMost = 10_000                 // messages; those beyond are not delivered
	deliverTries  = 5                      // for one message
	firstPause    = 200 * time.Millisecond // between two tries; each is twice the one before
	drainTime     = 5 * time.Second
)

// postman is a table that notices what messages are queued in it and has them
// delivered in the background, as the deployed table's stream and its function
// do. Unlike those it forgets when the process ends: what was not delivered by
// then stays where it is.
type postman struct {
	table.Table
	waiting chan string // ids
	all     sync.WaitGroup
	cut     context.CancelFunc

	mu     sync.RWMutex
	closed bool
}

// newPostman delivers nothing before start.
func newPostman(t table.Table) *postman {
	return &postman{Table: t, waiting: make(chan string, waitingAtMost), cut: func() {}}
}

// start begins to deliver, by a function that may be called again after an error.
func (p *postman) start(deliver func(context.Context, string) error) {
	ctx, cut := context.WithCancel(context.Background())
	p.cut = cut
	for range postmen {
		p.all.Go(func() {
			for id := range p.waiting {
				if err := persist(ctx, deliver, id); err != nil {
					slog.ErrorContext(ctx, "message not delivered", "message", id, "error", err.Error())
				}
			}
		})
	}
}

// persist delivers a message, by several tries if need be.
func persist(ctx context.Context, deliver func(context.Context, string) error, id string) (err error) {
	pause := firstPause
	for try := range deliverTries {
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
func (p *postman) Write(ctx context.Context, ops ...table.Op) (table.Units, error) {
	units, err := p.Table.Write(ctx, ops...)
	if err != nil {
		return units, err
	}
	for _, op := range ops {
		if id, is := strings.CutPrefix(op.Item.PK, store.PrefixMessage); is && op.Action == table.ActionPut && op.Item.Version == 1 {
			p.notice(ctx, id)
		}
	}
	return units, nil
}

// notice never waits: a write is done when it is done.
func (p *postman) notice(ctx context.Context, id string) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if p.closed {
		return
	}
	select {
	case p.waiting <- id:
	default:
		slog.ErrorContext(ctx, "too many messages wait to be delivered", "message", id)
	}
}

// close lets what is waiting be delivered, for so long at most. A nil postman has
// nothing.
func (p *postman) close(within time.Duration) {
	if p == nil {
		return
	}
	p.mu.Lock()
	if !p.closed {
		p.closed = true
		close(p.waiting)
	}
	p.mu.Unlock()
	stop := time.AfterFunc(within, p.cut)
	p.all.Wait()
	stop.Stop()
	p.cut()
}

// deliver has the messages of d's table brought to its mailbox.
func (d *data) deliver() {
	c := &courier.Courier{
		Outbox:  d.store,
		Senders: map[identity.Channel]courier.Sender{identity.ByEmail: d.mailbox, identity.ByPhone: d.mailbox},
		Now:     time.Now,
	}
	d.post.start(c.Deliver)
}
