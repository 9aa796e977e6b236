package identity

import (
	"context"
	"time"
)

// Search is a request for those of a tenant's identities that pass a test, in
// the order of their creation or of a text of theirs.
type Search struct {
	Tenant string
	Fits   func(*Identity) bool // nil: all

	// What is known beforehand of those that fit, so that the others need not
	// be read. Each may be left out; it is no test by itself.
	Sources      []Source  // each of them stands in one of these
	IDs          []string  // each has one of these ids; nil: any
	Since, Until time.Time // each was created between these, both included

	SortBy    func(*Identity) string // nil: by creation
	Ascending bool                   // otherwise the newest, or the greatest text, first
	Limit     int
	At        Position // where the page begins
	Count     bool     // tell the total
}

// Position is where a page of a search begins. The zero value is its start.
type Position struct {
	After Entry // examine those that come after this one
	Skip  int   // and leave out that many that fit
	Total int   // what the first page counted
}

// Found is a page of a search.
type Found struct {
	Identities []Identity
	Next       *Position // where the next page begins; nil after the last
	// Total is how many fit, exact unless there are more than MaxExamined to
	// examine: then it is how many of so many. Zero if it was not asked for.
	Total int
}

const (
	// MaxExamined bounds the identities that one search reads. One that would
	// read more answers with what it found and where to go on; one that sorts by
	// a text sorts so many at a time.
	MaxExamined = 10_000
	// searchTime bounds a search's time likewise: a client waits ten seconds.
	searchTime = 4 * time.Second
)

// Search returns a page of identities. It never holds more than a portion of
// those that it examines.
func (s *Service) Search(ctx context.Context, q Search) (Found, error) {
	h := hunt{service: s, search: q, skip: q.At.Skip, started: s.Now()}
	h.page.Total = q.At.Total
	h.counts = q.Count && q.At == Position{}
	if h.counts && q.Fits == nil && q.IDs == nil && len(q.Sources) == 0 && q.Since.IsZero() && q.Until.IsZero() {
		n, err := s.count(ctx, Source{Tenant: q.Tenant})
		if err != nil {
			return Found{}, err
		}
		h.counts, h.page.Total = false, n
	}
	var err error
	if h.stream, err = newStream(ctx, s, q); err != nil {
		return Found{}, err
	}
	if err := h.run(ctx); err != nil {
		return Found{}, err
	}
	if q.SortBy != nil {
		return h.sorted(ctx)
	}
	return h.finish(), nil
}

// hunt is a search under way.
type hunt struct {
	service  *Service
	search   Search
	stream   *stream
	page     Found
	skip     int
	examined int
	weight   int
	counts   bool  // go on counting when the page is full
	full     bool  // no more fit in the page
	more     bool  // there is at least one more that fits
	ended    bool  // the stream has
	last     Entry // the last one examined, or on a full page the last that counts
	started  time.Time
	matches  []match // where the order is that of a text
}

func (h *hunt) run(ctx context.Context) error {
	h.last = h.search.At.After
	if err := h.leap(ctx); err != nil {
		return err
	}
	for h.examined < MaxExamined && !h.late() {
		entries, err := h.stream.next(ctx, h.want())
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			h.ended = true
			return nil
		}
		found, err := h.service.Store.GetMany(ctx, h.search.Tenant, ids(entries))
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
	if h.search.Fits != nil || h.search.SortBy != nil {
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

func (h *hunt) late() bool { return h.service.Now().Sub(h.started) > searchTime }

// want is how many entries to read next: where everything fits, one more than
// the page has room for.
func (h *hunt) want() int {
	n := min(portion, MaxExamined-h.examined)
	if h.search.Fits == nil && h.search.SortBy == nil && !h.counts {
		n = min(n, h.search.Limit-len(h.page.Identities)+1)
	}
	return n
}

// take examines a portion and reports whether the search is done.
func (h *hunt) take(entries []Entry, found []Identity) bool {
	for _, e := range entries {
		h.examined++
		if len(found) == 0 || found[0].ID != e.ID {
			h.pass(e)
			continue // deleted meanwhile, or not there at all
		}
		i := &found[0]
		found = found[1:]
		if h.search.Fits != nil && !h.search.Fits(i) {
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
func (h *hunt) pass(e Entry) {
	if !h.full {
		h.last = e
	}
}

// keep takes one that fits, and reports whether the search is done.
func (h *hunt) keep(e Entry, i *Identity) bool {
	if h.counts {
		h.page.Total++
	}
	switch {
	case h.search.SortBy != nil:
		h.matches = append(h.matches, match{e, h.search.SortBy(i)})
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
		h.weight += i.weight()
		h.last = e
	}
	return h.full && !h.counts
}

// finish says where the next page begins.
func (h *hunt) finish() Found {
	if h.more || !h.ended {
		h.page.Next = &Position{After: h.last, Skip: h.skip, Total: h.page.Total}
	}
	return h.page
}
