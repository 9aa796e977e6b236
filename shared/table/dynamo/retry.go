package dynamo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"cedula/shared/table"
)

const (
	maxAttempts = 6
	minBackoff  = 25 * time.Millisecond
	maxBackoff  = 800 * time.Millisecond
)

// withRetries calls f until it succeeds, fails for good, or retries are spent, and
// returns f's last error translated, or ErrUnavailable once no retry is left to
// all calls together. Unseen tells that an attempt before the
// last may have taken effect though nobody saw its answer.
func (t *Table) withRetries(ctx context.Context, f func() error) (unseen bool, err error) {
	t.retries.deposit()
	for n := 1; ; n++ {
		if err := ctx.Err(); err != nil {
			return unseen, err
		}
		err := f()
		if err == nil {
			return unseen, nil
		}
		if ended := ctx.Err(); ended != nil {
			return unseen, ended
		}
		kind := classify(err)
		err = translate(err)
		switch {
		case kind == notRetryable:
			return unseen, err
		case n == maxAttempts && !unseen:
			return false, err
		case n == maxAttempts, !t.retries.withdraw():
			return unseen, fmt.Errorf("%w: no retries are left: %v", table.ErrUnavailable, err)
		}
		unseen = unseen || kind == maybeApplied
		if err := waitBackoff(ctx, n); err != nil {
			return unseen, err
		}
	}
}

// waitBackoff waits before attempt n+1: anything up to a bound that doubles, so that
// callers who failed together do not come back together.
func waitBackoff(ctx context.Context, n int) error {
	wait := time.NewTimer(rand.N(min(maxBackoff, minBackoff<<(n-1))))
	defer wait.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-wait.C:
		return nil
	}
}

// A call earns a tenth of a retry; the reserve is for a short burst.
const (
	tokensPerCall  = 1
	tokensPerRetry = 10
	maxTokens      = 50 * tokensPerRetry
)

// retryBudget keeps retries from multiplying the load of a table in trouble.
type retryBudget struct {
	mu     sync.Mutex
	tokens int
}

func newRetryBudget() *retryBudget { return &retryBudget{tokens: maxTokens} }

func (b *retryBudget) deposit() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tokens = min(b.tokens+tokensPerCall, maxTokens)
}

func (b *retryBudget) withdraw() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.tokens < tokensPerRetry {
		return false
	}
	b.tokens -= tokensPerRetry
	return true
}
