package registry

import (
	"context"
	"time"

	"cedula/shared/identity"
)

// hunt is a search under way.
type hunt struct {
	service  *Registry
	search   Query
	stream   *stream
	page     SearchPage
	start    identity.IndexEntry // examined are those that come after it
	skip     int
	examined int
	weight   int
	counts   bool                // go on counting when the page is full
	full     bool                // no more fit in the page
	more     bool                // there is at least one more that fits
	ended    bool                // the stream has
	last     identity.IndexEntry // the last one examined, or on a full page the last that counts
	started  time.Time
	matches  []SortKey // where the order is that of a text
}

// count is for the first page. What all fit is counted without being read.
func (h *hunt) count(ctx context.Context) (err error) {
	q := &h.search
	h.counts = q.CountTotal && q.Cursor.After == identity.IndexEntry{} && q.Cursor.Total == 0
	if h.counts && q.Match == nil && q.IDs == nil && len(q.Indexes) == 0 && q.CreatedFrom.IsZero() && q.CreatedUntil.IsZero() {
		h.counts = false
		h.page.Total, err = h.service.countEntries(ctx, identity.Index{Tenant: q.Tenant})
	}
	return err
}

func (h *hunt) run(ctx context.Context) error {
	h.last = h.search.Cursor.After
	if err := h.leap(ctx); err != nil {
		return err
	}
	for h.goesOn() {
		entries, err := h.stream.next(ctx, h.want())
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			h.ended = true
			return nil
		}
		found, err := h.service.getByEntry(ctx, h.search.Tenant, entries)
		if err != nil {
			return err
		}
		if h.take(entries, found) {
			return nil
		}
	}
	return nil
}

// leap skips where everything fits: entries are read, but not their identities.
func (h *hunt) leap(ctx context.Context) error {
	if h.search.Match != nil || h.search.SortBy != nil || h.counts {
		return nil
	}
	for h.skip > 0 {
		entries, err := h.stream.next(ctx, min(h.skip, countChunk))
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			h.ended, h.skip = true, 0
			return nil
		}
		h.skip -= len(entries)
		h.last = entries[len(entries)-1]
	}
	return nil
}

// goesOn tells whether to examine more. Those that are sorted together were as
// many as may be when they were first examined, and are again examined all.
func (h *hunt) goesOn() bool {
	late := h.service.Now().Sub(h.started) > searchTime
	return h.examined < maxExaminedBySearch && !late || h.search.Cursor.WindowEnd != identity.IndexEntry{}
}

// want is how many entries to read next: where everything fits, one more than
// the page has room for.
func (h *hunt) want() int {
	n := portion
	if h.search.Cursor.WindowEnd == (identity.IndexEntry{}) {
		n = min(n, maxExaminedBySearch-h.examined)
	}
	if h.search.Match == nil && h.search.SortBy == nil && !h.counts {
		n = min(n, h.search.Limit-len(h.page.Identities)+1)
	}
	return n
}

// take examines a portion and reports whether the search is done.
func (h *hunt) take(entries []identity.IndexEntry, found map[identity.IndexEntry]*identity.Identity) bool {
	for _, e := range entries {
		if until := h.search.Cursor.WindowEnd; until != (identity.IndexEntry{}) && h.stream.before(until, e) {
			return true
		}
		if h.start == (identity.IndexEntry{}) && !h.search.Ascending {
			h.start.CreationNumber = e.CreationNumber + 1 // newcomers stay out
		}
		h.examined++
		i := found[e]
		if i == nil || h.search.Match != nil && !h.search.Match(i) {
			h.pass(e)
			continue
		}
		if h.keep(e, i) {
			return true
		}
	}
	return false
}

// pass steps over one that is of no use.
func (h *hunt) pass(e identity.IndexEntry) {
	if !h.full {
		h.last = e
	}
}

// keep takes one that fits, and reports whether the search is done.
func (h *hunt) keep(e identity.IndexEntry, i *identity.Identity) bool {
	if h.counts {
		h.page.Total++
	}
	switch {
	case h.search.SortBy != nil:
		h.matches = append(h.matches, SortKey{e, h.search.SortBy(i)})
		h.last = e
	case h.full:
		h.more = true
	case h.skip > 0:
		h.skip--
		h.last = e
	case len(h.page.Identities) >= h.search.Limit || h.weight >= maxPageWeight:
		h.full, h.more = true, true
	default:
		h.page.Identities = append(h.page.Identities, *i)
		h.weight += i.JSONSize()
		h.last = e
	}
	return h.full && !h.counts
}

// finish says where the next page begins.
func (h *hunt) finish() SearchPage {
	seen := h.see(h.search.Cursor.Skip - h.skip)
	if h.more || !h.ended {
		h.page.Next = &Cursor{After: h.last, Skip: h.skip, Total: h.page.Total, Seen: seen}
	}
	return h.page
}

// see returns how many that fit were shown or left out until now, of which the
// total is no less.
func (h *hunt) see(skipped int) int {
	seen := h.search.Cursor.Seen + skipped + len(h.page.Identities)
	if h.search.CountTotal && len(h.page.Identities) > 0 { // else more may have been skipped than there are
		h.page.Total = max(h.page.Total, seen)
	}
	return seen
}
