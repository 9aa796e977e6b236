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
	maxAttempts  = 6
	firstBackoff = 25 * time.Millisecond
	lastBackoff  = 800 * time.Millisecond
)

// attempt calls f until it succeeds, fails for good, or retries are spent, and
// returns f's last error translated, or ErrUnavailable once no retry is left to
// all calls together. Unseen tells that an attempt before the
// last may have taken effect though nobody saw its answer.
func (t *Table) attempt(ctx context.Context, f func() error) (unseen bool, err error) {
	t.retries.earn()
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
		case kind == final:
			return unseen, err
		case n == maxAttempts && !unseen:
			return false, err
		case n == maxAttempts, !t.retries.spend():
			return unseen, fmt.Errorf("%w: no retries are left: %v", table.ErrUnavailable, err)
		}
		unseen = unseen || kind == noAnswer
		if err := pause(ctx, n); err != nil {
			return unseen, err
		}
	}
}

// pause waits before attempt n+1: anything up to a bound that doubles, so that
// callers who failed together do not come back together.
func pause(ctx context.Context, n int) error {
	wait := time.NewTimer(rand.N(min(lastBackoff, firstBackoff<<(n-1))))
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
	callEarns  = 1
	retryCosts = 10
	reserve    = 50 * retryCosts
)

// budget keeps retries from multiplying the load of a table in trouble.
type budget struct {
	mu   sync.Mutex
	left int
}

func newBudget() *budget { return &budget{left: reserve} }

func (b *budget) earn() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left = min(b.left+callEarns, reserve)
}

func (b *budget) spend() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.left < retryCosts {
		return false
	}
	b.left -= retryCosts
	return true
}
