// Package messaging brings messages to people: it writes a message down in the
// person's language and sees that it is sent once.
// It knows no wire format, no service that sends, and not how messages are kept.
package messaging

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"cedula/shared/identity"
)

// ErrRejected is wrapped by a Sender when the address takes no messages, now or later.
var ErrRejected = errors.New("the address takes no messages")

// Outbox is what a Courier needs of a store; store.Store documents the errors.
type Outbox interface {
	Lease(ctx context.Context, id string, now time.Time, lease time.Duration) (m identity.Message, holder string, err error)
	Release(ctx context.Context, id, holder string) error
	Ack(ctx context.Context, id, holder string) error
}

// Sender hands a letter to what brings it to the person. An error that does not
// wrap ErrRefused means that the same letter may be sent later. No error holds
// the address or what the letter says.
type Sender interface {
	Send(ctx context.Context, l RenderedMessage) error
}

// Dispatcher delivers messages.
type Dispatcher struct {
	Outbox  Outbox
	Senders map[identity.Channel]Sender // a message by a channel without one fails
	Now     func() time.Time
}

const (
	// leaseDuration is longer than a function may run, so that who still sends is not
	// overtaken, and not much longer: after a process died nobody sends until then.
	leaseDuration = 15 * time.Second
	// sendTimeout and recordTimeout fit into a function's time together.
	sendTimeout   = 5 * time.Second
	recordTimeout = 2 * time.Second
)

// Deliver sends the message with the id, unless it is delivered already, and
// removes it. Whoever learns of a message calls it at least once, as often as it
// returns an error: then nothing was sent that anyone knows of, and a later call
// may succeed. However many calls there are, the message is sent once, unless
//   - the process dies, or the store fails, after it was sent and before that is
//     recorded: then a call sends it again once the claim has ended;
//   - the service that sends took it and its answer was lost on the way.
//
// A message whose time is over and one that its address refuses are removed
// unsent. That is no error, since no later call could do better.
func (c *Dispatcher) Deliver(ctx context.Context, id string) error {
	m, holder, err := c.Outbox.Lease(ctx, id, c.Now(), leaseDuration)
	switch {
	case errors.Is(err, identity.ErrNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("messaging: %w", err)
	case !c.Now().Before(m.ExpiresAt):
		slog.WarnContext(ctx, "message expired", "message", id)
		return c.recordOutcome(ctx, c.Outbox.Ack, id, holder)
	}
	err = c.send(ctx, m)
	switch {
	case errors.Is(err, ErrRejected):
		slog.WarnContext(ctx, "message refused", "message", id)
	case err != nil:
		return errors.Join(fmt.Errorf("messaging: %w", err), c.recordOutcome(ctx, c.Outbox.Release, id, holder))
	}
	return c.recordOutcome(ctx, c.Outbox.Ack, id, holder)
}

func (c *Dispatcher) send(ctx context.Context, m identity.Message) error {
	sender := c.Senders[m.Channel]
	if sender == nil {
		return fmt.Errorf("no sender is set for the channel %q", m.Channel)
	}
	l, err := Render(m)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	return sender.Send(ctx, l)
}

// recordOutcome tells the outbox how it went, also when nobody waits for it any more.
func (c *Dispatcher) recordOutcome(ctx context.Context, tell func(context.Context, string, string) error, id, holder string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	if err := tell(ctx, id, holder); err != nil {
		return fmt.Errorf("messaging: %w", err)
	}
	return nil
}
