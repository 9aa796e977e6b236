package vault_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"
	"time"

	"cedula/shared/identity"
	"cedula/shared/vault"
)

const (
	keyLife = 5 * time.Minute
	keyUses = 1000
	kept    = 1000
)

func hash(b []byte) string {
	h := sha256.Sum256(b)
	return string(h[:])
}

func (w *world) wantCalls(t *testing.T, what string, made, unwrapped int64) {
	t.Helper()
	if m, u := w.calls(); m != made || u != unwrapped {
		t.Errorf("%s: %d keys made and %d unwrapped, want %d and %d", what, m, u, made, unwrapped)
	}
}

func TestOneKeyServesAThousand(t *testing.T) {
	w := newWorld(t)
	wrapped := w.newKey(t, tenant)
	first := bytes.Clone(wrapped)
	clear(wrapped) // it is the caller's
	for range keyUses - 1 {
		wrapped := w.newKey(t, tenant)
		if !bytes.Equal(wrapped, first) {
			t.Fatal("another key")
		}
		w.seal(t, wrapped, "v")
		clear(wrapped)
	}
	w.wantCalls(t, "a thousand", 1, 0)
	if bytes.Equal(w.newKey(t, tenant), first) {
		t.Error("the key served one more")
	}
	w.wantCalls(t, "one more", 1, 0)
	w.newKey(t, "globex")
	w.wantCalls(t, "another tenant", 1, 0)
}

func TestOneKeyServesFiveMinutes(t *testing.T) {
	w := newWorld(t)
	first := w.newKey(t, tenant)
	w.clock.pass(keyLife - time.Nanosecond)
	if !bytes.Equal(w.newKey(t, tenant), first) {
		t.Error("another key")
	}
	w.wantCalls(t, "just before", 1, 0)
	w.clock.pass(time.Nanosecond)
	if bytes.Equal(w.newKey(t, tenant), first) {
		t.Error("the key served on")
	}
	w.wantCalls(t, "after", 1, 0)
	w.clock.pass(-time.Second)
	w.newKey(t, tenant)
	w.wantCalls(t, "a clock that went back", 1, 0)
}

func TestUnwrappedKeysAreForgotten(t *testing.T) {
	w := newWorld(t)
	wrapped := w.newKey(t, tenant)
	box := w.seal(t, wrapped, "v")
	open := func() {
		t.Helper()
		if _, err := w.Open(ctx, tenant, wrapped, place, box); err != nil {
			t.Fatal(err)
		}
	}
	w.calls()
	w.clock.pass(keyLife - time.Nanosecond)
	open()
	w.wantCalls(t, "just before", 0, 0)
	w.clock.pass(time.Nanosecond) // though it was used a moment ago
	open()
	w.wantCalls(t, "after", 0, 1)
	open()
	w.wantCalls(t, "again", 0, 0)
	w.clock.pass(-time.Second)
	open()
	w.wantCalls(t, "a clock that went back", 0, 1)
}

func TestAThousandKeysAreKept(t *testing.T) {
	w := newWorld(t)
	keys := make([][]byte, kept+1)
	for n := range keys {
		keys[n] = w.newKey(t, fmt.Sprint("tenant", n))
		w.clock.pass(time.Millisecond)
	}
	w.calls()
	for n := 1; n < len(keys); n++ {
		if _, err := w.Seal(ctx, fmt.Sprint("tenant", n), keys[n], place, "v"); err != nil {
			t.Fatal(err)
		}
	}
	w.wantCalls(t, "the newest thousand", 0, 0)
	if !bytes.Equal(w.newKey(t, "tenant1"), keys[1]) {
		t.Error("a fresh key was lost")
	}
	w.wantCalls(t, "a fresh one", 0, 0)
	if bytes.Equal(w.newKey(t, "tenant0"), keys[0]) {
		t.Error("the oldest fresh key is still there")
	}
	if _, err := w.Seal(ctx, "tenant0", keys[0], place, "v"); err != nil {
		t.Fatal(err)
	}
	w.wantCalls(t, "the oldest", 1, 1)
}

// A failure is not remembered, nor what could not be unwrapped.
func TestFailuresAreNotRemembered(t *testing.T) {
	w := newWorld(t)
	wrapped := w.newKey(t, tenant)
	broken := &failing{Wrapper: w.Wrapper, err: fmt.Errorf("test: %w", identity.ErrUnavailable)}
	v := vault.New(broken, w.clock.Now)
	for range 2 {
		if _, err := v.NewKey(ctx, tenant); !errors.Is(err, identity.ErrUnavailable) {
			t.Errorf("new key: %v", err)
		}
		if _, err := v.Seal(ctx, tenant, wrapped, place, "v"); !errors.Is(err, identity.ErrUnavailable) {
			t.Errorf("seal: %v", err)
		}
		if _, err := v.Open(ctx, tenant, wrapped, place, make([]byte, 40)); !errors.Is(err, identity.ErrUnavailable) || errors.Is(err, vault.ErrDamaged) {
			t.Errorf("open: %v", err)
		}
	}
	broken.err = nil
	if _, err := v.NewKey(ctx, tenant); err != nil {
		t.Error(err)
	}
	if _, err := v.Seal(ctx, tenant, wrapped, place, "v"); err != nil {
		t.Error(err)
	}
}

// A key of another length is none, whoever made it.
func TestShortKeysAreRefused(t *testing.T) {
	w := newWorld(t)
	for _, length := range []int{0, 16, 31, 33} {
		v := vault.New(&failing{Wrapper: w.Wrapper, length: length, cut: true}, w.clock.Now)
		if _, err := v.NewKey(ctx, tenant); !errors.Is(err, vault.ErrDamaged) {
			t.Errorf("%d bytes, new: %v", length, err)
		}
		if _, err := v.Seal(ctx, tenant, w.newKey(t, tenant), place, "v"); !errors.Is(err, vault.ErrDamaged) {
			t.Errorf("%d bytes, unwrapped: %v", length, err)
		}
	}
}

// failing is a wrapper that fails, or cuts its keys.
type failing struct {
	vault.Wrapper
	err    error
	cut    bool
	length int
}

func (f *failing) New(ctx context.Context, tenant string) (plain, wrapped []byte, err error) {
	if f.err != nil {
		return nil, nil, f.err
	}
	plain, wrapped, err = f.Wrapper.New(ctx, tenant)
	return f.resized(plain), wrapped, err
}

func (f *failing) Unwrap(ctx context.Context, tenant string, wrapped []byte) ([]byte, error) {
	if f.err != nil {
		return nil, f.err
	}
	plain, err := f.Wrapper.Unwrap(ctx, tenant, wrapped)
	return f.resized(plain), err
}

func (f *failing) resized(plain []byte) []byte {
	if !f.cut {
		return plain
	}
	return append(plain, plain...)[:f.length]
}
