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

// retryClass is what a failed attempt says about the next one.
type retryClass uint8

const (
	notRetryable retryClass = iota // trying again changes nothing
	notApplied                     // not done, may be done next time
	maybeApplied                   // perhaps done: the answer is lost
)

// errorMeaning is what an error of DynamoDB means: for the next attempt, and for the
// caller once there is none.
type errorMeaning struct {
	retry retryClass
	err   error // nil: a failed condition, which is an answer
}

// errUnexpected is an error of DynamoDB that nobody expects. The caller gets none of
// the table's own: what became of the call is known, and why is not.
var errUnexpected = errors.New("dynamodb: unknown failure")

// errorMeanings is the map of errors: codes of an answer, and those of the reasons for
// which a transaction was cancelled (Amazon DynamoDB API Reference, "Common
// errors"; Developer Guide, "Error handling"). What the core makes of them:
// ErrUnavailable is 503 with Retry-After, ErrConflict 409 with Retry-After, a
// failed condition 409, 412 or the answer to the request before; ErrTooLarge 413;
// ErrMisuse, our own mistake, and whatever is unknown 500, logged as an error.
var errorMeanings = map[string]errorMeaning{
	"ConditionalCheckFailedException": {notRetryable, nil},
	"ConditionalCheckFailed":          {notRetryable, nil},

	"ProvisionedThroughputExceededException": {notApplied, table.ErrUnavailable},
	"ProvisionedThroughputExceeded":          {notApplied, table.ErrUnavailable},
	"ThrottlingException":                    {notApplied, table.ErrUnavailable},
	"ThrottlingError":                        {notApplied, table.ErrUnavailable},
	"Throttling":                             {notApplied, table.ErrUnavailable},
	"RequestLimitExceeded":                   {notApplied, table.ErrUnavailable},

	"TransactionConflictException":     {notApplied, table.ErrConflict},
	"TransactionConflict":              {notApplied, table.ErrConflict},
	"ReplicatedWriteConflictException": {notApplied, table.ErrConflict},

	"InternalServerError":            {maybeApplied, table.ErrUnavailable},
	"InternalFailure":                {maybeApplied, table.ErrUnavailable},
	"ServiceUnavailable":             {maybeApplied, table.ErrUnavailable},
	"ServiceUnavailableException":    {maybeApplied, table.ErrUnavailable},
	"TransactionInProgressException": {maybeApplied, table.ErrUnavailable},

	"ItemCollectionSizeLimitExceededException": {notRetryable, table.ErrTooLarge},
	"ItemCollectionSizeLimitExceeded":          {notRetryable, table.ErrTooLarge},

	"ValidationException":                  {notRetryable, table.ErrMisuse}, // but see tooLarge
	"ValidationError":                      {notRetryable, table.ErrMisuse},
	"SerializationException":               {notRetryable, table.ErrMisuse},
	"IdempotentParameterMismatchException": {notRetryable, table.ErrMisuse},
	"ResourceNotFoundException":            {notRetryable, table.ErrMisuse},
	"AccessDeniedException":                {notRetryable, table.ErrMisuse},
	"MissingAuthenticationTokenException":  {notRetryable, table.ErrMisuse},
	"IncompleteSignatureException":         {notRetryable, table.ErrMisuse},
	"InvalidSignatureException":            {notRetryable, table.ErrMisuse},
	"UnrecognizedClientException":          {notRetryable, table.ErrMisuse},
	"ExpiredTokenException":                {notRetryable, table.ErrUnavailable}, // the next environment has another
	"KMSAccessDeniedException":             {notRetryable, table.ErrMisuse},
	"ResourceInUseException":               {notRetryable, table.ErrUnavailable},
}

// meaningOf reads the map. A server's failure of another name is one too; any
// other name is unknown.
func meaningOf(code string, status int) errorMeaning {
	if o, known := errorMeanings[code]; known {
		return o
	}
	if status >= 500 {
		return errorMeaning{maybeApplied, table.ErrUnavailable}
	}
	return errorMeaning{notRetryable, errUnexpected}
}

var errUnprocessed = fmt.Errorf("%w: every key left over", table.ErrUnavailable)

// classify decides whether and how an attempt may be repeated. What is not an
// answer of DynamoDB at all broke on the way and counts as no answer.
func classify(err error) retryClass {
	if errors.Is(err, errUnprocessed) {
		return notApplied
	}
	var cancelled *types.TransactionCanceledException
	if errors.As(err, &cancelled) {
		return classifyReasons(cancelled.CancellationReasons)
	}
	var answer smithy.APIError
	if !errors.As(err, &answer) {
		return maybeApplied
	}
	return meaningOf(answer.ErrorCode(), httpStatus(err)).retry
}

func httpStatus(err error) int {
	var response interface{ HTTPStatusCode() int }
	if !errors.As(err, &response) {
		return 0
	}
	return response.HTTPStatusCode()
}

// classifyReasons: a bad request decides. A failed condition beside a conflict
// or a throttle does not: the operations that met those were not judged, and
// whoever reads the failures must have all of them.
func classifyReasons(reasons []types.CancellationReason) retryClass {
	k := notRetryable
	for i := range reasons {
		c := reasonCode(&reasons[i])
		if c == "" || c == "None" {
			continue
		}
		switch o := meaningOf(c, 0); {
		case o.retry != notRetryable:
			k = notApplied
		case o.err != nil:
			return notRetryable
		}
	}
	return k
}

func reasonCode(r *types.CancellationReason) string {
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
		return tableError(answer.ErrorCode(), answer.ErrorMessage(), httpStatus(err))
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
		c := reasonCode(r)
		if c == "" || c == "None" {
			continue
		}
		err := fmt.Errorf("operation %d: %w", i, tableError(c, reasonMessage(r), 0))
		switch o := meaningOf(c, 0); {
		case o.err == nil:
			failed = cancelled
		case errors.Is(o.err, table.ErrConflict):
			conflict = err
		case o.retry == notRetryable:
			bad = err
		default:
			slow = err
		}
	}
	for _, err := range []error{bad, slow, conflict, failed} {
		if err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: cancelled without a reason", table.ErrUnavailable)
}

func reasonMessage(r *types.CancellationReason) string {
	if r.Message == nil {
		return ""
	}
	return *r.Message
}

// tableError is what the caller gets for a code: the table's error and the code.
func tableError(code, message string, status int) error {
	o := meaningOf(code, status)
	switch {
	case o.err == nil: // alone, where nobody asked for a condition
		return fmt.Errorf("%w: %s", errUnexpected, code)
	case errors.Is(o.err, table.ErrMisuse) && saysTooLarge(message):
		return fmt.Errorf("%w: %s", table.ErrTooLarge, code)
	}
	return fmt.Errorf("%w: %s", o.err, code)
}

// saysTooLarge reads from a validation's words what its code does not say.
func saysTooLarge(message string) bool {
	m := strings.ToLower(message)
	return strings.Contains(m, "size") && (strings.Contains(m, "exceed") || strings.Contains(m, "limit"))
}
