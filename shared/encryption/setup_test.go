package encryption_test

import (
	"bytes"
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cedula/shared/encryption"
)

const tenant, place = "acme", "0123456789abcdef01234567/email"

// fixture is a vault on a local key, with a clock that a test moves, and with the
// calls of the wrapper counted.
type fixture struct {
	*encryption.FieldCipher
	*countingWrapper
	clock *clock
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	w := &fixture{countingWrapper: &countingWrapper{KeyWrapper: newLocalKeyWrapper(t, 1)}, clock: &clock{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}}
	w.FieldCipher = encryption.NewFieldCipher(w.countingWrapper, w.clock.Now)
	return w
}

// newLocalKeyWrapper is the local wrapper on a key that is all one byte.
func newLocalKeyWrapper(t testing.TB, b byte) *encryption.LocalKeyWrapper {
	t.Helper()
	l, err := encryption.NewLocalKeyWrapper(bytes.Repeat([]byte{b}, encryption.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// withEmptyCache is a vault with the same deployment's key and nothing in memory.
func (w *fixture) withEmptyCache() *encryption.FieldCipher {
	return encryption.NewFieldCipher(w.countingWrapper, w.clock.Now)
}

func (w *fixture) mustNewKey(t testing.TB, tenant string) []byte {
	t.Helper()
	wrapped, err := w.NewKey(context.Background(), tenant)
	if err != nil {
		t.Fatal(err)
	}
	return wrapped
}

func (w *fixture) mustEncrypt(t testing.TB, wrapped []byte, value string) []byte {
	t.Helper()
	box, err := w.Encrypt(context.Background(), tenant, wrapped, place, value)
	if err != nil {
		t.Fatal(err)
	}
	return box
}

// countingWrapper counts what reaches the wrapper behind it.
type countingWrapper struct {
	encryption.KeyWrapper
	generated, unwrapped atomic.Int64
}

func (c *countingWrapper) GenerateDataKey(ctx context.Context, tenant string) (plain, wrapped []byte, err error) {
	c.generated.Add(1)
	return c.KeyWrapper.GenerateDataKey(ctx, tenant)
}

func (c *countingWrapper) Unwrap(ctx context.Context, tenant string, wrapped []byte) ([]byte, error) {
	c.unwrapped.Add(1)
	return c.KeyWrapper.Unwrap(ctx, tenant, wrapped)
}

// resetCalls returns how many there were since it was asked last.
func (c *countingWrapper) resetCalls() (made, unwrapped int64) {
	return c.generated.Swap(0), c.unwrapped.Swap(0)
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
