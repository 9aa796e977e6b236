package dynamo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	smithytime "github.com/aws/smithy-go/time"

	"cedula/shared/table"
)

const (
	maxAttempts = 6
	minBackoff  = 25 * time.Millisecond
	maxBackoff  = 800 * time.Millisecond
)

// send calls an operation of the client until it succeeds, fails for good, or no retries are left. It returns the last
// error as interpret translates it, or ErrUnavailable once the retry budget is used up. Unseen reports that an earlier
// attempt may have taken effect although its response was lost.
func send[In, Out any](
	ctx context.Context, t *Table, operation func(context.Context, *In, ...func(*dynamodb.Options)) (*Out, error), in *In,
) (out *Out, unseen bool, err error) {
	t.retries.Refund(tokensPerCall)
	for n := 1; ; n++ {
		if err := ctx.Err(); err != nil {
			return nil, unseen, err
		}
		out, err := operation(ctx, in, noSDKRetry)
		if err == nil {
			return out, unseen, nil
		}
		if ended := ctx.Err(); ended != nil {
			return nil, unseen, ended
		}
		meaning := interpret(err)
		if meaning.retry == notRetryable || n == maxAttempts && !unseen {
			return nil, unseen, meaning.err
		}
		granted := false
		if n < maxAttempts {
			_, granted = t.retries.Retrieve(tokensPerRetry)
		}
		if !granted {
			return nil, unseen, fmt.Errorf("%w: no retries are left: %v", table.ErrUnavailable, meaning.err)
		}
		unseen = unseen || meaning.retry == maybeApplied
		if err := waitBackoff(ctx, n); err != nil {
			return nil, unseen, err
		}
	}
}

// noSDKRetry switches the client's own retries off for one call.
func noSDKRetry(o *dynamodb.Options) { o.Retryer = aws.NopRetryer{} }

// waitBackoff waits before attempt n+1 for a random time up to a bound that doubles, so that callers that failed together
// do not retry together.
func waitBackoff(ctx context.Context, n int) error {
	return smithytime.SleepWithContext(ctx, rand.N(min(maxBackoff, minBackoff<<(n-1))))
}

// Each call earns a tenth of a retry; the reserve is for a short burst.
const (
	tokensPerCall  = 1
	tokensPerRetry = 10
	maxTokens      = 50 * tokensPerRetry
)
