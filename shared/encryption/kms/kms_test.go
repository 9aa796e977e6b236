package kms_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
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

func TestRoundTrip(t *testing.T) {
	s := newFakeKMS(t)
	plain, wrapped, err := s.newWrapper("alias/data").GenerateDataKey(ctx, tenant)
	if err != nil || len(plain) != encryption.KeySize || bytes.Contains(wrapped, plain) {
		t.Fatal(len(plain), err)
	}
	got, err := s.newWrapper("alias/data").Unwrap(ctx, tenant, wrapped)
	if err != nil || !bytes.Equal(got, plain) {
		t.Error("another key, or ", err)
	}
	want := map[string]string{
		"GenerateDataKey": `{"KeyId":"alias/data","KeySpec":"AES_256","EncryptionContext":{"cedula:tenant":"acme"}}`,
		"Decrypt":         `{"KeyId":"alias/data","EncryptionContext":{"cedula:tenant":"acme"}}`,
	}
	if diff := cmp.Diff(want, s.lastInputs); diff != "" {
		t.Error(diff)
	}
}

// A thousand values cost one call to seal, and one more for another process to
// open them.
func TestDataKeysAreCached(t *testing.T) {
	s := newFakeKMS(t)
	first, second := encryption.NewFieldCipher(s.newWrapper("k"), time.Now), encryption.NewFieldCipher(s.newWrapper("k"), time.Now)
	for n := range 1000 {
		place, value := fmt.Sprint("place ", n), fmt.Sprint("value ", n)
		wrapped, err := first.NewKey(ctx, tenant)
		if err != nil {
			t.Fatal(err)
		}
		box, err := first.Encrypt(ctx, tenant, wrapped, place, value)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := second.Decrypt(ctx, tenant, wrapped, place, box); err != nil || got != value {
			t.Fatal("another value, or ", err)
		}
	}
	s.wantCalls(1, 1)
}

func TestForeignKeysAreRejected(t *testing.T) {
	s := newFakeKMS(t)
	w := s.newWrapper("k")
	_, wrapped, err := w.GenerateDataKey(ctx, tenant)
	if err != nil {
		t.Fatal(err)
	}
	for name, try := range map[string]struct {
		tenant  string
		wrapped []byte
	}{
		"another tenant's":     {"globex", wrapped},
		"another deployment's": {tenant, otherKey(t)},
		"damaged":              {tenant, append([]byte{wrapped[0] ^ 1}, wrapped[1:]...)},
	} {
		plain, err := w.Unwrap(ctx, try.tenant, try.wrapped)
		if plain != nil || !errors.Is(err, encryption.ErrInvalidCiphertext) || errors.Is(err, encryption.ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s.wantCalls(1, 3) // no second attempt
}

func otherKey(t *testing.T) []byte {
	t.Helper()
	_, wrapped, err := newFakeKMS(t).newWrapper("k").GenerateDataKey(ctx, tenant)
	if err != nil {
		t.Fatal(err)
	}
	return wrapped
}

func TestErrors(t *testing.T) {
	unavailable, damaged, neither := encryption.ErrUnavailable, encryption.ErrInvalidCiphertext, error(nil)
	for _, c := range []struct {
		failureResponse
		want  error
		calls int
	}{
		{failureResponse{400, "InvalidCiphertextException", ""}, damaged, 1},
		{failureResponse{400, "IncorrectKeyException", ""}, damaged, 1},
		{failureResponse{400, "ThrottlingException", ""}, unavailable, 3},
		{failureResponse{400, "LimitExceededException", ""}, unavailable, 3},
		{failureResponse{400, "RequestLimitExceeded", ""}, unavailable, 3},
		{failureResponse{500, "KeyUnavailableException", ""}, unavailable, 3},
		{failureResponse{503, "DependencyTimeoutException", ""}, unavailable, 3},
		{failureResponse{500, "KMSInternalException", ""}, unavailable, 3},
		{failureResponse{400, "KMSInternalException", ""}, unavailable, 1},
		{failureResponse{400, "KMSInvalidStateException", ""}, unavailable, 1},
		{failureResponse{400, "DisabledException", ""}, unavailable, 1},
		{failureResponse{502, "", "<html>bad gateway " + canary}, unavailable, 3},
		{failureResponse{200, "", "<html>" + canary}, unavailable, 1},
		{failureResponse{404, "", "<html>" + canary}, unavailable, 1},
		{failureResponse{200, "", `{"Plaintext":"` + canary + `*"}`}, unavailable, 1},
		{failureResponse{400, "NotFoundException", ""}, neither, 1},
		{failureResponse{400, "AccessDeniedException", ""}, neither, 1},
		{failureResponse{400, "InvalidKeyUsageException", ""}, neither, 1},
		{failureResponse{400, "InvalidGrantTokenException", ""}, neither, 1},
		{failureResponse{400, "ValidationException", ""}, neither, 1},
		{failureResponse{400, "ExpiredTokenException", ""}, neither, 1},
	} {
		s := newFakeKMS(t)
		w := s.newWrapper("k")
		s.failAlways(c.failureResponse)
		_, _, err := w.GenerateDataKey(ctx, tenant)
		wantError(t, fmt.Sprint("new, ", c.failureResponse), err, c.want, c.code)
		s.failAlways(c.failureResponse)
		_, err = w.Unwrap(ctx, tenant, []byte("wrapped"))
		wantError(t, fmt.Sprint("unwrap, ", c.failureResponse), err, c.want, c.code)
		s.wantCalls(c.calls, c.calls)
	}
}

func wantError(t *testing.T, what string, err, want error, code string) {
	t.Helper()
	if err == nil || errors.Is(err, encryption.ErrUnavailable) != errors.Is(want, encryption.ErrUnavailable) ||
		errors.Is(err, encryption.ErrInvalidCiphertext) != errors.Is(want, encryption.ErrInvalidCiphertext) || !strings.Contains(err.Error(), code) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
	if text := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(text, canary) || strings.Contains(text, "127.0.0.1") {
		t.Errorf("%s: says too much: %s", what, text)
	}
}

// A service that fails once, or twice, is asked again.
func TestTransientErrorsAreRetried(t *testing.T) {
	s := newFakeKMS(t)
	s.failures = []failureResponse{{500, "KMSInternalException", ""}, {400, "ThrottlingException", ""}}
	_, wrapped, err := s.newWrapper("k").GenerateDataKey(ctx, tenant)
	if err != nil {
		t.Fatal(err)
	}
	s.failures = []failureResponse{{500, "KeyUnavailableException", ""}}
	if _, err := s.newWrapper("k").Unwrap(ctx, tenant, wrapped); err != nil {
		t.Error(err)
	}
	s.wantCalls(3, 2)
}

// Nobody listens, or somebody listens and never answers: an error in time.
func TestUnreachableServiceIsUnavailable(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for seconds")
	}
	gone := newFakeKMS(t)
	gone.url = "http://127.0.0.1:1"
	silent := newFakeKMS(t)
	silent.beforeAnswer = func(r *http.Request) { <-r.Context().Done() }
	for name, s := range map[string]*fakeKMS{"nobody listens": gone, "nobody answers": silent} {
		t.Run(name, func(t *testing.T) {
			v := encryption.NewFieldCipher(s.newWrapper("k"), time.Now)
			start := time.Now()
			_, err := v.NewKey(ctx, tenant)
			if took := time.Since(start); !errors.Is(err, encryption.ErrUnavailable) || took > 6*time.Second {
				t.Errorf("%v after %v", err, took)
			}
			if strings.Contains(err.Error(), "://") {
				t.Error(err)
			}
		})
	}
}

func TestEndedContextIsUnavailable(t *testing.T) {
	s := newFakeKMS(t)
	s.beforeAnswer = func(r *http.Request) { <-r.Context().Done() }
	v := encryption.NewFieldCipher(s.newWrapper("k"), time.Now)
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := v.Decrypt(short, tenant, []byte("wrapped"), "p", make([]byte, 40))
	if took := time.Since(start); took > 2*time.Second || !errors.Is(err, encryption.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v after %v", err, took)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := v.NewKey(ended, tenant); !errors.Is(err, encryption.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestKeysAreNeverPrinted prints what has seen keys, and what failed having seen them.
func TestKeysAreNeverPrinted(t *testing.T) {
	s := newFakeKMS(t)
	w := s.newWrapper("k")
	v := encryption.NewFieldCipher(w, time.Now)
	wrapped, err := v.NewKey(ctx, tenant)
	if err != nil {
		t.Fatal(err)
	}
	key := base64.StdEncoding.EncodeToString(s.dataKeys[0])
	s.failures = []failureResponse{{status: 200, body: `{"Plaintext":"` + key + `","KeyId":7}`}}
	_, cut := w.Unwrap(ctx, tenant, wrapped)
	s.failures = []failureResponse{{status: 400, body: `{"__type":"` + "OddException" + `","message":"` + key + `","Plaintext":"` + key + `"}`}}
	_, odd := w.Unwrap(ctx, tenant, wrapped)
	if cut == nil || odd == nil {
		t.Fatal("no errors to print")
	}
	out := ""
	for _, value := range []any{v, w, *w, cut, odd, struct{ w encryption.KeyWrapper }{w}} {
		out += fmt.Sprintf("%v %+v %#v %s %q %x\n", value, value, value, value, value, value)
	}
	for _, secret := range []string{
		key, key[:10], hex.EncodeToString(s.dataKeys[0][:8]), string(s.dataKeys[0][:8]), strings.Trim(fmt.Sprint(s.dataKeys[0][:8]), "[]"),
	} {
		if strings.Contains(out, secret) {
			t.Errorf("the key was printed: %s", out)
		}
	}
}

func TestNewRejectsMissingArguments(t *testing.T) {
	if _, err := kms.New(nil, "k"); err == nil {
		t.Error("no client")
	}
	var client kms.API = struct{ kms.API }{}
	if _, err := kms.New(client, ""); err == nil {
		t.Error("no key id")
	}
}
