package kms_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cedula/shared/encryption"
	"cedula/shared/encryption/kms"
)

const (
	tenant = "acme"
	canary = "canary-in-a-message"
)

var ctx = context.Background()

func mustGenerate(t *testing.T, w *kms.KeyWrapper) (plain, wrapped []byte) {
	t.Helper()
	plain, wrapped, err := w.GenerateDataKey(ctx, tenant)
	if err != nil {
		t.Fatal(err)
	}
	return plain, wrapped
}

func TestUnwrapReturnsTheGeneratedKey(t *testing.T) {
	s := newFakeKMS(t)
	plain, wrapped := mustGenerate(t, s.newWrapper("alias/data"))
	if len(plain) != encryption.KeySize || bytes.Contains(wrapped, plain) {
		t.Errorf("plain key of %d bytes, want %d, not contained in the wrapped key", len(plain), encryption.KeySize)
	}
	got, err := s.newWrapper("alias/data").Unwrap(ctx, tenant, wrapped)
	if err != nil || !bytes.Equal(got, plain) {
		t.Errorf("Unwrap = %x, %v, want %x", got, err, plain)
	}
	want := map[string]string{
		"GenerateDataKey": `{"KeyId":"alias/data","KeySpec":"AES_256","EncryptionContext":{"cedula:tenant":"acme"}}`,
		"Decrypt":         `{"KeyId":"alias/data","EncryptionContext":{"cedula:tenant":"acme"}}`,
	}
	if diff := cmp.Diff(want, s.lastInputs); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestForeignKeysAreRejected(t *testing.T) {
	s := newFakeKMS(t)
	w := s.newWrapper("k")
	_, wrapped := mustGenerate(t, w)
	_, foreign := mustGenerate(t, newFakeKMS(t).newWrapper("k"))
	for name, key := range map[string]struct {
		tenant  string
		wrapped []byte
	}{
		"another tenant's":     {"globex", wrapped},
		"another deployment's": {tenant, foreign},
		"damaged":              {tenant, append([]byte{wrapped[0] ^ 1}, wrapped[1:]...)},
	} {
		plain, err := w.Unwrap(ctx, key.tenant, key.wrapped)
		if plain != nil || !errors.Is(err, encryption.ErrInvalidCiphertext) || errors.Is(err, encryption.ErrUnavailable) {
			t.Errorf("%s key: Unwrap = %x, %v, want ErrInvalidCiphertext", name, plain, err)
		}
	}
	s.wantCalls(1, 3) // not retried
}

func TestErrorsAreClassified(t *testing.T) {
	unclassified := error(nil)
	for _, test := range []struct {
		failure
		want  error
		calls int
	}{
		{failure{400, "InvalidCiphertextException", ""}, encryption.ErrInvalidCiphertext, 1},
		{failure{400, "IncorrectKeyException", ""}, encryption.ErrInvalidCiphertext, 1},
		{failure{400, "ThrottlingException", ""}, encryption.ErrUnavailable, 3},
		{failure{400, "LimitExceededException", ""}, encryption.ErrUnavailable, 3},
		{failure{400, "RequestLimitExceeded", ""}, encryption.ErrUnavailable, 3},
		{failure{500, "KeyUnavailableException", ""}, encryption.ErrUnavailable, 3},
		{failure{503, "DependencyTimeoutException", ""}, encryption.ErrUnavailable, 3},
		{failure{500, "KMSInternalException", ""}, encryption.ErrUnavailable, 3},
		{failure{400, "KMSInternalException", ""}, encryption.ErrUnavailable, 1},
		{failure{400, "KMSInvalidStateException", ""}, encryption.ErrUnavailable, 1},
		{failure{400, "DisabledException", ""}, encryption.ErrUnavailable, 1},
		{failure{502, "", "<html>bad gateway " + canary}, encryption.ErrUnavailable, 3},
		{failure{200, "", "<html>" + canary}, encryption.ErrUnavailable, 1},
		{failure{404, "", "<html>" + canary}, encryption.ErrUnavailable, 1},
		{failure{200, "", `{"Plaintext":"` + canary + `*"}`}, encryption.ErrUnavailable, 1},
		{failure{400, "NotFoundException", ""}, unclassified, 1},
		{failure{400, "AccessDeniedException", ""}, unclassified, 1},
		{failure{400, "InvalidKeyUsageException", ""}, unclassified, 1},
		{failure{400, "InvalidGrantTokenException", ""}, unclassified, 1},
		{failure{400, "ValidationException", ""}, unclassified, 1},
		{failure{400, "ExpiredTokenException", ""}, unclassified, 1},
	} {
		t.Run(fmt.Sprint(test.failure), func(t *testing.T) {
			s := newFakeKMS(t)
			w := s.newWrapper("k")
			s.failures = []failure{test.failure, test.failure, test.failure}
			_, _, err := w.GenerateDataKey(ctx, tenant)
			wantError(t, "GenerateDataKey", err, test.want, test.code)
			s.failures = []failure{test.failure, test.failure, test.failure}
			_, err = w.Unwrap(ctx, tenant, []byte("wrapped"))
			wantError(t, "Unwrap", err, test.want, test.code)
			s.wantCalls(test.calls, test.calls)
		})
	}
}

// wantError checks the class and the code of an error, and that it shows neither the response nor the address.
func wantError(t *testing.T, call string, err, want error, code string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), code) {
		t.Errorf("%s: error = %v, want one with code %q", call, err, code)
	}
	for _, class := range []error{encryption.ErrUnavailable, encryption.ErrInvalidCiphertext} {
		if got := errors.Is(err, class); got != errors.Is(want, class) {
			t.Errorf("%s: errors.Is(%v, %v) = %t, want class %v", call, err, class, got, want)
		}
	}
	for _, secret := range []string{canary, "127.0.0.1"} {
		if text := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(text, secret) {
			t.Errorf("%s: error %s contains %q", call, text, secret)
		}
	}
}

func TestTransientErrorsAreRetried(t *testing.T) {
	s := newFakeKMS(t)
	s.failures = []failure{{500, "KMSInternalException", ""}, {400, "ThrottlingException", ""}}
	_, wrapped := mustGenerate(t, s.newWrapper("k"))
	s.failures = []failure{{500, "KeyUnavailableException", ""}}
	if _, err := s.newWrapper("k").Unwrap(ctx, tenant, wrapped); err != nil {
		t.Errorf("Unwrap after one failure: error = %v, want nil", err)
	}
	s.wantCalls(3, 2)
}

func TestUnreachableServiceIsUnavailable(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for seconds")
	}
	closed := newFakeKMS(t)
	closed.url = "http://127.0.0.1:1"
	silent := newFakeKMS(t)
	silent.hangs = true
	for name, s := range map[string]*fakeKMS{"connection refused": closed, "no response": silent} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, _, err := s.newWrapper("k").GenerateDataKey(ctx, tenant)
			if !errors.Is(err, encryption.ErrUnavailable) || strings.Contains(err.Error(), "://") {
				t.Errorf("GenerateDataKey: error = %v, want ErrUnavailable without a URL", err)
			}
			if took := time.Since(start); took > 6*time.Second {
				t.Errorf("GenerateDataKey took %v, want at most 6s", took)
			}
		})
	}
}

func TestEndedContextIsUnavailable(t *testing.T) {
	s := newFakeKMS(t)
	s.hangs = true
	expiring, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	for _, test := range []struct {
		ctx  context.Context
		want error
	}{{expiring, context.DeadlineExceeded}, {canceled, context.Canceled}} {
		start := time.Now()
		_, err := s.newWrapper("k").Unwrap(test.ctx, tenant, []byte("wrapped"))
		if !errors.Is(err, encryption.ErrUnavailable) || !errors.Is(err, test.want) {
			t.Errorf("Unwrap: error = %v, want ErrUnavailable and %v", err, test.want)
		}
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("Unwrap took %v, want it to end with its context", took)
		}
	}
}

// TestKeysAreNeverPrinted prints what has held keys, and the errors of responses that contain them.
func TestKeysAreNeverPrinted(t *testing.T) {
	s := newFakeKMS(t)
	w := s.newWrapper("k")
	_, wrapped := mustGenerate(t, w)
	dataKey := s.dataKeys[0]
	key := base64.StdEncoding.EncodeToString(dataKey)
	s.failures = []failure{
		{status: 200, body: `{"Plaintext":"` + key + `","KeyId":7}`},
		{status: 400, body: `{"__type":"OddException","message":"` + key + `","Plaintext":"` + key + `"}`},
	}
	_, malformed := w.Unwrap(ctx, tenant, wrapped)
	_, unknown := w.Unwrap(ctx, tenant, wrapped)
	if malformed == nil || unknown == nil {
		t.Fatalf("errors = %v and %v, want both", malformed, unknown)
	}
	out := ""
	for _, value := range []any{w, *w, malformed, unknown, struct{ w encryption.KeyWrapper }{w}} {
		out += fmt.Sprintf("%v %+v %#v %s %q %x\n", value, value, value, value, value, value)
	}
	for _, secret := range []string{
		key, key[:10], hex.EncodeToString(dataKey[:8]), string(dataKey[:8]), strings.Trim(fmt.Sprint(dataKey[:8]), "[]"),
	} {
		if strings.Contains(out, secret) {
			t.Errorf("the key was printed: %s", out)
		}
	}
}

func TestNewRequiresItsArguments(t *testing.T) {
	if _, err := kms.New(nil, "k"); err == nil {
		t.Error("New accepted no client")
	}
	if _, err := kms.New(struct{ kms.API }{}, ""); err == nil {
		t.Error("New accepted no key id")
	}
}
