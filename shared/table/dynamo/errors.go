package dynamo

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"cedula/shared/table"
)

// kind is what a failed attempt says about the next one.
type kind uint8

const (
	final    kind = iota // trying again changes nothing
	refused              // not done, may be done next time
	noAnswer             // perhaps done: the answer is lost
)

var errUnprocessed = fmt.Errorf("%w: every key left over", table.ErrUnavailable)

// classify decides whether and how an attempt may be repeated. What is not an
// answer of DynamoDB at all broke on the way and counts as no answer.
func classify(err error) kind {
	if errors.Is(err, errUnprocessed) {
		return refused
	}
	var cancelled *types.TransactionCanceledException
	if errors.As(err, &cancelled) {
		return classifyReasons(cancelled.CancellationReasons)
	}
	var answer smithy.APIError
	if !errors.As(err, &answer) {
		return noAnswer
	}
	switch answer.ErrorCode() {
	case "ProvisionedThroughputExceededException", "ThrottlingException", "Throttling",
		"RequestLimitExceeded", "TransactionConflictException", "ReplicatedWriteConflictException":
		return refused
	case "TransactionInProgressException":
		return noAnswer
	}
	if status(err) >= 500 {
		return noAnswer
	}
	return final
}

func status(err error) int {
	var response interface{ HTTPStatusCode() int }
	if !errors.As(err, &response) {
		return 0
	}
	return response.HTTPStatusCode()
}

// classifyReasons: a bad request decides. A failed condition beside a conflict
// or a throttle does not: the operations that met those were not judged, and
// whoever reads the failures must have all of them.
func classifyReasons(reasons []types.CancellationReason) kind {
	k := final
	for i := range reasons {
		switch code(&reasons[i]) {
		case "ValidationError", "ItemCollectionSizeLimitExceeded":
			return final
		case "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded":
			k = refused
		}
	}
	return k
}

func code(r *types.CancellationReason) string {
	if r.Code == nil {
		return ""
	}
	return *r.Code
}

// translate wraps one of the table's sentinels, except for failed conditions,
// which stay as they are for the caller to read. DynamoDB's own messages are
// left out: they may quote keys.
func translate(err error) error {
	if failed := new(types.ConditionalCheckFailedException); errors.As(err, &failed) {
		return failed
	}
	if cancelled := new(types.TransactionCanceledException); errors.As(err, &cancelled) {
		return translateReasons(cancelled)
	}
	var answer smithy.APIError
	if errors.As(err, &answer) {
		return fmt.Errorf("%w: %s", sentinel(answer.ErrorCode(), answer.ErrorMessage()), answer.ErrorCode())
	}
	if errors.Is(err, table.ErrUnavailable) {
		return err
	}
	if broken := new(url.Error); errors.As(err, &broken) {
		err = broken.Err
	}
	// The text only: a deadline of the transport is not the caller's.
	return fmt.Errorf("%w: %v", table.ErrUnavailable, err)
}

// translateReasons picks the reason that decides: bad request, throttle,
// conflict, failed condition, in this order.
func translateReasons(cancelled *types.TransactionCanceledException) error {
	var bad, slow, conflict, failed error
	for i := range cancelled.CancellationReasons {
		r := &cancelled.CancellationReasons[i]
		switch c := code(r); c {
		case "", "None":
		case "ConditionalCheckFailed":
			failed = cancelled
		case "TransactionConflict":
			conflict = fmt.Errorf("%w: operation %d", table.ErrConflict, i)
		case "ValidationError", "ItemCollectionSizeLimitExceeded":
			bad = fmt.Errorf("%w: operation %d: %s", sentinel(c, message(r)), i, c)
		default:
			slow = fmt.Errorf("%w: operation %d: %s", table.ErrUnavailable, i, c)
		}
	}
	for _, err := range []error{bad, slow, conflict, failed} {
		if err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: cancelled without a reason", table.ErrUnavailable)
}

func message(r *types.CancellationReason) string {
	if r.Message == nil {
		return ""
	}
	return *r.Message
}

func sentinel(code, message string) error {
	switch code {
	case "TransactionConflictException", "ReplicatedWriteConflictException":
		return table.ErrConflict
	case "ItemCollectionSizeLimitExceeded", "ItemCollectionSizeLimitExceededException":
		return table.ErrTooLarge
	case "ValidationException", "ValidationError":
		if m := strings.ToLower(message); strings.Contains(m, "size") && (strings.Contains(m, "exceed") || strings.Contains(m, "limit")) {
			return table.ErrTooLarge
		}
		return table.ErrMisuse
	}
	return table.ErrUnavailable
}
