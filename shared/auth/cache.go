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
	flights map[fingerprint]*flight
}

type entry struct {
	record record
	read   time.Time // when the load began
}

// flight is a load under way. Its fields may be read once done is closed.
type flight struct {
	done chan struct{}
	entry
	err       error
	abandoned bool // the leader gave up or panicked: nothing was learnt
}

// window says how long what is read now may be used, and how many to keep.
type window struct {
	now   func() time.Time
	ttl   time.Duration
	limit int
}

func (g *Guard) window() window {
	return window{g.now, cmp.Or(g.TTL, DefaultTTL), cmp.Or(g.Entries, DefaultEntries)}
}

// covers is false also for what was read later than now: the clock went back.
func (w window) covers(e *entry, now time.Time) bool {
	age := now.Sub(e.read)
	return age >= 0 && age < w.ttl
}

// get returns what is remembered under id, or what load returns. A caller whose
// context ends gets its error; those who waited for its load start another.
func (c *cache) get(ctx context.Context, id fingerprint, w window, load func(context.Context) (record, error)) (record, error) {
	for {
		e, f, leads := c.join(id, w)
		switch {
		case e != nil:
			return e.record, nil
		case leads:
			return c.lead(ctx, id, w, f, load)
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

// join returns a fresh entry, or else the flight to wait for or to lead.
func (c *cache) join(id fingerprint, w window) (e *entry, f *flight, leads bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := w.now() // under the lock, so never before what others read
	if e := c.entries[id]; e != nil && w.covers(e, now) {
		return e, nil, false
	}
	if f := c.flights[id]; f != nil {
		return nil, f, false
	}
	if c.flights == nil {
		c.entries, c.flights = map[fingerprint]*entry{}, map[fingerprint]*flight{}
	}
	f = &flight{done: make(chan struct{}), entry: entry{read: now}, abandoned: true}
	c.flights[id] = f
	return nil, f, true
}

// lead loads in the caller's own goroutine: a frozen Lambda leaves none behind.
func (c *cache) lead(ctx context.Context, id fingerprint, w window, f *flight, load func(context.Context) (record, error)) (record, error) {
	defer c.land(id, w, f)
	f.record, f.err = load(ctx)
	f.abandoned = f.err != nil && ctx.Err() != nil
	return f.record, f.err
}

// land remembers what was learnt; an error is not worth remembering.
func (c *cache) land(id fingerprint, w window, f *flight) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.flights, id)
	if !f.abandoned && f.err == nil && w.ttl > 0 {
		c.makeRoom(w)
		c.entries[id] = &f.entry
	}
	close(f.done)
}

// makeRoom drops the expired, then whichever come first, an eighth at a time so
// that a flood of keys does not sweep the whole map for each.
func (c *cache) makeRoom(w window) {
	if len(c.entries) < w.limit {
		return
	}
	now := w.now()
	for id, e := range c.entries {
		if !w.covers(e, now) {
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
