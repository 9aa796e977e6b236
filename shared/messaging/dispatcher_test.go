package messaging_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/smithy-go"

	"cedula/shared/identity"
	"cedula/shared/messaging"
	"cedula/shared/table/faulttable"
)

func TestMessageIsSentOnce(t *testing.T) {
	f := newFixture(t)
	f.wantDeliver(t, nil, 1)
	if m := f.sent[0]; m.To != "canary@example.com" || !strings.Contains(m.Text, "271828") {
		t.Errorf("sent %+v, want the code 271828 to canary@example.com", m)
	}
	f.wantDeliver(t, nil, 1)
	f.wantLogLines(t, 0)
}

func TestExpiredIsDropped(t *testing.T) {
	f := newFixture(t)
	f.ClockOffset = func(string) time.Duration { return 10 * time.Minute }
	f.wantDeliver(t, nil, 0)
	f.ClockOffset = nil
	f.wantDeliver(t, nil, 0) // removed from the outbox
	f.wantLogLines(t, 1)
}

func TestRejectedIsDropped(t *testing.T) {
	f := newFixture(t)
	f.nextErr = fmt.Errorf("no such mailbox: %w", messaging.ErrRejected)
	f.wantDeliver(t, nil, 0)
	f.wantDeliver(t, nil, 0)
	f.wantLogLines(t, 1)
}

func TestTransientFailureIsRetriedImmediately(t *testing.T) {
	f := newFixture(t)
	throttled := errors.New("throttled")
	for range 3 {
		f.nextErr = throttled
		f.wantDeliver(t, throttled, 0)
	}
	f.wantDeliver(t, nil, 1)
	f.wantLogLines(t, 0)
}

func TestMissingSenderKeepsMessage(t *testing.T) {
	f := newFixture(t)
	senders := f.Senders
	f.Senders = nil
	err := f.Deliver(t.Context(), "m1")
	if err == nil || !strings.Contains(err.Error(), `"email"`) || strings.Contains(err.Error(), "canary") {
		t.Errorf("Deliver = %v, want an error that names the channel and not the address", err)
	}
	f.Senders = senders
	f.wantDeliver(t, nil, 1)
}

func TestSendingIsRecordedAfterContextEnds(t *testing.T) {
	f := newFixture(t)
	ctx, cancel := context.WithCancel(t.Context())
	f.onSend = cancel
	if err := f.Deliver(ctx, "m1"); err != nil {
		t.Errorf("Deliver = %v, want nil", err)
	}
	f.wantDeliver(t, nil, 1)
}

func TestConcurrentDeliveriesSendOnce(t *testing.T) {
	f := newFixture(t)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if err := f.Deliver(t.Context(), "m1"); err != nil && !errors.Is(err, identity.ErrBusy) {
				t.Errorf("Deliver = %v, want nil or ErrBusy", err)
			}
		})
	}
	all.Wait()
	f.wantDeliver(t, nil, 1)
}

// Ends a delivery before and after each step and delivers again, immediately and once the
// lease has ended.
func TestCrashRecovery(t *testing.T) {
	const lease = 15 * time.Second
	for _, tt := range []struct {
		name      string
		crash     func(*fixture)
		wantErr   error // of the next delivery, until the lease ends
		sentFirst int   // by the delivery that crashed
		sentInAll int
	}{
		{"before the lease", func(f *fixture) { f.crashAtNextWrite(faulttable.CrashBefore) }, nil, 0, 1},
		{"after the lease", func(f *fixture) { f.crashAtNextWrite(faulttable.CrashAfter) }, identity.ErrBusy, 0, 1},
		{"after sending", func(f *fixture) { f.onSend = func() { f.crashAtNextWrite(faulttable.CrashBefore) } }, identity.ErrBusy, 1, 2},
		{"after recording", func(f *fixture) { f.onSend = func() { f.crashAtNextWrite(faulttable.CrashAfter) } }, nil, 1, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFixture(t)
			tt.crash(f)
			f.wantDeliver(t, faulttable.ErrCrashed, tt.sentFirst)
			f.onSend = nil
			f.table.SetPlan(nil)
			if tt.wantErr != nil {
				f.wantDeliver(t, tt.wantErr, tt.sentFirst)
				f.advance(lease - time.Millisecond)
				f.wantDeliver(t, tt.wantErr, tt.sentFirst)
				f.advance(time.Millisecond)
			}
			f.wantDeliver(t, nil, tt.sentInAll)
			f.wantDeliver(t, nil, tt.sentInAll)
		})
	}
}

func TestServiceErrorShowsTheCodeAlone(t *testing.T) {
	rejects := func(code, message string) bool { return code == "Rejected" && message == "about canary@example.com" }
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, tt := range []struct {
		ctx  context.Context
		err  error
		want string
		is   error
	}{
		{t.Context(), nil, "<nil>", nil},
		{t.Context(), errors.New("https://example.com: EOF"), "ses: no readable response", nil},
		{ended, errors.New("EOF"), "ses: context canceled", context.Canceled},
		{t.Context(), &smithy.GenericAPIError{Code: "Throttled", Message: "about canary@example.com"}, "ses: Throttled", nil},
		{
			t.Context(), fmt.Errorf("x: %w", &smithy.GenericAPIError{Code: "Rejected", Message: "about canary@example.com"}),
			"ses: the address takes no messages: Rejected", messaging.ErrRejected,
		},
	} {
		err := messaging.ServiceError(tt.ctx, "ses", tt.err, rejects)
		if fmt.Sprint(err) != tt.want || tt.is != nil && !errors.Is(err, tt.is) {
			t.Errorf("ServiceError of %v = %v, want %s that wraps %v", tt.err, err, tt.want, tt.is)
		}
	}
}
