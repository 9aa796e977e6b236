package gateway

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

// MessagePrefix begins the partition key of a queued message; its id follows.
const MessagePrefix = "M#"

// maxConcurrentDeliveries bounds what one batch has under way.
const maxConcurrentDeliveries = 10

// StartStream serves the messages that the table's stream tells of as a Lambda
// function.
func StartStream(deliver func(ctx context.Context, id string) error) {
	logToLambda()
	lambda.Start(StreamHandler(deliver))
}

// StreamHandler is what a function gives to the Lambda runtime for batches of a
// DynamoDB stream: it calls deliver for each message that was put into the table,
// several at once, and names the records whose message failed. Its error is
// always nil.
//
// Lambda takes the first of those names as its checkpoint and sends that record
// and all that follow it again, whether they failed or not; so deliver must do
// nothing for what it did (AWS Lambda Developer Guide, "Configuring partial batch
// response with DynamoDB and Lambda").
func StreamHandler(deliver func(ctx context.Context, id string) error) func(context.Context, events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
	return func(ctx context.Context, event events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
		start := time.Now()
		ctx, cancel := beforeDeadline(ctx)
		defer cancel()
		errs := make([]error, len(event.Records))
		turns := make(chan struct{}, maxConcurrentDeliveries)
		var all sync.WaitGroup
		for n, record := range event.Records {
			id, is := messageID(record)
			if !is {
				continue
			}
			turns <- struct{}{}
			all.Go(func() {
				defer func() { <-turns }()
				errs[n] = deliverSafely(ctx, deliver, id)
			})
		}
		all.Wait()
		answer := events.DynamoDBEventResponse{BatchItemFailures: []events.DynamoDBBatchItemFailure{}}
		for n, err := range errs {
			if err != nil {
				answer.BatchItemFailures = append(answer.BatchItemFailures,
					events.DynamoDBBatchItemFailure{ItemIdentifier: event.Records[n].Change.SequenceNumber})
			}
		}
		logBatch(ctx, len(errs), len(answer.BatchItemFailures), errors.Join(errs...), time.Since(start))
		return answer, nil
	}
}

// messageID is the id of the message that a record tells is new.
func messageID(record events.DynamoDBEventRecord) (id string, is bool) {
	pk := record.Change.Keys["PK"]
	if record.EventName != string(events.DynamoDBOperationTypeInsert) || pk.DataType() != events.DataTypeString {
		return "", false
	}
	return strings.CutPrefix(pk.String(), MessagePrefix)
}

// deliverSafely delivers unless there is no time left. A panic is an error.
func deliverSafely(ctx context.Context, deliver func(context.Context, string) error, id string) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = logPanic(ctx, p, "operation", "deliver")
		}
	}()
	if err := ctx.Err(); err != nil {
		return err
	}
	return deliver(ctx, id)
}

// logBatch writes a batch's one line: figures, and why the first failed.
func logBatch(ctx context.Context, records, failed int, err error, took time.Duration) {
	level, attrs := withError(err, slog.Int("records", records), slog.Int("failed", failed), slog.Int64("us", took.Microseconds()))
	slog.LogAttrs(ctx, level, "batch", attrs...)
}
