package dynamo

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"cedula/shared/table"
)

// retryClass says whether an attempt that failed may be repeated.
type retryClass uint8

const (
	notRetryable retryClass = iota // another attempt would fail too
	notApplied                     // it had no effect, and another attempt may succeed
	maybeApplied                   // it may have taken effect: the response is lost
)

// errorMeaning classifies an error of DynamoDB: whether to retry, and what to return to the caller otherwise.
type errorMeaning struct {
	retry retryClass
	err   error
}

// errUnexpected is an error that errorMeanings does not list. It wraps no error of package table: the call had no effect,
// for a reason that is not known.
var errUnexpected = errors.New("dynamodb: unknown failure")

// errUnprocessed is a response to BatchGetItem without any item.
var errUnprocessed = fmt.Errorf("%w: every key left over", table.ErrUnavailable)

// errorMeanings maps the codes of errors, without the suffix "Exception", and of the reasons for which a transaction is
// cancelled (Amazon DynamoDB API Reference, "Common errors"; Developer Guide, "Error handling"). The client of the API sees:
// for ErrUnavailable 503 with Retry-After, for ErrConflict 409 with Retry-After, for a failed condition 409, 412 or the
// response to the earlier request, for ErrTooLarge 413, and for ErrMisuse, our own mistake, and every unknown code 500,
// logged as an error.
var errorMeanings = map[string]errorMeaning{
	"ProvisionedThroughputExceeded": {notApplied, table.ErrUnavailable},
	"Throttling":                    {notApplied, table.ErrUnavailable},
	"ThrottlingError":               {notApplied, table.ErrUnavailable},
	"RequestLimitExceeded":          {notApplied, table.ErrUnavailable},

	"TransactionConflict":     {notApplied, table.ErrConflict},
	"ReplicatedWriteConflict": {notApplied, table.ErrConflict},

	"InternalServerError":   {maybeApplied, table.ErrUnavailable},
	"InternalFailure":       {maybeApplied, table.ErrUnavailable},
	"ServiceUnavailable":    {maybeApplied, table.ErrUnavailable},
	"TransactionInProgress": {maybeApplied, table.ErrUnavailable},

	"ItemCollectionSizeLimitExceeded": {notRetryable, table.ErrTooLarge},

	"Validation":                  {notRetryable, table.ErrMisuse}, // but see saysTooLarge
	"ValidationError":             {notRetryable, table.ErrMisuse},
	"Serialization":               {notRetryable, table.ErrMisuse},
	"IdempotentParameterMismatch": {notRetryable, table.ErrMisuse},
	"ResourceNotFound":            {notRetryable, table.ErrMisuse},
	"AccessDenied":                {notRetryable, table.ErrMisuse},
	"MissingAuthenticationToken":  {notRetryable, table.ErrMisuse},
	"IncompleteSignature":         {notRetryable, table.ErrMisuse},
	"InvalidSignature":            {notRetryable, table.ErrMisuse},
	"UnrecognizedClient":          {notRetryable, table.ErrMisuse},
	"ExpiredToken":                {notRetryable, table.ErrUnavailable}, // the next environment has another
	"KMSAccessDenied":             {notRetryable, table.ErrMisuse},
	"ResourceInUse":               {notRetryable, table.ErrUnavailable},
}

// interpret returns what the error of an attempt means. Its err wraps an error of package table, or is a failed condition
// as DynamoDB returned it. DynamoDB's own messages are left out, because they may quote keys.
func interpret(err error) errorMeaning {
	if failed := new(types.ConditionalCheckFailedException); errors.As(err, &failed) {
		return errorMeaning{notRetryable, failed}
	}
	if cancelled := new(types.TransactionCanceledException); errors.As(err, &cancelled) {
		return interpretReasons(cancelled)
	}
	if errors.Is(err, errUnprocessed) {
		return errorMeaning{notApplied, err}
	}
	var apiErr smithy.APIError
	if errors.As(err, &apiErr) {
		return interpretCode(apiErr.ErrorCode(), apiErr.ErrorMessage(), httpStatus(err))
	}
	// The connection broke, so the response may be lost. The error is not wrapped: a deadline of the transport is not the caller's.
	if broken := new(url.Error); errors.As(err, &broken) {
		err = broken.Err
	}
	return errorMeaning{maybeApplied, fmt.Errorf("%w: %v", table.ErrUnavailable, err)}
}

// interpretCode looks a code up. An unlisted code of a server error means that the response is lost.
func interpretCode(code, message string, status int) errorMeaning {
	m, listed := errorMeanings[strings.TrimSuffix(code, "Exception")]
	if !listed && status >= 500 {
		m = errorMeaning{maybeApplied, table.ErrUnavailable}
	} else if !listed {
		m = errorMeaning{notRetryable, errUnexpected}
	}
	if errors.Is(m.err, table.ErrMisuse) && saysTooLarge(message) {
		m.err = table.ErrTooLarge
	}
	m.err = fmt.Errorf("%w: %s", m.err, code)
	return m
}

// interpretReasons returns the meaning of the reason that decides. While operations met a conflict or a throttle, a failed
// condition does not decide: the others were not evaluated, and the caller must learn of every failed condition.
func interpretReasons(cancelled *types.TransactionCanceledException) errorMeaning {
	decisive := errorMeaning{notRetryable, fmt.Errorf("%w: cancelled without a reason", table.ErrUnavailable)}
	highest := 0
	for i, r := range cancelled.CancellationReasons {
		code := aws.ToString(r.Code)
		if code == "" || code == "None" {
			continue
		}
		m, rank := errorMeaning{notRetryable, cancelled}, 1
		if code != conditionalCheckFailed {
			m = interpretCode(code, aws.ToString(r.Message), 0)
			m.err = fmt.Errorf("operation %d: %w", i, m.err)
			rank = m.precedence()
		}
		if rank < highest {
			continue
		}
		highest, decisive = rank, m
		if m.retry != notRetryable {
			decisive.retry = notApplied // cancelled as a whole
		}
	}
	return decisive
}

// precedence orders the reasons of one transaction: a bad request, then a throttle, a conflict. A failed condition, which
// has 1, is the last.
func (m errorMeaning) precedence() int {
	if errors.Is(m.err, table.ErrConflict) {
		return 2
	}
	if m.retry != notRetryable {
		return 3
	}
	return 4
}

func httpStatus(err error) int {
	var response interface{ HTTPStatusCode() int }
	if !errors.As(err, &response) {
		return 0
	}
	return response.HTTPStatusCode()
}

// saysTooLarge reads from the message of a validation error what its code does not say.
func saysTooLarge(message string) bool {
	m := strings.ToLower(message)
	return strings.Contains(m, "size") && (strings.Contains(m, "exceed") || strings.Contains(m, "limit"))
}
