package main

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"cedula/shared/auth"
	"cedula/shared/gateway"
)

// limiter counts clients' calls as API Gateway's usage plans do: a token bucket
// of Burst that fills at Rate, and Quota calls in a day of UTC, over both APIs
// together. A client without limits of its own is not slowed here; in AWS it is
// in the stack's plan.
type limiter struct {
	client func(ctx context.Context, id string) (auth.Client, error)
	now    func() time.Time

	mu   sync.Mutex
	kept map[string]*allowance
}

// allowance is what a client has left.
type allowance struct {
	limits auth.Limits
	read   time.Time // when the limits were last read
	bucket *rate.Limiter
	day    int64 // since 1970, in which used was counted
	used   int
}

// limitsFor is how long a client's limits are good once they were read: as long
// as everything else that the local gateway keeps of a client.
const limitsFor = doorTTL

func newLimiter(client func(context.Context, string) (auth.Client, error)) *limiter {
	return &limiter{client: client, now: time.Now, kept: make(map[string]*allowance)}
}

// refuse counts a call and returns the gateway response for one too many, or "".
func (l *limiter) refuse(ctx context.Context, client string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	a := l.allowance(ctx, client, now)
	if a.limits.Rate > 0 && !a.bucket.AllowN(now, 1) {
		return gateway.Throttled
	}
	if today := now.Unix() / int64((24 * time.Hour).Seconds()); a.day != today {
		a.day, a.used = today, 0
	}
	if a.limits.Quota > 0 && a.used >= a.limits.Quota {
		return gateway.QuotaExceeded
	}
	a.used++
	return ""
}

// allowance is the client's, with limits that are not older than limitsFor. If
// they cannot be read, those known stay.
func (l *limiter) allowance(ctx context.Context, client string, now time.Time) *allowance {
	a := l.kept[client]
	if a != nil && now.Sub(a.read) < limitsFor {
		return a
	}
	if a == nil {
		if len(l.kept) >= doorMax {
			clear(l.kept)
		}
		a = &allowance{bucket: rate.NewLimiter(0, 0)}
		l.kept[client] = a
	}
	a.read = now
	if c, err := l.client(ctx, client); err == nil && c.Limits != a.limits {
		a.limits = c.Limits
		a.bucket = rate.NewLimiter(rate.Limit(c.Limits.Rate), max(1, c.Limits.Burst))
	}
	return a
}
