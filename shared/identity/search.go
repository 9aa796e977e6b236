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

// Position is where a page of a search begins. The zero value is its start. It
// holds whoever comes and goes meanwhile.
type Position struct {
	After Entry // examine those that come after this one
	Skip  int   // and leave out that many that fit
	Total int   // what was counted until now
	Seen  int   // how many that fit were shown or left out until now

	// Where those that are sorted together go on over several pages:
	Until Entry // the last one that is sorted with them
	Shown Mark  // the last one shown of them
}

// Mark is the place of an identity in the order of a text.
type Mark struct {
	Entry
	Text string
}

// Found is a page of a search.
type Found struct {
	Identities []Identity
	Next       *Position // where the next page begins; nil after the last
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
func (s *Service) Search(ctx context.Context, q Search) (Found, error) {
	h := hunt{service: s, search: q, start: q.At.After, skip: q.At.Skip, started: s.Now()}
	h.page.Total = q.At.Total
	err := h.count(ctx)
	if err != nil {
		return Found{}, err
	}
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
