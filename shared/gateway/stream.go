package gateway

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"golang.org/x/sync/errgroup"
)

// maxConcurrentItems bounds how many items of one batch are handled at a time.
const maxConcurrentItems = 10

// StreamConsumer handles the items of one kind that are inserted into a table.
type StreamConsumer struct {
	// ItemID returns the id in an item's key, given by attribute, or false for an item of another kind.
	ItemID func(key map[string]string) (id string, ok bool)
	// Handle must be idempotent: Lambda may send an item more than once.
	Handle func(ctx context.Context, id string) error
}

// StartStream serves the batches of a DynamoDB stream as a Lambda function.
func StartStream(c StreamConsumer) {
	logToLambda()
	lambda.Start(StreamHandler(c))
}

// StreamHandler returns a Lambda handler for batches of a DynamoDB stream. It calls c.Handle concurrently for the
// inserted items and reports the records whose item failed. Its error is always nil.
//
// Lambda uses the first reported record as its checkpoint and resends it and all that follow, whether they failed
// or not (AWS Lambda Developer Guide, "Configuring partial batch response with DynamoDB and Lambda").
func StreamHandler(c StreamConsumer) func(context.Context, events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
	return func(ctx context.Context, event events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
		start := time.Now()
		ctx, cancel := beforeDeadline(ctx)
		defer cancel()
		errs := make([]error, len(event.Records))
		var all errgroup.Group
		all.SetLimit(maxConcurrentItems)
		for n, record := range event.Records {
			id, ok := c.insertedID(record)
			if !ok {
				continue
			}
			all.Go(func() error {
				errs[n] = c.handleSafely(ctx, id)
				return nil
			})
		}
		_ = all.Wait()
		response := events.DynamoDBEventResponse{BatchItemFailures: []events.DynamoDBBatchItemFailure{}}
		for n, err := range errs {
			if err != nil {
				response.BatchItemFailures = append(response.BatchItemFailures,
					events.DynamoDBBatchItemFailure{ItemIdentifier: event.Records[n].Change.SequenceNumber})
			}
		}
		level, attrs := withError(errors.Join(errs...), slog.Int("records", len(errs)),
			slog.Int("failed", len(response.BatchItemFailures)), slog.Int64("us", time.Since(start).Microseconds()))
		slog.LogAttrs(ctx, level, "batch", attrs...)
		return response, nil
	}
}

// insertedID returns the id of an item that a record reports as inserted.
func (c StreamConsumer) insertedID(record events.DynamoDBEventRecord) (id string, ok bool) {
	if record.EventName != string(events.DynamoDBOperationTypeInsert) {
		return "", false
	}
	key := make(map[string]string, len(record.Change.Keys))
	for name, value := range record.Change.Keys {
		if value.DataType() == events.DataTypeString {
			key[name] = value.String()
		}
	}
	return c.ItemID(key)
}

// handleSafely handles an item unless ctx has ended. It returns a panic as an error.
func (c StreamConsumer) handleSafely(ctx context.Context, id string) (err error) {
	defer recoverPanic(ctx, &err, "operation", "deliver")
	if err := ctx.Err(); err != nil {
		return err
	}
	return c.Handle(ctx, id)
}
