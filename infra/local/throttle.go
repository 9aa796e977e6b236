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

	mu    sync.Mutex
	usage map[string]*clientUsage
}

// clientUsage is what a client has left.
type clientUsage struct {
	limits       auth.Limits
	limitsReadAt time.Time // when the limits were last read
	bucket       *rate.Limiter
	day          int64 // since 1970, in which used was counted
	used         int
}

// limitsTTL is how long a client's limits are good once they were read: as long
// as everything else that the local gateway keeps of a client.
const limitsTTL = authorizerTTL

func newLimiter(client func(context.Context, string) (auth.Client, error)) *limiter {
	return &limiter{client: client, now: time.Now, usage: make(map[string]*clientUsage)}
}

// check counts a call and returns the gateway response for one too many, or "".
func (l *limiter) check(ctx context.Context, client string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	a := l.usageOf(ctx, client, now)
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

// usageOf is the client's, with limits that are not older than limitsTTL. If
// they cannot be read, those known stay.
func (l *limiter) usageOf(ctx context.Context, client string, now time.Time) *clientUsage {
	a := l.usage[client]
	if a != nil && now.Sub(a.limitsReadAt) < limitsTTL {
		return a
	}
	if a == nil {
		if len(l.usage) >= maxCacheEntries {
			clear(l.usage)
		}
		a = &clientUsage{bucket: rate.NewLimiter(0, 0)}
		l.usage[client] = a
	}
	a.limitsReadAt = now
	if c, err := l.client(ctx, client); err == nil && c.Limits != a.limits {
		a.limits = c.Limits
		a.bucket = rate.NewLimiter(rate.Limit(c.Limits.Rate), max(1, c.Limits.Burst))
	}
	return a
}
