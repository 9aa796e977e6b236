package encryption

import (
	"sync"
	"time"
)

// ttlCache remembers up to maxCachedKeys things, each for keyTTL and no longer, however
// often it is used. It is safe for concurrent use.
type ttlCache[K comparable, V any] struct {
	now     func() time.Time
	mu      sync.Mutex
	entries map[K]cacheEntry[V]
}

type cacheEntry[V any] struct {
	value V
	since time.Time
}

func newTTLCache[K comparable, V any](now func() time.Time) *ttlCache[K, V] {
	return &ttlCache[K, V]{now: now, entries: make(map[K]cacheEntry[V])}
}

// live is false also for what is from later than now: the clock went back.
func (e *cacheEntry[V]) live(now time.Time) bool {
	age := now.Sub(e.since)
	return age >= 0 && age < keyTTL
}

// get returns what is remembered. If it is nothing, asked is the time, for put.
func (r *ttlCache[K, V]) get(id K) (value V, asked time.Time, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	asked = r.now() // under the lock, so never before what others asked
	e, ok := r.entries[id]
	if !ok || !e.live(asked) {
		return value, asked, false
	}
	return e.value, asked, true
}

// put remembers a thing as of when it was asked for.
func (r *ttlCache[K, V]) put(id K, value V, asked time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.entries, id)
	r.evict(r.now())
	r.entries[id] = cacheEntry[V]{value, asked}
}

// evict forgets all that are too old and, if there are too many, the oldest.
// It looks at every one of them: whoever puts has just waited longer for a key,
// and so no goroutine has to run for this.
func (r *ttlCache[K, V]) evict(now time.Time) {
	var oldest K
	first := now
	for id, e := range r.entries {
		switch {
		case !e.live(now):
			delete(r.entries, id)
		case !e.since.After(first):
			oldest, first = id, e.since
		}
	}
	if len(r.entries) >= maxCachedKeys {
		delete(r.entries, oldest)
	}
}
