package ttlcache_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cedula/shared/ttlcache"
)

const ttl = time.Minute

// fixture is a cache of at most three values whose clock the test sets. Its loads count themselves.
type fixture struct {
	*ttlcache.Cache[int]
	now   time.Time
	loads int
}

func newFixture() *fixture {
	f := &fixture{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	f.Cache = ttlcache.New[int](ttl, 3, func() time.Time { return f.now })
	return f
}

// load returns the number of loads so far.
func (f *fixture) load(t *testing.T, key string) int {
	t.Helper()
	got, err := f.Load(t.Context(), key, func(context.Context) (int, error) {
		f.loads++
		return f.loads, nil
	})
	if err != nil {
		t.Fatalf("Load(%s): error = %v, want nil", key, err)
	}
	return got
}

func TestValueExpiresAfterTTL(t *testing.T) {
	for name, test := range map[string]struct {
		after time.Duration
		want  int
	}{
		"just before":    {ttl - 1, 1},
		"at the TTL":     {ttl, 2},
		"clock set back": {-1, 2},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture()
			f.load(t, "a")
			f.now = f.now.Add(test.after)
			if got := f.load(t, "a"); got != test.want {
				t.Errorf("value = %d, want that of load %d", got, test.want)
			}
		})
	}
}

func TestAgeCountsFromStartOfLoad(t *testing.T) {
	f := newFixture()
	_, _ = f.Load(t.Context(), "a", func(context.Context) (int, error) {
		f.now = f.now.Add(ttl / 2)
		return 1, nil
	})
	f.now = f.now.Add(ttl / 2)
	if _, ok := f.Get("a"); ok {
		t.Error("a value is served one TTL after its load began, want none")
	}
}

func TestFrozenMonotonicClockIsIgnored(t *testing.T) {
	now := time.Now()
	c := ttlcache.New[int](ttl, 1, func() time.Time { return now })
	c.Put("a", 1)
	now = now.Round(0).Add(ttl) // a wall-clock reading without a monotonic one
	if _, ok := c.Get("a"); ok {
		t.Error("a value is served after its TTL in wall-clock time, want none")
	}
}

func TestNegativeTTLKeepsNothing(t *testing.T) {
	c := ttlcache.New[int](-1, 3, time.Now)
	c.Put("a", 1)
	if got := c.Len(); got != 0 {
		t.Errorf("Len = %d, want 0", got)
	}
}

func TestOldestValueIsEvictedAtLimit(t *testing.T) {
	f := newFixture()
	for n, key := range []string{"a", "b", "c", "a", "d"} {
		f.Put(key, n)
	}
	if _, ok := f.Get("b"); ok {
		t.Error("Get of the oldest value = true in a full cache, want false")
	}
	for _, key := range []string{"a", "c", "d"} {
		if _, ok := f.Get(key); !ok {
			t.Errorf("value of %q is gone, want the newest three", key)
		}
	}
}

func TestExpiredValuesAreRemoved(t *testing.T) {
	f := newFixture()
	f.Put("a", 1)
	f.Put("b", 2)
	f.now = f.now.Add(ttl)
	f.Put("c", 3)
	if got := f.Len(); got != 1 {
		t.Errorf("Len = %d, want 1: the expired values are removed", got)
	}
}

func TestDeletedValueIsGone(t *testing.T) {
	f := newFixture()
	f.Put("a", 1)
	f.Delete("a")
	f.Delete("never there")
	if _, ok := f.Get("a"); ok {
		t.Error("Get of a deleted value = true, want false")
	}
}

func TestErrorsAreNotStored(t *testing.T) {
	f := newFixture()
	broken := errors.New("broken")
	if _, err := f.Load(t.Context(), "a", func(context.Context) (int, error) { return 0, broken }); !errors.Is(err, broken) {
		t.Errorf("error = %v, want %v", err, broken)
	}
	if got := f.load(t, "a"); got != 1 {
		t.Errorf("value = %d, want 1", got)
	}
}

// A panic reaches the caller that loads, and the next one loads again.
func TestPanicIsNotStored(t *testing.T) {
	f := newFixture()
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic did not reach the caller")
			}
		}()
		_, _ = f.Load(t.Context(), "a", func(context.Context) (int, error) { panic("broken") })
	}()
	if got := f.load(t, "a"); got != 1 {
		t.Errorf("value = %d, want 1", got)
	}
}

// blockedLoad ends with the channel or with the caller's context.
func blockedLoad(opened <-chan struct{}, calls *int) func(context.Context) (int, error) {
	return func(ctx context.Context) (int, error) {
		*calls++ // singleflight lets one in
		select {
		case <-opened:
			return *calls, nil
		case <-ctx.Done():
			return 0, fmt.Errorf("load: %w", ctx.Err())
		}
	}
}

func TestConcurrentCallersShareOneLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, opened, calls := newFixture(), make(chan struct{}), 0
		var callers sync.WaitGroup
		for range 100 {
			callers.Go(func() {
				if got, err := f.Load(t.Context(), "a", blockedLoad(opened, &calls)); got != 1 || err != nil {
					t.Errorf("Load = %d, %v, want 1, nil", got, err)
				}
			})
		}
		synctest.Wait()
		close(opened)
		callers.Wait()
		if calls != 1 {
			t.Errorf("loads = %d, want 1", calls)
		}
	})
}

func TestCanceledCallerDoesNotFailOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, opened, calls := newFixture(), make(chan struct{}), 0
		var callers sync.WaitGroup
		loading, cancelLoading := context.WithCancel(t.Context())
		callers.Go(func() {
			if _, err := f.Load(loading, "a", blockedLoad(opened, &calls)); !errors.Is(err, context.Canceled) {
				t.Errorf("loading caller's error = %v, want context.Canceled", err)
			}
		})
		synctest.Wait()
		waiting, cancelWaiting := context.WithCancel(t.Context())
		for range 20 {
			callers.Go(func() {
				if got, err := f.Load(t.Context(), "a", blockedLoad(opened, &calls)); got == 0 || err != nil {
					t.Errorf("waiting caller's Load = %d, %v, want a value", got, err)
				}
			})
			callers.Go(func() { _, _ = f.Load(waiting, "a", blockedLoad(opened, &calls)) })
		}
		synctest.Wait()
		cancelWaiting()
		cancelLoading()
		synctest.Wait()
		close(opened)
		callers.Wait()
	})
}
