package kms_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskms "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cedula/shared/encryption"
)

const (
	tenant = "acme"
	canary = "canary-in-a-message"
)

func TestUnwrapReturnsTheGeneratedKey(t *testing.T) {
	s, w := newFakeKMS(t, 1)
	plain, wrapped := mustGenerate(t, w)
	if len(plain) != encryption.KeySize || bytes.Contains(wrapped, plain) {
		t.Errorf("plain key of %d bytes, want %d, not contained in the wrapped key", len(plain), encryption.KeySize)
	}
	got, err := w.Unwrap(t.Context(), tenant, wrapped)
	if err != nil || !bytes.Equal(got, plain) {
		t.Errorf("Unwrap = %x, %v, want %x", got, err, plain)
	}
	boundToTenant := map[string]string{"cedula:tenant": "acme"}
	want := []any{
		&awskms.GenerateDataKeyInput{KeyId: aws.String("alias/data"), KeySpec: types.DataKeySpecAes256, EncryptionContext: boundToTenant},
		&awskms.DecryptInput{KeyId: aws.String("alias/data"), CiphertextBlob: wrapped, EncryptionContext: boundToTenant},
	}
	if diff := cmp.Diff(want, s.inputs, cmpopts.IgnoreUnexported(awskms.GenerateDataKeyInput{}, awskms.DecryptInput{})); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestForeignKeysAreRejected(t *testing.T) {
	_, w := newFakeKMS(t, 1)
	_, wrapped := mustGenerate(t, w)
	_, other := newFakeKMS(t, 2)
	_, foreign := mustGenerate(t, other)
	for name, key := range map[string]struct {
		tenant  string
		wrapped []byte
	}{
		"another tenant's":     {"globex", wrapped},
		"another deployment's": {tenant, foreign},
		"damaged":              {tenant, append([]byte{wrapped[0] ^ 1}, wrapped[1:]...)},
	} {
		plain, err := w.Unwrap(t.Context(), key.tenant, key.wrapped)
		if plain != nil || !errors.Is(err, encryption.ErrInvalidCiphertext) || errors.Is(err, encryption.ErrUnavailable) {
			t.Errorf("%s key: Unwrap = %x, %v, want ErrInvalidCiphertext", name, plain, err)
		}
	}
}

// withStatus returns the error of the SDK for an HTTP response.
func withStatus(status int, err error) error {
	response := &smithyhttp.Response{Response: &http.Response{StatusCode: status}}
	return &smithy.OperationError{ServiceID: "KMS", OperationName: "Decrypt", Err: &smithyhttp.ResponseError{Response: response, Err: err}}
}

func serviceError(status int, code string) error {
	return withStatus(status, &smithy.GenericAPIError{Code: code, Message: canary})
}

func TestErrorsAreClassified(t *testing.T) {
	var unclassified error
	for _, tt := range []struct {
		err   error
		class error
		want  string // part of the text
	}{
		{serviceError(400, "InvalidCiphertextException"), encryption.ErrInvalidCiphertext, "InvalidCiphertextException"},
		{serviceError(400, "IncorrectKeyException"), encryption.ErrInvalidCiphertext, "IncorrectKeyException"},
		{serviceError(400, "ThrottlingException"), encryption.ErrUnavailable, "ThrottlingException"},
		{serviceError(400, "LimitExceededException"), encryption.ErrUnavailable, "LimitExceededException"},
		{serviceError(400, "RequestLimitExceeded"), encryption.ErrUnavailable, "RequestLimitExceeded"},
		{serviceError(500, "KeyUnavailableException"), encryption.ErrUnavailable, "KeyUnavailableException"},
		{serviceError(503, "DependencyTimeoutException"), encryption.ErrUnavailable, "DependencyTimeoutException"},
		{serviceError(400, "KMSInternalException"), encryption.ErrUnavailable, "KMSInternalException"},
		{serviceError(400, "KMSInvalidStateException"), encryption.ErrUnavailable, "KMSInvalidStateException"},
		{serviceError(400, "DisabledException"), encryption.ErrUnavailable, "DisabledException"},
		{serviceError(502, "UnknownError"), encryption.ErrUnavailable, "UnknownError"},
		{withStatus(200, &smithy.DeserializationError{Err: errors.New(canary), Snapshot: []byte(canary)}), encryption.ErrUnavailable, "no readable response"},
		{&url.Error{Op: "Post", URL: "https://" + canary, Err: errors.New("EOF")}, encryption.ErrUnavailable, "EOF"},
		{serviceError(400, "NotFoundException"), unclassified, "NotFoundException"},
		{serviceError(400, "AccessDeniedException"), unclassified, "AccessDeniedException"},
		{serviceError(400, "InvalidKeyUsageException"), unclassified, "InvalidKeyUsageException"},
		{serviceError(400, "InvalidGrantTokenException"), unclassified, "InvalidGrantTokenException"},
		{serviceError(400, "ValidationException"), unclassified, "ValidationException"},
		{serviceError(400, "ExpiredTokenException"), unclassified, "ExpiredTokenException"},
		{&smithy.GenericAPIError{Code: "OddException", Message: canary}, unclassified, "OddException"},
	} {
		s, w := newFakeKMS(t, 1)
		s.err = tt.err
		_, _, generateErr := w.GenerateDataKey(t.Context(), tenant)
		_, unwrapErr := w.Unwrap(t.Context(), tenant, []byte("wrapped"))
		for _, err := range []error{generateErr, unwrapErr} {
			if text := fmt.Sprintf("%v %+v %#v", err, err, err); !strings.Contains(text, tt.want) || strings.Contains(text, canary) {
				t.Errorf("error = %s, want %q in it, and nothing of the response or the URL", text, tt.want)
			}
			for _, class := range []error{encryption.ErrUnavailable, encryption.ErrInvalidCiphertext} {
				if got := errors.Is(err, class); got != errors.Is(tt.class, class) {
					t.Errorf("errors.Is(%v, %v) = %t, want class %v", err, class, got, tt.class)
				}
			}
		}
	}
}

func TestCallsEnd(t *testing.T) {
	for name, tt := range map[string]struct {
		timeout, took time.Duration
		cause         error // in the chain
	}{
		"after five seconds": {time.Minute, 5 * time.Second, nil},
		"with their context": {time.Second, time.Second, context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, w := newFakeKMS(t, 1)
				s.hangs = true
				ctx, cancel := context.WithTimeout(t.Context(), tt.timeout)
				defer cancel()
				start := time.Now()
				_, err := w.Unwrap(ctx, tenant, []byte("wrapped"))
				if !errors.Is(err, encryption.ErrUnavailable) || tt.cause != nil && !errors.Is(err, tt.cause) {
					t.Errorf("Unwrap = %v, want ErrUnavailable and %v", err, tt.cause)
				}
				if took := time.Since(start); took != tt.took {
					t.Errorf("Unwrap took %v, want %v", took, tt.took)
				}
			})
		})
	}
}
