// Package dynamo keeps a table in Amazon DynamoDB.
// It must not know what the items mean, nor where region and credentials come from.
//
// # Retries
//
// This package is the only layer that retries: it switches the client's own
// retryer off on every call. A call is tried up to six times with full jitter,
// all retries of a Table together being a tenth of its calls plus a reserve.
// The client's HTTP timeouts bound one attempt, the caller's context all of them.
//
// # Attempts without an answer
//
// A write may take effect although its answer is lost. A transaction carries
// one token over all its attempts, so its repetition is the same write. PutItem
// and DeleteItem, at half the price, have none; when their condition fails
// after an attempt without an answer, then
//   - a put that finds exactly what it wanted to put was that attempt's: success;
//   - a put that finds a later version, or nothing, cannot know whether its own
//     came before that: ErrUnavailable;
//   - a delete that finds nothing cannot know who deleted: ErrUnavailable;
//   - anything else is the failure it looks like.
//
// For the same reason a conflict after an attempt without an answer is
// ErrUnavailable, not ErrConflict, which says that nothing was written.
//
// A Write that returns ErrUnavailable or the context's error may thus have
// taken effect: who needs to know reads it back.
package dynamo

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"cedula/shared/table"
)

// Client is what this package calls of a *dynamodb.Client.
type Client interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	BatchGetItem(context.Context, *dynamodb.BatchGetItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error)
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	DeleteItem(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error)
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
}

// Table is one DynamoDB table and its indexes.
type Table struct {
	client  Client
	name    *string
	indexes []string
	retries *retryBudget
}

var _ table.Table = (*Table)(nil)

// New adapts the DynamoDB table of that name. Each of indexes is the name the
// items use; the DynamoDB index behind it is called IndexName of it.
func New(client Client, tableName string, indexes []string) *Table {
	return &Table{client, aws.String(tableName), indexes, newRetryBudget()}
}

// IndexName is the name of the DynamoDB index behind one of the items' index
// names, which may be shorter than the three characters DynamoDB asks for.
func IndexName(index string) string { return index + "Index" }

// noSDKRetry switches the client's own retries off for one call.
func noSDKRetry(o *dynamodb.Options) { o.Retryer = aws.NopRetryer{} }

func readUnits(c *types.ConsumedCapacity) table.Units {
	if c == nil || c.CapacityUnits == nil {
		return table.Units{}
	}
	return table.Units{Read: *c.CapacityUnits}
}

func writeUnits(c *types.ConsumedCapacity) table.Units {
	return table.Units{Write: readUnits(c).Read}
}
