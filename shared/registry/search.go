package registry

import (
	"context"
	"time"

	"cedula/shared/identity"
)

// Query is a request for those of a tenant's identities that pass a test, in
// the order of their creation or of a text of theirs.
type Query struct {
	Tenant string
	Match  func(*identity.Identity) bool // nil: all

	// What is known beforehand of those that fit, so that the others need not
	// be read. Each may be left out; it is no test by itself.
	Indexes                   []identity.Index // each of them stands in one of these
	IDs                       []string         // each has one of these ids; nil: any
	CreatedFrom, CreatedUntil time.Time        // each was created between these, both included

	SortBy     func(*identity.Identity) string // nil: by creation
	Ascending  bool                            // otherwise the newest, or the greatest text, first
	Limit      int
	Cursor     Cursor // where the page begins
	CountTotal bool   // tell the total
}

// Cursor is where a page of a search begins. The zero value is its start. It
// holds whoever comes and goes meanwhile.
type Cursor struct {
	After identity.IndexEntry // examine those that come after this one
	Skip  int                 // and leave out that many that fit
	Total int                 // what was counted until now
	Seen  int                 // how many that fit were shown or left out until now

	// Where those that are sorted together go on over several pages:
	WindowEnd identity.IndexEntry // the last one that is sorted with them
	LastShown SortKey             // the last one shown of them
}

// SortKey is the place of an identity in the order of a text.
type SortKey struct {
	identity.IndexEntry
	Text string
}

// SearchPage is a page of a search.
type SearchPage struct {
	Identities []identity.Identity
	Next       *Cursor // where the next page begins; nil after the last
	// Total is how many fit, exact unless there are more to examine than one
	// search does: then it is how many of those, or how many have been met if that
	// is more. Zero if it was not asked for.
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

// maxExaminedBySearch is MaxExamined, but for tests.
var maxExaminedBySearch = MaxExamined

// Search returns a page of identities. It never holds more than a portion of
// those that it examines.
func (r *Registry) Search(ctx context.Context, q Query) (SearchPage, error) {
	h := hunt{service: r, search: q, start: q.Cursor.After, skip: q.Cursor.Skip, started: r.Now()}
	h.page.Total = q.Cursor.Total
	err := h.count(ctx)
	if err != nil {
		return SearchPage{}, err
	}
	if h.stream, err = newStream(ctx, r, q); err != nil {
		return SearchPage{}, err
	}
	if err := h.run(ctx); err != nil {
		return SearchPage{}, err
	}
	if q.SortBy != nil {
		return h.sorted(ctx)
	}
	return h.finish(), nil
}
