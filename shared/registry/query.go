package registry

import (
	"context"
	"time"

	"cedula/shared/identity"
)

// Query selects identities of a tenant, in the order of creation or of a string of each identity.
type Query struct {
	Tenant string
	Match  func(*identity.Identity) bool // nil: all

	// Conditions that every match fulfils, so that fewer identities are read. Each is optional; none replaces Match.
	Indexes                   []identity.Index // each match is in one of these
	IDs                       []string         // each match has one of these ids; nil: any
	CreatedFrom, CreatedUntil time.Time        // each match was created between these, inclusive

	SortBy     func(*identity.Identity) string // nil: by creation
	Ascending  bool                            // otherwise newest, or greatest string, first
	Limit      int
	Cursor     Cursor // where the page begins
	CountTotal bool
}

// Cursor is the position at which a page begins. The zero value is the start. It stays valid whatever is created or deleted.
type Cursor struct {
	After identity.IndexEntry // examine the entries after this one
	Skip  int                 // then omit that many matches
	Total int                 // counted so far
	Seen  int                 // matches returned or omitted so far

	// Where a window of identities that are sorted together continues over several pages:
	WindowEnd identity.IndexEntry // the last entry of the window
	LastShown SortKey             // the last identity of it that was returned
}

// SortKey is the position of an identity in the order of a string. Equal strings are ordered by creation.
type SortKey struct {
	identity.IndexEntry
	Text string
}

// SearchPage is a page of a query.
type SearchPage struct {
	Identities []identity.Identity
	Next       *Cursor // the position of the next page; nil after the last
	// Total is the number of matches if CountTotal is set. It is exact unless the page is Partial; then it is the number
	// of matches examined, or the number seen so far if that is larger.
	Total int
	// Partial says that the request reached its limits before the page was full, the matches were counted, or all of
	// them were sorted. Other matches may follow.
	Partial    bool
	Examined   int      // identities
	Unreadable []string // ids of identities whose records cannot be decoded; they are omitted
}

// Search returns a page of identities. It keeps at most one batch of examined identities in memory.
func (r *Registry) Search(ctx context.Context, q Query) (SearchPage, error) {
	first := q.Cursor.After == identity.IndexEntry{} && q.Cursor.Total == 0
	counting := q.CountTotal && first
	total := q.Cursor.Total
	if counting && q.unrestricted() {
		n, err := r.countEntries(ctx, identity.Index{Tenant: q.Tenant})
		if err != nil {
			return SearchPage{}, err
		}
		counting = false
		total = n
	}
	s, err := r.newScan(ctx, q)
	if err != nil {
		return SearchPage{}, err
	}
	s.counting, s.total = counting, total
	if q.SortBy != nil {
		return (&window{scan: s}).page(ctx)
	}
	p := pageBuilder{scan: s, skip: q.Cursor.Skip, last: q.Cursor.After}
	return p.page(ctx)
}

// unrestricted reports whether every identity of the tenant matches.
func (q *Query) unrestricted() bool {
	anyTime := q.CreatedFrom.IsZero() && q.CreatedUntil.IsZero()
	return q.Match == nil && q.IDs == nil && len(q.Indexes) == 0 && anyTime
}

// totalSeen returns how many matches were returned or omitted up to the end of this page. The total is raised to it.
func (q *Query) totalSeen(page *SearchPage, skipped int) int {
	seen := q.Cursor.Seen + skipped + len(page.Identities)
	if q.CountTotal && len(page.Identities) > 0 { // otherwise more may have been skipped than there are
		page.Total = max(page.Total, seen)
	}
	return seen
}

// pageBuilder collects a page in the order of creation.
type pageBuilder struct {
	*scan
	skip   int // matches still to omit
	list   []identity.Identity
	weight int
	last   identity.IndexEntry // the next page begins after it
	more   bool                // there is a match beyond the page
}

func (p *pageBuilder) page(ctx context.Context) (SearchPage, error) {
	if err := p.skipUnread(ctx); err != nil {
		return SearchPage{}, err
	}
	if err := p.each(ctx, p.batch, p.inTime(p.visit)); err != nil {
		return SearchPage{}, err
	}
	page := SearchPage{Identities: p.list, Total: p.total, Examined: p.examined, Unreadable: p.unreadable}
	page.Partial = !p.ended && (!p.more || p.counting)
	seen := p.query.totalSeen(&page, p.query.Cursor.Skip-p.skip)
	if p.more || !p.ended {
		page.Next = &Cursor{After: p.last, Skip: p.skip, Total: page.Total, Seen: seen}
	}
	return page, nil
}

// skipUnread omits identities without reading them, where every one matches.
func (p *pageBuilder) skipUnread(ctx context.Context) error {
	if p.query.Match != nil || p.counting {
		return nil
	}
	for p.skip > 0 {
		entries, err := p.entries.Read(ctx, min(p.skip, countBatch))
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			p.ended = true
			p.skip = 0
			return nil
		}
		p.skip -= len(entries)
		p.last = entries[len(entries)-1]
	}
	return nil
}

// batch returns one more than the page has room for if everything matches.
func (p *pageBuilder) batch() int {
	n := p.room()
	if p.query.Match == nil && !p.counting {
		n = min(n, p.query.Limit-len(p.list)+1)
	}
	return n
}

func (p *pageBuilder) visit(e identity.IndexEntry, i *identity.Identity) bool {
	if i == nil {
		if !p.more {
			p.last = e
		}
		return true
	}
	if p.counting {
		p.total++
	}
	switch {
	case p.more:
		return true
	case p.skip > 0:
		p.skip--
	case len(p.list) >= p.query.Limit || p.weight >= maxPageWeight:
		p.more = true
		return p.counting
	default:
		p.list = append(p.list, *i)
		p.weight += i.JSONSize()
	}
	p.last = e
	return true
}
