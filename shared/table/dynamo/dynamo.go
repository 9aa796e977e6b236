// Package dynamo implements table.Table on Amazon DynamoDB.
// It must not know what the items mean, nor where region and credentials come from.
//
// # Retries
//
// This package is the only layer that retries: it switches the client's own retryer off on every call. A call makes up to
// six attempts with full jitter. All retries of a Table together are limited to a tenth of its calls plus a reserve. The
// client's HTTP timeouts bound one attempt, the caller's context all of them.
//
// # Lost responses
//
// A write may take effect although its response is lost. A transaction carries one token over all its attempts, so that
// its repetition is the same write. PutItem and DeleteItem, which cost half, have no token. If their condition fails after
// an attempt whose response was lost, then
//   - a put that finds exactly what it wanted to put was that attempt's: success;
//   - a put that finds a later version, or nothing, cannot know whether its own came before that: ErrUnavailable;
//   - a delete that finds nothing cannot know who deleted: ErrUnavailable;
//   - anything else is the failure it looks like.
//
// For the same reason a conflict after a lost response is ErrUnavailable, not ErrConflict, which says that nothing was
// written.
//
// A Write that returns ErrUnavailable or the context's error may thus have taken effect: a caller that needs to know reads
// the items back.
package dynamo

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"cedula/shared/table"
)

// Table is one DynamoDB table and its indexes.
type Table struct {
	client  *dynamodb.Client
	name    *string
	indexes []string
	retries *ratelimit.TokenBucket // keeps retries from multiplying the load of a table in trouble
}

var _ table.Table = (*Table)(nil)

// New returns the Table on the DynamoDB table of that name. Each of indexes is a name that the items use; IndexName returns
// the name of the DynamoDB index behind it.
func New(client *dynamodb.Client, tableName string, indexes []string) *Table {
	return &Table{client, aws.String(tableName), indexes, ratelimit.NewTokenBucket(maxTokens)}
}

// IndexName returns the name of the DynamoDB index behind an index name of the items, which may be shorter than the three
// characters that DynamoDB requires.
func IndexName(index string) string { return index + "Index" }

// capacityUnits returns the units of one part of a response; DynamoDB may leave them out.
func capacityUnits(c *types.ConsumedCapacity) float64 {
	if c == nil {
		return 0
	}
	return aws.ToFloat64(c.CapacityUnits)
}

func totalCapacityUnits(parts []types.ConsumedCapacity) (sum float64) {
	for i := range parts {
		sum += capacityUnits(&parts[i])
	}
	return sum
}
