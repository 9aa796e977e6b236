package auth

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"sync"
	"time"
)

// fingerprint is the SHA-256 of a presented key: the cache never holds a text.
type fingerprint = [sha256.Size]byte

// cache remembers records, unknown ones too, and lets concurrent calls for one
// key share a single load. The zero value is empty and ready.
type cache struct {
	mu      sync.Mutex
	entries map[fingerprint]*entry
	calls   map[fingerprint]*call
}

type entry struct {
	record record
	readAt time.Time // when the load began
}

// call is a load under way. Its fields may be read once done is closed.
type call struct {
	done chan struct{}
	entry
	err       error
	abandoned bool // the leader gave up or panicked: nothing was learnt
}

// cachePolicy says how long what is read now may be used, and how many to keep.
type cachePolicy struct {
	now   func() time.Time
	ttl   time.Duration
	limit int
}

func (g *Authenticator) cachePolicy() cachePolicy {
	return cachePolicy{g.now, cmp.Or(g.CacheTTL, DefaultCacheTTL), cmp.Or(g.CacheSize, DefaultCacheSize)}
}

// isFresh is false also for what was read later than now: the clock went back.
func (w cachePolicy) isFresh(e *entry, now time.Time) bool {
	age := now.Sub(e.readAt)
	return age >= 0 && age < w.ttl
}

// get returns what is remembered under id, or what load returns. A caller whose
// context ends gets its error; those who waited for its load start another.
func (c *cache) get(ctx context.Context, id fingerprint, w cachePolicy, load func(context.Context) (record, error)) (record, error) {
	for {
		e, f, leads := c.lookupOrJoin(id, w)
		switch {
		case e != nil:
			return e.record, nil
		case leads:
			return c.runLoad(ctx, id, w, f, load)
		}
		select {
		case <-ctx.Done():
			return record{}, fmt.Errorf("auth: read credentials: %w", ctx.Err())
		case <-f.done:
			if !f.abandoned {
				return f.record, f.err
			}
		}
	}
}

// lookupOrJoin returns a fresh entry, or else the flight to wait for or to lead.
func (c *cache) lookupOrJoin(id fingerprint, w cachePolicy) (e *entry, f *call, leads bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := w.now() // under the lock, so never before what others read
	if e := c.entries[id]; e != nil && w.isFresh(e, now) {
		return e, nil, false
	}
	if f := c.calls[id]; f != nil {
		return nil, f, false
	}
	if c.calls == nil {
		c.entries, c.calls = map[fingerprint]*entry{}, map[fingerprint]*call{}
	}
	f = &call{done: make(chan struct{}), entry: entry{readAt: now}, abandoned: true}
	c.calls[id] = f
	return nil, f, true
}

// runLoad loads in the caller's own goroutine: a frozen Lambda leaves none behind.
func (c *cache) runLoad(ctx context.Context, id fingerprint, w cachePolicy, f *call, load func(context.Context) (record, error)) (record, error) {
	defer c.complete(id, w, f)
	f.record, f.err = load(ctx)
	f.abandoned = f.err != nil && ctx.Err() != nil
	return f.record, f.err
}

// complete remembers what was learnt; an error is not worth remembering.
func (c *cache) complete(id fingerprint, w cachePolicy, f *call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.calls, id)
	if !f.abandoned && f.err == nil && w.ttl > 0 {
		c.evict(w)
		c.entries[id] = &f.entry
	}
	close(f.done)
}

// evict drops the expired, then whichever come first, an eighth at a time so
// that a flood of keys does not sweep the whole map for each.
func (c *cache) evict(w cachePolicy) {
	if len(c.entries) < w.limit {
		return
	}
	now := w.now()
	for id, e := range c.entries {
		if !w.isFresh(e, now) {
			delete(c.entries, id)
		}
	}
	for id := range c.entries {
		if len(c.entries) < w.limit-w.limit/8 {
			return
		}
		delete(c.entries, id)
	}
}
