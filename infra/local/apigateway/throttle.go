package apigateway

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"cedula/shared/auth"
	"cedula/shared/gateway"
)

// limitsTTL is how long a client's limits are used before they are read again: as long as an authorizer's decision.
const limitsTTL = authorizerTTL

// Limiter counts clients' calls as API Gateway's usage plans do: a token bucket of Burst that fills at Rate, and Quota
// calls in a day of UTC. It does not limit a client that has no limits of its own; in AWS the stack's plan does.
// It is safe for concurrent use.
type Limiter struct {
	client func(ctx context.Context, id string) (auth.Client, error)

	mu    sync.Mutex
	usage map[string]*clientUsage
}

type clientUsage struct {
	limits       auth.Limits
	limitsReadAt time.Time
	bucket       *rate.Limiter
	day          int64 // since 1970, in which used was counted
	used         int
}

// NewLimiter returns a Limiter that reads clients by a function.
func NewLimiter(client func(context.Context, string) (auth.Client, error)) *Limiter {
	return &Limiter{client: client, usage: make(map[string]*clientUsage)}
}

// check counts a call. It returns the type of the gateway response if the call exceeds a limit, or else "".
func (l *Limiter) check(ctx context.Context, client string, now time.Time) string {
	const secondsPerDay = 24 * 60 * 60
	l.mu.Lock()
	defer l.mu.Unlock()
	u := l.usageOf(ctx, client, now)
	if u.limits.Rate > 0 && !u.bucket.AllowN(now, 1) {
		return gateway.Throttled
	}
	if today := now.Unix() / secondsPerDay; u.day != today {
		u.day = today
		u.used = 0
	}
	if u.limits.Quota > 0 && u.used >= u.limits.Quota {
		return gateway.QuotaExceeded
	}
	u.used++
	return ""
}

// usageOf returns a client's usage and reads its limits if they are older than limitsTTL. If that fails, the known ones
// stay.
func (l *Limiter) usageOf(ctx context.Context, client string, now time.Time) *clientUsage {
	u := l.usage[client]
	if u != nil && now.Sub(u.limitsReadAt) < limitsTTL {
		return u
	}
	if u == nil {
		if len(l.usage) >= maxCacheEntries {
			clear(l.usage)
		}
		u = &clientUsage{bucket: rate.NewLimiter(0, 0)}
		l.usage[client] = u
	}
	u.limitsReadAt = now
	if c, err := l.client(ctx, client); err == nil && c.Limits != u.limits {
		u.limits = c.Limits
		u.bucket = rate.NewLimiter(rate.Limit(c.Limits.Rate), max(1, c.Limits.Burst))
	}
	return u
}
