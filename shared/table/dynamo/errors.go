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

// outcome is what an error of DynamoDB means: for the next attempt, and for the
// caller once there is none.
type outcome struct {
	kind kind
	err  error // nil: a failed condition, which is an answer
}

// errUnknown is an error of DynamoDB that nobody expects. The caller gets none of
// the table's own: what became of the call is known, and why is not.
var errUnknown = errors.New("dynamodb: unknown failure")

// outcomes is the map of errors: codes of an answer, and those of the reasons for
// which a transaction was cancelled (Amazon DynamoDB API Reference, "Common
// errors"; Developer Guide, "Error handling"). What the core makes of them:
// ErrUnavailable is 503 with Retry-After, ErrConflict 409 with Retry-After, a
// failed condition 409, 412 or the answer to the request before; ErrTooLarge 413;
// ErrMisuse, our own mistake, and whatever is unknown 500, logged as an error.
var outcomes = map[string]outcome{
	"ConditionalCheckFailedException": {final, nil},
	"ConditionalCheckFailed":          {final, nil},

	"ProvisionedThroughputExceededException": {refused, table.ErrUnavailable},
	"ProvisionedThroughputExceeded":          {refused, table.ErrUnavailable},
	"ThrottlingException":                    {refused, table.ErrUnavailable},
	"ThrottlingError":                        {refused, table.ErrUnavailable},
	"Throttling":                             {refused, table.ErrUnavailable},
	"RequestLimitExceeded":                   {refused, table.ErrUnavailable},

	"TransactionConflictException":     {refused, table.ErrConflict},
	"TransactionConflict":              {refused, table.ErrConflict},
	"ReplicatedWriteConflictException": {refused, table.ErrConflict},

	"InternalServerError":            {noAnswer, table.ErrUnavailable},
	"InternalFailure":                {noAnswer, table.ErrUnavailable},
	"ServiceUnavailable":             {noAnswer, table.ErrUnavailable},
	"ServiceUnavailableException":    {noAnswer, table.ErrUnavailable},
	"TransactionInProgressException": {noAnswer, table.ErrUnavailable},

	"ItemCollectionSizeLimitExceededException": {final, table.ErrTooLarge},
	"ItemCollectionSizeLimitExceeded":          {final, table.ErrTooLarge},

	"ValidationException":                  {final, table.ErrMisuse}, // but see tooLarge
	"ValidationError":                      {final, table.ErrMisuse},
	"SerializationException":               {final, table.ErrMisuse},
	"IdempotentParameterMismatchException": {final, table.ErrMisuse},
	"ResourceNotFoundException":            {final, table.ErrMisuse},
	"AccessDeniedException":                {final, table.ErrMisuse},
	"MissingAuthenticationTokenException":  {final, table.ErrMisuse},
	"IncompleteSignatureException":         {final, table.ErrMisuse},
	"InvalidSignatureException":            {final, table.ErrMisuse},
	"UnrecognizedClientException":          {final, table.ErrMisuse},
	"ExpiredTokenException":                {final, table.ErrUnavailable}, // the next environment has another
	"KMSAccessDeniedException":             {final, table.ErrMisuse},
	"ResourceInUseException":               {final, table.ErrUnavailable},
}

// outcomeOf reads the map. A server's failure of another name is one too; any
// other name is unknown.
func outcomeOf(code string, status int) outcome {
	if o, known := outcomes[code]; known {
		return o
	}
	if status >= 500 {
		return outcome{noAnswer, table.ErrUnavailable}
	}
	return outcome{final, errUnknown}
}

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
	return outcomeOf(answer.ErrorCode(), status(err)).kind
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
		c := code(&reasons[i])
		if c == "" || c == "None" {
			continue
		}
		switch o := outcomeOf(c, 0); {
		case o.kind != final:
			k = refused
		case o.err != nil:
			return final
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
		return sentinel(answer.ErrorCode(), answer.ErrorMessage(), status(err))
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
		c := code(r)
		if c == "" || c == "None" {
			continue
		}
		err := fmt.Errorf("operation %d: %w", i, sentinel(c, message(r), 0))
		switch o := outcomeOf(c, 0); {
		case o.err == nil:
			failed = cancelled
		case errors.Is(o.err, table.ErrConflict):
			conflict = err
		case o.kind == final:
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

func message(r *types.CancellationReason) string {
	if r.Message == nil {
		return ""
	}
	return *r.Message
}

// sentinel is what the caller gets for a code: the table's error and the code.
func sentinel(code, message string, status int) error {
	o := outcomeOf(code, status)
	switch {
	case o.err == nil: // alone, where nobody asked for a condition
		return fmt.Errorf("%w: %s", errUnknown, code)
	case errors.Is(o.err, table.ErrMisuse) && tooLarge(message):
		return fmt.Errorf("%w: %s", table.ErrTooLarge, code)
	}
	return fmt.Errorf("%w: %s", o.err, code)
}

// tooLarge reads from a validation's words what its code does not say.
func tooLarge(message string) bool {
	m := strings.ToLower(message)
	return strings.Contains(m, "size") && (strings.Contains(m, "exceed") || strings.Contains(m, "limit"))
}
