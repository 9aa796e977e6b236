package encryption_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"cedula/shared/encryption"
	"cedula/shared/identity"
)

const (
	keyTTL     = 5 * time.Minute
	maxKeyUses = 1000
)

func TestNewKeyReturnsOneKeyAThousandTimes(t *testing.T) {
	f := newFixture(t)
	wrapped := f.mustNewKey(t, tenant)
	first := bytes.Clone(wrapped)
	clear(wrapped) // it belongs to the caller
	for range maxKeyUses - 1 {
		wrapped := f.mustNewKey(t, tenant)
		if !bytes.Equal(wrapped, first) {
			t.Fatal("NewKey returned a second key within its first thousand calls")
		}
		f.mustEncrypt(t, wrapped, "v")
		clear(wrapped)
	}
	f.wrapper.wantCalls(t, "a thousand uses", 1, 0)
	if bytes.Equal(f.mustNewKey(t, tenant), first) {
		t.Error("call 1001 of NewKey returned the first key, want another")
	}
	f.wrapper.wantCalls(t, "one more use", 1, 0)
	f.mustNewKey(t, "globex")
	f.wrapper.wantCalls(t, "another tenant", 1, 0)
}

func TestKeysAreKeptForFiveMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		wrapped := f.mustNewKey(t, tenant)
		ciphertext := f.mustEncrypt(t, wrapped, "v")
		for _, tt := range []struct {
			sleep     time.Duration
			expired   bool
			when      string
			generated int
			unwrapped int
		}{
			{keyTTL - time.Nanosecond, false, "just before the TTL", 1, 0},
			{time.Nanosecond, true, "after the TTL, though used just before", 1, 1},
		} {
			time.Sleep(tt.sleep)
			if _, err := f.Decrypt(t.Context(), tenant, wrapped, place, ciphertext); err != nil {
				t.Fatal(err)
			}
			if got := !bytes.Equal(f.mustNewKey(t, tenant), wrapped); got != tt.expired {
				t.Errorf("%s: NewKey returned another key = %t, want %t", tt.when, got, tt.expired)
			}
			f.wrapper.wantCalls(t, tt.when, tt.generated, tt.unwrapped)
		}
	})
}

func TestErrorsAreNotCached(t *testing.T) {
	f := newFixture(t)
	wrapped := f.mustNewKey(t, tenant)
	ciphertext := f.mustEncrypt(t, wrapped, "v")
	c := f.withEmptyCache()
	callAll := func() map[string]error {
		_, decryptErr := c.Decrypt(ctx, tenant, wrapped, place, ciphertext)
		_, encryptErr := c.Encrypt(ctx, tenant, wrapped, place, "v")
		_, newKeyErr := c.NewKey(ctx, tenant)
		return map[string]error{"Decrypt": decryptErr, "Encrypt": encryptErr, "NewKey": newKeyErr}
	}
	f.wrapper.err = fmt.Errorf("test: %w", encryption.ErrUnavailable)
	for call, err := range callAll() {
		if !errors.Is(err, identity.ErrUnavailable) || errors.Is(err, encryption.ErrInvalidCiphertext) {
			t.Errorf("%s: error = %v, want identity.ErrUnavailable only", call, err)
		}
	}
	f.wrapper.err = nil
	for call, err := range callAll() {
		if err != nil {
			t.Errorf("%s: error = %v once the key service responds again, want nil", call, err)
		}
	}
}

func TestKeyOfOtherLengthIsRejected(t *testing.T) {
	f := newFixture(t)
	wrapped := f.mustNewKey(t, tenant)
	for _, length := range []int{0, 16, 31, 33} {
		f.wrapper.resize = func(plain []byte) []byte { return append(plain, plain...)[:length] }
		c := f.withEmptyCache()
		if _, err := c.NewKey(ctx, tenant); !errors.Is(err, encryption.ErrInvalidCiphertext) {
			t.Errorf("NewKey of %d bytes: error = %v, want ErrInvalidCiphertext", length, err)
		}
		if _, err := c.Encrypt(ctx, tenant, wrapped, place, "v"); !errors.Is(err, encryption.ErrInvalidCiphertext) {
			t.Errorf("Encrypt with a key of %d bytes: error = %v, want ErrInvalidCiphertext", length, err)
		}
	}
}

func TestPlaintextKeysAreWiped(t *testing.T) {
	f := newFixture(t)
	wrapped := f.mustNewKey(t, tenant)
	if _, err := f.withEmptyCache().Encrypt(ctx, tenant, wrapped, place, "v"); err != nil {
		t.Fatal(err)
	}
	if got := len(f.wrapper.plain); got != 2 {
		t.Fatalf("plain keys returned = %d, want a generated and an unwrapped one", got)
	}
	for n, plain := range f.wrapper.plain {
		if !bytes.Equal(plain, make([]byte, encryption.KeySize)) {
			t.Errorf("plain key %d is still in memory", n)
		}
	}
}
