package registry

import (
	"context"
	"time"

	"cedula/shared/identity"
	"cedula/shared/ttlcache"
)

const (
	// MaxTotal is the largest total that is counted.
	MaxTotal = 10_000

	countBatch      = 5000        // entries read at once
	totalTTL        = time.Minute // how old the total of a whole tenant may be
	maxCachedTotals = 1000        // tenants
)

// count returns the number of entries of an index, at most MaxTotal. For a whole tenant the number may be totalTTL old,
// because counting costs more than a page.
func (r *Registry) count(ctx context.Context, index identity.Index) (int, error) {
	if index != (identity.Index{Tenant: index.Tenant}) {
		total := 0
		for _, form := range index.Forms() {
			n, err := r.countEntries(ctx, form)
			if err != nil {
				return 0, err
			}
			total += n
		}
		return min(total, MaxTotal), nil
	}
	r.initTotals.Do(func() { r.totals = ttlcache.New[int](totalTTL, maxCachedTotals, r.Now) })
	return r.totals.Load(ctx, index.Tenant, func(ctx context.Context) (int, error) { return r.countEntries(ctx, index) })
}

func (r *Registry) countEntries(ctx context.Context, index identity.Index) (int, error) {
	var last *identity.IndexEntry
	n := 0
	for {
		limit := min(countBatch, MaxTotal-n)
		entries, err := r.Store.Entries(ctx, index, last, limit, false)
		if err != nil {
			return 0, err
		}
		n += len(entries)
		if n >= MaxTotal || len(entries) < limit {
			return n, nil
		}
		last = &entries[len(entries)-1]
	}
}
