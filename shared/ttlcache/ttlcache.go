// Package ttlcache keeps values for a fixed time and lets concurrent callers share the load of a missing one. It starts no
// goroutine, because a frozen Lambda would leave it behind. It must not import other packages of this module.
package ttlcache

import (
	"container/list"
	"context"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// Cache maps keys to values that expire. Create it with New. It is safe for concurrent use.
type Cache[V any] struct {
	ttl   time.Duration
	limit int
	now   func() time.Time
	loads singleflight.Group

	mu      sync.Mutex
	entries map[string]*list.Element // of entry[V]
	byAge   list.List                // the same elements, oldest first
}

type entry[V any] struct {
	key       string
	value     V
	createdAt time.Time
}

// New returns an empty cache of at most limit values, each kept for ttl. A ttl of zero or less keeps nothing.
// The monotonic part of now is ignored, because it stands still while a Lambda is frozen.
func New[V any](ttl time.Duration, limit int, now func() time.Time) *Cache[V] {
	return &Cache[V]{ttl: ttl, limit: limit, now: func() time.Time { return now().Round(0) }, entries: map[string]*list.Element{}}
}

// Get returns the value of key. It returns false if the key is absent or has expired.
func (c *Cache[V]) Get(key string) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.entries[key]; ok && c.fresh(e, c.now()) {
		return e.Value.(entry[V]).value, true
	}
	var none V
	return none, false
}

// Put stores the value of key and removes expired values, and the oldest one when the cache is full.
func (c *Cache[V]) Put(key string, value V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.put(key, value, c.now())
}

// Delete removes the value of key.
func (c *Cache[V]) Delete(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remove(c.entries[key])
}

// Len returns the number of values in memory, including expired ones that have not been removed yet.
func (c *Cache[V]) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.entries)
}

// Load returns the value of key, or calls load and stores its result. Concurrent calls with the same key share one
// call of load; its age counts from the start of that call. Errors are returned to all of them and not stored.
//
// load runs in the goroutine and with the context of one caller. If that context ends, the others load again. A caller
// that waits for another's load does not return before that load does.
func (c *Cache[V]) Load(ctx context.Context, key string, load func(context.Context) (V, error)) (V, error) {
	for {
		if value, ok := c.Get(key); ok {
			return value, nil
		}
		leads := false
		shared, _, _ := c.loads.Do(key, func() (any, error) {
			leads = true
			return c.load(ctx, key, load), nil
		})
		if r := shared.(result[V]); leads || !r.canceled {
			return r.value, r.err
		}
	}
}

type result[V any] struct {
	value    V
	err      error
	canceled bool // err may be the loading caller's own: its context has ended
}

func (c *Cache[V]) load(ctx context.Context, key string, load func(context.Context) (V, error)) result[V] {
	if value, ok := c.Get(key); ok { // loaded since the caller looked
		return result[V]{value: value}
	}
	begun := c.now()
	value, err := load(ctx)
	if err != nil {
		return result[V]{err: err, canceled: ctx.Err() != nil}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.put(key, value, begun)
	return result[V]{value: value}
}

func (c *Cache[V]) put(key string, value V, createdAt time.Time) {
	c.remove(c.entries[key])
	if c.ttl <= 0 {
		return
	}
	now := c.now()
	for oldest := c.byAge.Front(); oldest != nil && (len(c.entries) >= c.limit || !c.fresh(oldest, now)); oldest = c.byAge.Front() {
		c.remove(oldest)
	}
	c.entries[key] = c.byAge.PushBack(entry[V]{key, value, createdAt})
}

func (c *Cache[V]) remove(e *list.Element) {
	if e != nil {
		delete(c.entries, c.byAge.Remove(e).(entry[V]).key)
	}
}

// fresh is false also for a value from the future: the clock has been set back.
func (c *Cache[V]) fresh(e *list.Element, now time.Time) bool {
	age := now.Sub(e.Value.(entry[V]).createdAt)
	return age >= 0 && age < c.ttl
}
