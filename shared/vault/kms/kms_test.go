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

	"cedula/shared/identity"
	"cedula/shared/vault"
	"cedula/shared/vault/kms"
)

const (
	tenant = "acme"
	canary = "canary-in-a-message"
)

var ctx = context.Background()

func TestRoundTrip(t *testing.T) {
	s := newServer(t)
	plain, wrapped, err := s.wrapper("alias/data").New(ctx, tenant)
	if err != nil || len(plain) != vault.KeySize || bytes.Contains(wrapped, plain) {
		t.Fatal(len(plain), err)
	}
	got, err := s.wrapper("alias/data").Unwrap(ctx, tenant, wrapped)
	if err != nil || !bytes.Equal(got, plain) {
		t.Error("another key, or ", err)
	}
	want := map[string]string{
		"GenerateDataKey": `{"KeyId":"alias/data","KeySpec":"AES_256","EncryptionContext":{"cedula:tenant":"acme"}}`,
		"Decrypt":         `{"KeyId":"alias/data","EncryptionContext":{"cedula:tenant":"acme"}}`,
	}
	if diff := cmp.Diff(want, s.asked); diff != "" {
		t.Error(diff)
	}
}

// A thousand values cost one call to seal, and one more for another process to
// open them.
func TestVaultAsksSeldom(t *testing.T) {
	s := newServer(t)
	first, second := vault.New(s.wrapper("k"), time.Now), vault.New(s.wrapper("k"), time.Now)
	for n := range 1000 {
		place, value := fmt.Sprint("place ", n), fmt.Sprint("value ", n)
		wrapped, err := first.NewKey(ctx, tenant)
		if err != nil {
			t.Fatal(err)
		}
		box, err := first.Seal(ctx, tenant, wrapped, place, value)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := second.Open(ctx, tenant, wrapped, place, box); err != nil || got != value {
			t.Fatal("another value, or ", err)
		}
	}
	s.wantCalls(1, 1)
}

func TestForeignKeysAreDamaged(t *testing.T) {
	s := newServer(t)
	w := s.wrapper("k")
	_, wrapped, err := w.New(ctx, tenant)
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
		if plain != nil || !errors.Is(err, vault.ErrDamaged) || errors.Is(err, identity.ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s.wantCalls(1, 3) // no second attempt
}

func otherKey(t *testing.T) []byte {
	t.Helper()
	_, wrapped, err := newServer(t).wrapper("k").New(ctx, tenant)
	if err != nil {
		t.Fatal(err)
	}
	return wrapped
}

func TestErrors(t *testing.T) {
	unavailable, damaged, neither := identity.ErrUnavailable, vault.ErrDamaged, error(nil)
	for _, c := range []struct {
		failure
		want  error
		calls int
	}{
		{failure{400, "InvalidCiphertextException", ""}, damaged, 1},
		{failure{400, "IncorrectKeyException", ""}, damaged, 1},
		{failure{400, "ThrottlingException", ""}, unavailable, 3},
		{failure{400, "LimitExceededException", ""}, unavailable, 3},
		{failure{400, "RequestLimitExceeded", ""}, unavailable, 3},
		{failure{500, "KeyUnavailableException", ""}, unavailable, 3},
		{failure{503, "DependencyTimeoutException", ""}, unavailable, 3},
		{failure{500, "KMSInternalException", ""}, unavailable, 3},
		{failure{400, "KMSInternalException", ""}, unavailable, 1},
		{failure{400, "KMSInvalidStateException", ""}, unavailable, 1},
		{failure{400, "DisabledException", ""}, unavailable, 1},
		{failure{502, "", "<html>bad gateway " + canary}, unavailable, 3},
		{failure{200, "", "<html>" + canary}, unavailable, 1},
		{failure{404, "", "<html>" + canary}, unavailable, 1},
		{failure{200, "", `{"Plaintext":"` + canary + `*"}`}, unavailable, 1},
		{failure{400, "NotFoundException", ""}, neither, 1},
		{failure{400, "AccessDeniedException", ""}, neither, 1},
		{failure{400, "InvalidKeyUsageException", ""}, neither, 1},
		{failure{400, "InvalidGrantTokenException", ""}, neither, 1},
		{failure{400, "ValidationException", ""}, neither, 1},
		{failure{400, "ExpiredTokenException", ""}, neither, 1},
	} {
		s := newServer(t)
		w := s.wrapper("k")
		s.always(c.failure)
		_, _, err := w.New(ctx, tenant)
		wantError(t, fmt.Sprint("new, ", c.failure), err, c.want, c.kind)
		s.always(c.failure)
		_, err = w.Unwrap(ctx, tenant, []byte("wrapped"))
		wantError(t, fmt.Sprint("unwrap, ", c.failure), err, c.want, c.kind)
		s.wantCalls(c.calls, c.calls)
	}
}

func wantError(t *testing.T, what string, err, want error, code string) {
	t.Helper()
	if err == nil || errors.Is(err, identity.ErrUnavailable) != errors.Is(want, identity.ErrUnavailable) ||
		errors.Is(err, vault.ErrDamaged) != errors.Is(want, vault.ErrDamaged) || !strings.Contains(err.Error(), code) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
	if text := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(text, canary) || strings.Contains(text, "127.0.0.1") {
		t.Errorf("%s: says too much: %s", what, text)
	}
}

// A service that fails once, or twice, is asked again.
func TestTriesAgain(t *testing.T) {
	s := newServer(t)
	s.fail = []failure{{500, "KMSInternalException", ""}, {400, "ThrottlingException", ""}}
	_, wrapped, err := s.wrapper("k").New(ctx, tenant)
	if err != nil {
		t.Fatal(err)
	}
	s.fail = []failure{{500, "KeyUnavailableException", ""}}
	if _, err := s.wrapper("k").Unwrap(ctx, tenant, wrapped); err != nil {
		t.Error(err)
	}
	s.wantCalls(3, 2)
}

// Nobody listens, or somebody listens and never answers: an error in time.
func TestServiceIsAway(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for seconds")
	}
	gone := newServer(t)
	gone.url = "http://127.0.0.1:1"
	silent := newServer(t)
	silent.wait = func(r *http.Request) { <-r.Context().Done() }
	for name, s := range map[string]*server{"nobody listens": gone, "nobody answers": silent} {
		t.Run(name, func(t *testing.T) {
			v := vault.New(s.wrapper("k"), time.Now)
			start := time.Now()
			_, err := v.NewKey(ctx, tenant)
			if took := time.Since(start); !errors.Is(err, identity.ErrUnavailable) || took > 6*time.Second {
				t.Errorf("%v after %v", err, took)
			}
			if strings.Contains(err.Error(), "://") {
				t.Error(err)
			}
		})
	}
}

func TestContextEnds(t *testing.T) {
	s := newServer(t)
	s.wait = func(r *http.Request) { <-r.Context().Done() }
	v := vault.New(s.wrapper("k"), time.Now)
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := v.Open(short, tenant, []byte("wrapped"), "p", make([]byte, 40))
	if took := time.Since(start); took > 2*time.Second || !errors.Is(err, identity.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v after %v", err, took)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := v.NewKey(ended, tenant); !errors.Is(err, identity.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestNothingLeaks prints what has seen keys, and what failed having seen them.
func TestNothingLeaks(t *testing.T) {
	s := newServer(t)
	w := s.wrapper("k")
	v := vault.New(w, time.Now)
	wrapped, err := v.NewKey(ctx, tenant)
	if err != nil {
		t.Fatal(err)
	}
	key := base64.StdEncoding.EncodeToString(s.plain[0])
	s.fail = []failure{{status: 200, text: `{"Plaintext":"` + key + `","KeyId":7}`}}
	_, cut := w.Unwrap(ctx, tenant, wrapped)
	s.fail = []failure{{status: 400, text: `{"__type":"` + "OddException" + `","message":"` + key + `","Plaintext":"` + key + `"}`}}
	_, odd := w.Unwrap(ctx, tenant, wrapped)
	if cut == nil || odd == nil {
		t.Fatal("no errors to print")
	}
	out := ""
	for _, value := range []any{v, w, *w, cut, odd, struct{ w vault.Wrapper }{w}} {
		out += fmt.Sprintf("%v %+v %#v %s %q %x\n", value, value, value, value, value, value)
	}
	for _, secret := range []string{
		key, key[:10], hex.EncodeToString(s.plain[0][:8]), string(s.plain[0][:8]), strings.Trim(fmt.Sprint(s.plain[0][:8]), "[]"),
	} {
		if strings.Contains(out, secret) {
			t.Errorf("the key was printed: %s", out)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	if _, err := kms.New(nil, "k"); err == nil {
		t.Error("no client")
	}
	var client kms.API = struct{ kms.API }{}
	if _, err := kms.New(client, ""); err == nil {
		t.Error("no key id")
	}
}
