package registry

import (
	"context"
	"slices"
	"time"

	"cedula/shared/identity"
)

// stream is the entries of several sources in one order, each once.
type stream struct {
	service   *Registry
	ascending bool
	first     int64 // creation numbers between which the entries lie, in the order of the stream
	end       int64 // 0: open
	heads     []*head
	after     identity.IndexEntry
	tenant    string
	last      identity.IndexEntry
}

// head is where the stream stands in one source.
type head struct {
	source  identity.Index
	entries []identity.IndexEntry // read and not yet handed out
	after   *identity.IndexEntry
	ended   bool
}

func newStream(ctx context.Context, s *Registry, q Query) (*stream, error) {
	st := &stream{service: s, ascending: q.Ascending, tenant: q.Tenant, after: q.Cursor.After}
	if q.IDs != nil {
		return st, st.lookUp(ctx, q.IDs)
	}
	since, until := identity.CreationNumberAt(q.CreatedFrom), int64(0)
	if !q.CreatedUntil.IsZero() {
		until = max(identity.CreationNumberAt(q.CreatedUntil.Add(time.Millisecond)), 1)
	}
	st.first, st.end = since, until
	if !q.Ascending {
		st.first, st.end = until, since
	}
	sources := q.Indexes
	if len(sources) == 0 {
		sources = []identity.Index{{Tenant: q.Tenant}}
	}
	for _, src := range sources {
		st.heads = append(st.heads, &head{source: src, after: st.start()})
	}
	return st, nil
}

// start is where to begin: after the last page's end, and within the bounds.
func (st *stream) start() *identity.IndexEntry {
	bound := identity.IndexEntry{CreationNumber: st.first}
	if st.first > 0 && st.ascending {
		bound.CreationNumber-- // an entry without an id stands for all of its number
	}
	switch {
	case st.after != identity.IndexEntry{} && (st.first == 0 || st.before(bound, st.after)):
		return &st.after
	case st.first > 0:
		return &bound
	}
	return nil
}

// before tells whether a comes before b in the stream.
func (st *stream) before(a, b identity.IndexEntry) bool {
	c := a.Compare(b)
	return c != 0 && (c < 0) == st.ascending
}

// next returns up to n entries; none at the end.
func (st *stream) next(ctx context.Context, n int) ([]identity.IndexEntry, error) {
	var list []identity.IndexEntry
	for len(list) < n {
		best, err := st.best(ctx, n-len(list))
		if err != nil {
			return nil, err
		}
		if best == nil {
			break
		}
		e := best.entries[0]
		best.entries = best.entries[1:]
		if e == st.last {
			continue // it stands in two sources
		}
		if st.past(e) {
			best.entries, best.ended = nil, true
			continue
		}
		st.last = e
		list = append(list, e)
	}
	return list, nil
}

// best is the source whose entry is next; nil at the end of all.
func (st *stream) best(ctx context.Context, n int) (*head, error) {
	var best *head
	for _, h := range st.heads {
		if err := h.fill(ctx, st, n); err != nil {
			return nil, err
		}
		if len(h.entries) > 0 && (best == nil || st.before(h.entries[0], best.entries[0])) {
			best = h
		}
	}
	return best, nil
}

// fill reads a source's next entries if none are left.
func (h *head) fill(ctx context.Context, st *stream, n int) error {
	if len(h.entries) > 0 || h.ended {
		return nil
	}
	entries, err := st.service.Store.Entries(ctx, h.source, h.after, n, !st.ascending)
	if err != nil {
		return err
	}
	h.ended = len(entries) < n
	if len(entries) > 0 {
		h.after = &entries[len(entries)-1]
	}
	h.entries = entries
	return nil
}

// past tells whether an entry lies beyond the end.
func (st *stream) past(e identity.IndexEntry) bool {
	if st.end == 0 {
		return false
	}
	if st.ascending {
		return e.CreationNumber >= st.end
	}
	return e.CreationNumber < st.end
}

// lookUp reads the identities of given ids, which are few, for their order is
// not known before.
func (st *stream) lookUp(ctx context.Context, given []string) error {
	valid := slices.DeleteFunc(slices.Clone(given), func(id string) bool { return !identity.ValidID(id) })
	slices.Sort(valid)
	found, err := st.service.getMany(ctx, st.tenant, slices.Compact(valid))
	if err != nil {
		return err
	}
	h := &head{ended: true}
	for i := range found {
		if e := identity.EntryOf(&found[i]); st.after == (identity.IndexEntry{}) || st.before(st.after, e) {
			h.entries = append(h.entries, e)
		}
	}
	slices.SortFunc(h.entries, func(a, b identity.IndexEntry) int {
		if st.before(a, b) {
			return -1
		}
		return 1
	})
	st.heads = []*head{h}
	return nil
}
