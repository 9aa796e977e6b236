package identity

import (
	"context"
	"sync"
	"time"
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
func (s *Service) count(ctx context.Context, src Index) (int, error) {
	whole := src == Index{Tenant: src.Tenant}
	if whole {
		if n, ok := s.totals.get(src.Tenant, s.Now()); ok {
			return n, nil
		}
	}
	n, err := s.countEntries(ctx, src)
	if err == nil && whole {
		s.totals.put(src.Tenant, n, s.Now())
	}
	return n, err
}

func (s *Service) countEntries(ctx context.Context, src Index) (int, error) {
	var last *IndexEntry
	for n := 0; ; {
		asked := min(countChunk, MaxTotal-n)
		entries, err := s.Store.Entries(ctx, src, last, asked, false)
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
