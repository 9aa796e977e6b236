package encryption_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"
	"time"

	"cedula/shared/encryption"
	"cedula/shared/identity"
)

const (
	keyTTL        = 5 * time.Minute
	maxKeyUses    = 1000
	maxCachedKeys = 1000
)

func sha256String(b []byte) string {
	h := sha256.Sum256(b)
	return string(h[:])
}

func (w *fixture) wantCalls(t *testing.T, what string, made, unwrapped int64) {
	t.Helper()
	if m, u := w.resetCalls(); m != made || u != unwrapped {
		t.Errorf("%s: %d keys made and %d unwrapped, want %d and %d", what, m, u, made, unwrapped)
	}
}

func TestKeyIsReusedAThousandTimes(t *testing.T) {
	w := newFixture(t)
	wrapped := w.mustNewKey(t, tenant)
	first := bytes.Clone(wrapped)
	clear(wrapped) // it is the caller's
	for range maxKeyUses - 1 {
		wrapped := w.mustNewKey(t, tenant)
		if !bytes.Equal(wrapped, first) {
			t.Fatal("another key")
		}
		w.mustEncrypt(t, wrapped, "v")
		clear(wrapped)
	}
	w.wantCalls(t, "a thousand", 1, 0)
	if bytes.Equal(w.mustNewKey(t, tenant), first) {
		t.Error("the key served one more")
	}
	w.wantCalls(t, "one more", 1, 0)
	w.mustNewKey(t, "globex")
	w.wantCalls(t, "another tenant", 1, 0)
}

func TestKeyIsReusedForFiveMinutes(t *testing.T) {
	w := newFixture(t)
	first := w.mustNewKey(t, tenant)
	w.clock.advance(keyTTL - time.Nanosecond)
	if !bytes.Equal(w.mustNewKey(t, tenant), first) {
		t.Error("another key")
	}
	w.wantCalls(t, "just before", 1, 0)
	w.clock.advance(time.Nanosecond)
	if bytes.Equal(w.mustNewKey(t, tenant), first) {
		t.Error("the key served on")
	}
	w.wantCalls(t, "after", 1, 0)
	w.clock.advance(-time.Second)
	w.mustNewKey(t, tenant)
	w.wantCalls(t, "a clock that went back", 1, 0)
}

func TestUnwrappedKeysExpire(t *testing.T) {
	w := newFixture(t)
	wrapped := w.mustNewKey(t, tenant)
	box := w.mustEncrypt(t, wrapped, "v")
	open := func() {
		t.Helper()
		if _, err := w.Decrypt(ctx, tenant, wrapped, place, box); err != nil {
			t.Fatal(err)
		}
	}
	w.resetCalls()
	w.clock.advance(keyTTL - time.Nanosecond)
	open()
	w.wantCalls(t, "just before", 0, 0)
	w.clock.advance(time.Nanosecond) // though it was used a moment ago
	open()
	w.wantCalls(t, "after", 0, 1)
	open()
	w.wantCalls(t, "again", 0, 0)
	w.clock.advance(-time.Second)
	open()
	w.wantCalls(t, "a clock that went back", 0, 1)
}

func TestAThousandKeysAreCached(t *testing.T) {
	w := newFixture(t)
	keys := make([][]byte, maxCachedKeys+1)
	for n := range keys {
		keys[n] = w.mustNewKey(t, fmt.Sprint("tenant", n))
		w.clock.advance(time.Millisecond)
	}
	w.resetCalls()
	for n := 1; n < len(keys); n++ {
		if _, err := w.Encrypt(ctx, fmt.Sprint("tenant", n), keys[n], place, "v"); err != nil {
			t.Fatal(err)
		}
	}
	w.wantCalls(t, "the newest thousand", 0, 0)
	if !bytes.Equal(w.mustNewKey(t, "tenant1"), keys[1]) {
		t.Error("a fresh key was lost")
	}
	w.wantCalls(t, "a fresh one", 0, 0)
	if bytes.Equal(w.mustNewKey(t, "tenant0"), keys[0]) {
		t.Error("the oldest fresh key is still there")
	}
	if _, err := w.Encrypt(ctx, "tenant0", keys[0], place, "v"); err != nil {
		t.Fatal(err)
	}
	w.wantCalls(t, "the oldest", 1, 1)
}

// A failure is not remembered, nor what could not be unwrapped.
func TestFailuresAreNotCached(t *testing.T) {
	w := newFixture(t)
	wrapped := w.mustNewKey(t, tenant)
	broken := &failingWrapper{KeyWrapper: w.KeyWrapper, err: fmt.Errorf("test: %w", encryption.ErrUnavailable)}
	v := encryption.NewFieldCipher(broken, w.clock.Now)
	for range 2 {
		if _, err := v.NewKey(ctx, tenant); !errors.Is(err, identity.ErrUnavailable) {
			t.Errorf("new key: %v", err)
		}
		if _, err := v.Encrypt(ctx, tenant, wrapped, place, "v"); !errors.Is(err, identity.ErrUnavailable) {
			t.Errorf("seal: %v", err)
		}
		if _, err := v.Decrypt(ctx, tenant, wrapped, place, make([]byte, 40)); !errors.Is(err, identity.ErrUnavailable) || errors.Is(err, encryption.ErrInvalidCiphertext) {
			t.Errorf("open: %v", err)
		}
	}
	broken.err = nil
	if _, err := v.NewKey(ctx, tenant); err != nil {
		t.Error(err)
	}
	if _, err := v.Encrypt(ctx, tenant, wrapped, place, "v"); err != nil {
		t.Error(err)
	}
}

// A key of another length is none, whoever made it.
func TestKeysOfOtherLengthsAreRejected(t *testing.T) {
	w := newFixture(t)
	for _, length := range []int{0, 16, 31, 33} {
		v := encryption.NewFieldCipher(&failingWrapper{KeyWrapper: w.KeyWrapper, length: length, resize: true}, w.clock.Now)
		if _, err := v.NewKey(ctx, tenant); !errors.Is(err, encryption.ErrInvalidCiphertext) {
			t.Errorf("%d bytes, new: %v", length, err)
		}
		if _, err := v.Encrypt(ctx, tenant, w.mustNewKey(t, tenant), place, "v"); !errors.Is(err, encryption.ErrInvalidCiphertext) {
			t.Errorf("%d bytes, unwrapped: %v", length, err)
		}
	}
}

// failingWrapper is a wrapper that fails, or cuts its keys.
type failingWrapper struct {
	encryption.KeyWrapper
	err    error
	resize bool
	length int
}

func (f *failingWrapper) GenerateDataKey(ctx context.Context, tenant string) (plain, wrapped []byte, err error) {
	if f.err != nil {
		return nil, nil, f.err
	}
	plain, wrapped, err = f.KeyWrapper.GenerateDataKey(ctx, tenant)
	return f.resized(plain), wrapped, err
}

func (f *failingWrapper) Unwrap(ctx context.Context, tenant string, wrapped []byte) ([]byte, error) {
	if f.err != nil {
		return nil, f.err
	}
	plain, err := f.KeyWrapper.Unwrap(ctx, tenant, wrapped)
	return f.resized(plain), err
}

func (f *failingWrapper) resized(plain []byte) []byte {
	if !f.resize {
		return plain
	}
	return append(plain, plain...)[:f.length]
}
