package registry

import (
	"context"
	"sync"
	"time"

	"cedula/shared/identity"
)

// totals remembers how long a tenant's list is. To count reads up to MaxTotal
// entries of an index, which would cost more than the page itself.
type totals struct {
	mu   sync.Mutex
	kept map[string]total
}

type total struct {
	count int
	until time.Time
}

const (
	totalLife  = time.Minute
	maxTotals  = 1000 // tenants remembered; then it begins anew
	countChunk = 5000 // entries read at once
)

// count returns how many entries a source has, at most MaxTotal. For a whole
// tenant the answer may be a minute old.
func (r *Registry) count(ctx context.Context, src identity.Index) (int, error) {
	whole := src == identity.Index{Tenant: src.Tenant}
	if whole {
		if n, ok := r.totals.get(src.Tenant, r.Now()); ok {
			return n, nil
		}
	}
	n, err := r.countEntries(ctx, src)
	if err == nil && whole {
		r.totals.put(src.Tenant, n, r.Now())
	}
	return n, err
}

func (r *Registry) countEntries(ctx context.Context, src identity.Index) (int, error) {
	var last *identity.IndexEntry
	for n := 0; ; {
		asked := min(countChunk, MaxTotal-n)
		entries, err := r.Store.Entries(ctx, src, last, asked, false)
		if err != nil {
			return 0, err
		}
		if n += len(entries); n >= MaxTotal || len(entries) < asked {
			return n, nil
		}
		last = &entries[len(entries)-1]
	}
}

func (t *totals) get(tenant string, now time.Time) (int, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	k, ok := t.kept[tenant]
	return k.count, ok && now.Before(k.until)
}

func (t *totals) put(tenant string, count int, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.kept == nil || len(t.kept) >= maxTotals {
		t.kept = make(map[string]total)
	}
	t.kept[tenant] = total{count, now.Add(totalLife)}
}
