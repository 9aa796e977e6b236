package kms

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"

	"cedula/shared/encryption"
	"cedula/shared/identity"
)

// wrapErr translates a failed call. Of KMS's own errors only the code is told,
// and no error of the SDK stays in the chain: some hold the answer as it came.
// Neither damaged nor unavailable is what an operator must mend: a key that does
// not exist, or that the function may not use.
func wrapErr(ctx context.Context, operation string, err error) error {
	if ended := ctx.Err(); ended != nil {
		return fmt.Errorf("kms: %s: %w: %w", operation, identity.ErrUnavailable, ended)
	}
	var answer smithy.APIError
	if !errors.As(err, &answer) {
		return fmt.Errorf("kms: %s: %w: %s", operation, identity.ErrUnavailable, transportError(err))
	}
	code := answer.ErrorCode()
	switch {
	case isInvalidCiphertext(code):
		return fmt.Errorf("kms: %s: %w: %s", operation, encryption.ErrInvalidCiphertext, code)
	case isTransient(code) || httpStatus(err) >= 500:
		return fmt.Errorf("kms: %s: %w: %s", operation, identity.ErrUnavailable, code)
	}
	return fmt.Errorf("kms: %s: %s", operation, code)
}

// transportError is what broke on the way, without the URL.
func transportError(err error) string {
	if broken := new(url.Error); errors.As(err, &broken) {
		return broken.Err.Error()
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer in time"
	}
	return "no readable answer"
}

// isInvalidCiphertext tells that KMS did not wrap the key for this tenant, or not under the
// key that was named.
func isInvalidCiphertext(code string) bool {
	return code == "InvalidCiphertextException" || code == "IncorrectKeyException"
}

// isTransient tells what passes by itself, or once an operator enables the key again.
func isTransient(code string) bool {
	switch code {
	case "DependencyTimeoutException", "KeyUnavailableException", "KMSInternalException",
		"DisabledException", "KMSInvalidStateException", "RequestTimeout", "RequestTimeoutException":
		return true
	}
	_, throttled := retry.DefaultThrottleErrorCodes[code]
	return throttled
}

func httpStatus(err error) int {
	var response interface{ HTTPStatusCode() int }
	if !errors.As(err, &response) {
		return 0
	}
	return response.HTTPStatusCode()
}
