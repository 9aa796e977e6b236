// Package kms generates and unwraps data keys with AWS KMS, under a key that never leaves it.
// It must not know of values, of what a data key is used for, nor how the KMS client was configured.
package kms

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"

	"cedula/shared/encryption"
)

// callTimeout bounds one call with all its attempts. It is half of a function's time, and enough for a second attempt if
// the first gets no response.
const callTimeout = 5 * time.Second

// encryptionContextKey is the name under which a data key is bound to its tenant. KMS writes this encryption context to
// CloudTrail in plain text with every call, so it is the tenant's id alone and holds no personal data.
const encryptionContextKey = "cedula:tenant"

// API is what a KeyWrapper calls of a *kms.Client.
type API interface {
	GenerateDataKey(context.Context, *kms.GenerateDataKeyInput, ...func(*kms.Options)) (*kms.GenerateDataKeyOutput, error)
	Decrypt(context.Context, *kms.DecryptInput, ...func(*kms.Options)) (*kms.DecryptOutput, error)
}

// KeyWrapper is an encryption.KeyWrapper on one symmetric KMS key. KMS may rotate the key's material, because it keeps the
// old material; an alias must not be moved to another key, which cannot unwrap what the first has wrapped.
type KeyWrapper struct {
	client API
	keyID  string
}

// New returns a KeyWrapper on a key given by id, ARN or alias. It does not call KMS.
func New(client API, keyID string) *KeyWrapper { return &KeyWrapper{client, keyID} }

// GenerateDataKey implements encryption.KeyWrapper.
func (w *KeyWrapper) GenerateDataKey(ctx context.Context, tenant string) (plain, wrapped []byte, err error) {
	bounded, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out, err := w.client.GenerateDataKey(bounded, &kms.GenerateDataKeyInput{
		KeyId: &w.keyID, KeySpec: types.DataKeySpecAes256,
		EncryptionContext: map[string]string{encryptionContextKey: tenant},
	})
	if err != nil {
		return nil, nil, wrapErr(ctx, "generate data key", err)
	}
	return out.Plaintext, out.CiphertextBlob, nil
}

// Unwrap implements encryption.KeyWrapper. It names the key although the wrapped key identifies it: otherwise any key
// that KMS lets this caller use would be accepted.
func (w *KeyWrapper) Unwrap(ctx context.Context, tenant string, wrapped []byte) ([]byte, error) {
	bounded, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out, err := w.client.Decrypt(bounded, &kms.DecryptInput{
		KeyId: &w.keyID, CiphertextBlob: wrapped,
		EncryptionContext: map[string]string{encryptionContextKey: tenant},
	})
	if err != nil {
		return nil, wrapErr(ctx, "decrypt", err)
	}
	return out.Plaintext, nil
}

// wrapErr classifies the error of a call. It keeps only the code of KMS's own errors, and no error of the SDK in the
// chain, because some contain the response. An error that an operator must fix, such as a key that does not exist or that
// the function may not use, stays unclassified.
func wrapErr(ctx context.Context, operation string, err error) error {
	if ended := ctx.Err(); ended != nil {
		return fmt.Errorf("kms: %s: %w: %w", operation, encryption.ErrUnavailable, ended)
	}
	var apiErr smithy.APIError
	if !errors.As(err, &apiErr) {
		return fmt.Errorf("kms: %s: %w: %s", operation, encryption.ErrUnavailable, transportError(err))
	}
	code := apiErr.ErrorCode()
	if class := classOf(code, httpStatus(err)); class != nil {
		return fmt.Errorf("kms: %s: %w: %s", operation, class, code)
	}
	return fmt.Errorf("kms: %s: %s", operation, code)
}

// transportError describes an error of the connection, without the URL.
func transportError(err error) string {
	if broken := new(url.Error); errors.As(err, &broken) {
		return broken.Err.Error()
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "no response in time"
	}
	return "no readable response"
}

func httpStatus(err error) int {
	var response interface{ HTTPStatusCode() int }
	if !errors.As(err, &response) {
		return 0
	}
	return response.HTTPStatusCode()
}

// classOf returns encryption.ErrInvalidCiphertext if KMS did not wrap the key for this tenant or not under the key named,
// encryption.ErrUnavailable for what passes by itself or once an operator enables the key again, and nil otherwise.
func classOf(code string, status int) error {
	switch code {
	case "InvalidCiphertextException", "IncorrectKeyException":
		return encryption.ErrInvalidCiphertext
	case "DependencyTimeoutException", "KeyUnavailableException", "KMSInternalException",
		"DisabledException", "KMSInvalidStateException", "RequestTimeout", "RequestTimeoutException":
		return encryption.ErrUnavailable
	}
	if _, throttled := retry.DefaultThrottleErrorCodes[code]; throttled || status >= 500 {
		return encryption.ErrUnavailable
	}
	return nil
}
