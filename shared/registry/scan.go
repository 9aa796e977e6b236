package registry

import (
	"context"
	"errors"
	"slices"
	"time"

	"cedula/shared/identity"
	"cedula/shared/merge"
)

const (
	// MaxExamined bounds the identities that one request reads. A query that would read more returns the matches among
	// them and where to continue; one that sorts by a string sorts that many at a time.
	MaxExamined = 50_000
	// maxScanTime bounds the duration of one request. Clients wait ten seconds.
	maxScanTime = 4 * time.Second
	// maxPageWeight, in bytes of JSON values, ends a page early, so that it fits in a Lambda response of 6 MB even if its
	// identities are as large as allowed.
	maxPageWeight = 3 << 20
	// batchSize is the number of identities read at once.
	batchSize = 100
)

// maxExamined is MaxExamined, which tests lower.
var maxExamined = MaxExamined

// scan examines the entries of a query in order.
type scan struct {
	registry *Registry
	query    *Query
	entries  *merge.Reader[identity.IndexEntry]
	started  time.Time
	examined int
	ended    bool // every entry was examined
	counting bool // count every match
	total    int  // counted so far

	unreadable []string // ids of identities whose records cannot be decoded; they are omitted
}

// omitUnreadable records the ids of an *identity.Unreadable and returns every other error.
func (s *scan) omitUnreadable(err error) error {
	var undecoded *identity.Unreadable
	if !errors.As(err, &undecoded) {
		return err
	}
	s.unreadable = append(s.unreadable, undecoded.IDs...)
	return nil
}

func (r *Registry) newScan(ctx context.Context, q Query) (*scan, error) {
	s := &scan{registry: r, query: &q, started: r.Now()}
	if q.IDs != nil {
		entries, err := s.lookUp(ctx)
		if err != nil {
			return nil, err
		}
		once := func(context.Context, int) ([]identity.IndexEntry, bool, error) { return entries, false, nil }
		s.entries = merge.New(s.compare, once)
		return s, nil
	}
	indexes := q.Indexes
	if len(indexes) == 0 {
		indexes = []identity.Index{{Tenant: q.Tenant}}
	}
	var pages []merge.Page[identity.IndexEntry]
	for _, index := range indexes {
		pages = append(pages, s.pages(index))
	}
	s.entries = merge.New(s.compare, pages...)
	return s, nil
}

// compare is the order in which entries are examined.
func (s *scan) compare(a, b identity.IndexEntry) int {
	if s.query.Ascending {
		return a.Compare(b)
	}
	return b.Compare(a)
}

// pages reads an index between the bounds of the query.
func (s *scan) pages(index identity.Index) merge.Page[identity.IndexEntry] {
	after, end := s.bounds()
	return func(ctx context.Context, n int) ([]identity.IndexEntry, bool, error) {
		entries, err := s.registry.Store.Entries(ctx, index, after, n, !s.query.Ascending)
		if err != nil {
			return nil, false, err
		}
		more := len(entries) == n
		if beyond := slices.IndexFunc(entries, end); beyond >= 0 {
			return entries[:beyond], false, nil
		}
		if len(entries) > 0 {
			after = &entries[len(entries)-1]
		}
		return entries, more, nil
	}
}

// bounds returns the entry after which to begin, nil for the start of the index, and what ends the scan.
func (s *scan) bounds() (after *identity.IndexEntry, end func(identity.IndexEntry) bool) {
	q := s.query
	first := identity.CreationNumberAt(q.CreatedFrom)
	beyond := int64(0) // the number after the last one; 0: open
	if !q.CreatedUntil.IsZero() {
		beyond = max(identity.CreationNumberAt(q.CreatedUntil.Add(time.Millisecond)), 1)
	}
	// An entry without an id stands for all of its number.
	start, bounded := identity.IndexEntry{CreationNumber: beyond}, beyond > 0
	end = func(e identity.IndexEntry) bool { return first > 0 && e.CreationNumber < first }
	if q.Ascending {
		start, bounded = identity.IndexEntry{CreationNumber: first - 1}, first > 0
		end = func(e identity.IndexEntry) bool { return beyond > 0 && e.CreationNumber >= beyond }
	}
	continues := q.Cursor.After != identity.IndexEntry{}
	if continues && (!bounded || s.compare(start, q.Cursor.After) < 0) {
		return &q.Cursor.After, end
	}
	if bounded {
		return &start, end
	}
	return nil, end
}

// lookUp returns the entries of the query's ids, which are few, after its cursor.
func (s *scan) lookUp(ctx context.Context) ([]identity.IndexEntry, error) {
	ids := slices.DeleteFunc(slices.Clone(s.query.IDs), func(id string) bool { return !identity.ValidID(id) })
	slices.Sort(ids)
	found, err := s.registry.getMany(ctx, s.query.Tenant, slices.Compact(ids))
	if err := s.omitUnreadable(err); err != nil {
		return nil, err
	}
	after := s.query.Cursor.After
	var entries []identity.IndexEntry
	for i := range found {
		e := identity.EntryOf(&found[i])
		if after == (identity.IndexEntry{}) || s.compare(after, e) < 0 {
			entries = append(entries, e)
		}
	}
	slices.SortFunc(entries, s.compare)
	return entries, nil
}

// room returns how many entries the request may still examine in one batch: none once it has examined as much, or
// taken as long, as it may. Each request examines at least one.
func (s *scan) room() int {
	if s.examined > 0 && s.registry.Now().Sub(s.started) > maxScanTime {
		return 0
	}
	return min(batchSize, max(maxExamined-s.examined, 0))
}

// visitor is called for each entry that was examined, with its identity if that matches. It returns false to end the scan.
type visitor = func(identity.IndexEntry, *identity.Identity) bool

// inTime returns a visitor that also ends the scan once there is no room.
func (s *scan) inTime(visit visitor) visitor {
	return func(e identity.IndexEntry, i *identity.Identity) bool {
		return visit(e, i) && s.room() > 0
	}
}

// each reads entries in batches and calls visit for each, with its identity if that matches and nil otherwise. It ends
// when visit returns false, batch returns 0, or all entries are examined.
func (s *scan) each(ctx context.Context, batch func() int, visit visitor) error {
	for n := batch(); n > 0; n = batch() {
		entries, err := s.entries.Read(ctx, n)
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			s.ended = true
			return nil
		}
		found, err := s.registry.getByEntry(ctx, s.query.Tenant, entries)
		if err := s.omitUnreadable(err); err != nil {
			return err
		}
		for _, e := range entries {
			if ctx.Err() != nil {
				return identity.ErrUnavailable
			}
			i := found[e]
			if i != nil && s.query.Match != nil && !s.query.Match(i) {
				i = nil
			}
			if !visit(e, i) {
				return nil
			}
			s.examined++
		}
	}
	return nil
}
