// Package messaging renders messages to people in their language and delivers each of them once.
// It imports identity only: it knows no wire format, no service that sends, and no store.
package messaging

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"cedula/shared/identity"
)

// ErrRejected is wrapped by a Sender if the address accepts no messages, now or later.
var ErrRejected = errors.New("the address takes no messages")

// Outbox is the part of a store that a Dispatcher needs; store.Store documents the errors.
type Outbox interface {
	Lease(ctx context.Context, id string, now time.Time, lease time.Duration) (m identity.Message, holder string, err error)
	Release(ctx context.Context, id, holder string) error
	Ack(ctx context.Context, id, holder string) error
}

// Sender passes a message to a service that sends it. An error that does not wrap ErrRejected
// means that the caller may send the message again later. No error contains the address or
// the text.
type Sender interface {
	Send(ctx context.Context, m RenderedMessage) error
}

// ServiceError returns the error of a call to a service for a Sender to return, or nil. It keeps
// only the code of the service's own error, whose message may quote the address, and wraps
// ErrRejected if rejects reports that no later call can succeed.
func ServiceError(ctx context.Context, service string, err error, rejects func(code, message string) bool) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", service, ctx.Err())
	}
	var response interface {
		error
		ErrorCode() string
		ErrorMessage() string
	}
	if !errors.As(err, &response) {
		return errors.New(service + ": no readable response")
	}
	if rejects(response.ErrorCode(), response.ErrorMessage()) {
		return fmt.Errorf("%s: %w: %s", service, ErrRejected, response.ErrorCode())
	}
	return fmt.Errorf("%s: %s", service, response.ErrorCode())
}

// Dispatcher delivers messages. It is safe for concurrent use.
type Dispatcher struct {
	Outbox  Outbox
	Senders map[identity.Channel]Sender // a message whose channel has no sender fails
	Now     func() time.Time

	ClockOffset func(tenant string) time.Duration // nil: every tenant uses Now, as leases do
}

const (
	// leaseDuration is longer than a function may run, so that a lease does not end while its
	// holder is still sending, and not much longer: after a process died, no other sends the
	// message until then.
	leaseDuration = 15 * time.Second
	// sendTimeout and recordTimeout fit into a function's time together.
	sendTimeout   = 5 * time.Second
	recordTimeout = 2 * time.Second
)

// Deliver sends the message with the id unless it is delivered already, and removes it. The
// caller repeats the call until it returns nil: after an error, the message is not known to be
// sent and a later call may succeed. The message is sent once however many calls there are,
// unless
//   - the process dies, or the store fails, after sending and before that is recorded: then a
//     call sends it again once the lease has ended;
//   - the service accepted it and its response was lost.
//
// Deliver removes a message without sending it, and returns nil, if it has expired or its
// address rejects it: no later call could do better.
func (d *Dispatcher) Deliver(ctx context.Context, id string) error {
	m, holder, err := d.Outbox.Lease(ctx, id, d.Now(), leaseDuration)
	if errors.Is(err, identity.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("messaging: %w", err)
	}
	if !d.tenantNow(m.Tenant).Before(m.ExpiresAt) {
		slog.WarnContext(ctx, "message expired", "message", id)
		return record(ctx, d.Outbox.Ack, id, holder)
	}
	err = d.send(ctx, m)
	if errors.Is(err, ErrRejected) {
		slog.WarnContext(ctx, "message refused", "message", id)
		return record(ctx, d.Outbox.Ack, id, holder)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("messaging: %w", err), record(ctx, d.Outbox.Release, id, holder))
	}
	return record(ctx, d.Outbox.Ack, id, holder)
}

func (d *Dispatcher) tenantNow(tenant string) time.Time {
	if d.ClockOffset == nil {
		return d.Now()
	}
	return d.Now().Add(d.ClockOffset(tenant))
}

func (d *Dispatcher) send(ctx context.Context, m identity.Message) error {
	sender := d.Senders[m.Channel]
	if sender == nil {
		return fmt.Errorf("no sender is set for the channel %q", m.Channel)
	}
	rendered, err := Render(m)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	return sender.Send(ctx, rendered)
}

// record calls a method of the outbox even if ctx has ended.
func record(ctx context.Context, method func(context.Context, string, string) error, id, holder string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	if err := method(ctx, id, holder); err != nil {
		return fmt.Errorf("messaging: %w", err)
	}
	return nil
}
