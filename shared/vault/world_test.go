package vault_test

import (
	"bytes"
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cedula/shared/vault"
)

const tenant, place = "acme", "0123456789abcdef01234567/email"

// world is a vault on a local key, with a clock that a test moves, and with the
// calls of the wrapper counted.
type world struct {
	*vault.Vault
	*counter
	clock *clock
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{counter: &counter{Wrapper: newLocal(t, 1)}, clock: &clock{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}}
	w.Vault = vault.New(w.counter, w.clock.Now)
	return w
}

// newLocal is the local wrapper on a key that is all one byte.
func newLocal(t testing.TB, b byte) *vault.Local {
	t.Helper()
	l, err := vault.NewLocal(bytes.Repeat([]byte{b}, vault.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// again is a vault with the same deployment's key and nothing in memory.
func (w *world) again() *vault.Vault { return vault.New(w.counter, w.clock.Now) }

func (w *world) newKey(t testing.TB, tenant string) []byte {
	t.Helper()
	wrapped, err := w.NewKey(context.Background(), tenant)
	if err != nil {
		t.Fatal(err)
	}
	return wrapped
}

func (w *world) seal(t testing.TB, wrapped []byte, value string) []byte {
	t.Helper()
	box, err := w.Seal(context.Background(), tenant, wrapped, place, value)
	if err != nil {
		t.Fatal(err)
	}
	return box
}

// counter counts what reaches the wrapper behind it.
type counter struct {
	vault.Wrapper
	made, unwrapped atomic.Int64
}

func (c *counter) New(ctx context.Context, tenant string) (plain, wrapped []byte, err error) {
	c.made.Add(1)
	return c.Wrapper.New(ctx, tenant)
}

func (c *counter) Unwrap(ctx context.Context, tenant string, wrapped []byte) ([]byte, error) {
	c.unwrapped.Add(1)
	return c.Wrapper.Unwrap(ctx, tenant, wrapped)
}

// calls returns how many there were since it was asked last.
func (c *counter) calls() (made, unwrapped int64) {
	return c.made.Swap(0), c.unwrapped.Swap(0)
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

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
