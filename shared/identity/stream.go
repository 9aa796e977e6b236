package identity

import (
	"context"
	"slices"
	"time"
)

// stream is the entries of several sources in one order, each once.
type stream struct {
	service   *Service
	ascending bool
	first     int64 // creation numbers between which the entries lie, in the order of the stream
	end       int64 // 0: open
	heads     []*head
	after     IndexEntry
	tenant    string
	last      IndexEntry
}

// head is where the stream stands in one source.
type head struct {
	source  Index
	entries []IndexEntry // read and not yet handed out
	after   *IndexEntry
	ended   bool
}

func newStream(ctx context.Context, s *Service, q Query) (*stream, error) {
	st := &stream{service: s, ascending: q.Ascending, tenant: q.Tenant, after: q.Cursor.After}
	if q.IDs != nil {
		return st, st.lookUp(ctx, q.IDs)
	}
	since, until := numberOf(q.CreatedFrom), int64(0)
	if !q.CreatedUntil.IsZero() {
		until = max(numberOf(q.CreatedUntil.Add(time.Millisecond)), 1)
	}
	st.first, st.end = since, until
	if !q.Ascending {
		st.first, st.end = until, since
	}
	sources := q.Indexes
	if len(sources) == 0 {
		sources = []Index{{Tenant: q.Tenant}}
	}
	for _, src := range sources {
		st.heads = append(st.heads, &head{source: src, after: st.start()})
	}
	return st, nil
}

// maxNumber is beyond every creation number.
const maxNumber = 1<<53 - 1

// numberOf is the least creation number of a time; 0 for none.
func numberOf(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return min(max(t.Sub(numberEpoch).Milliseconds(), 0)<<12, maxNumber)
}

// start is where to begin: after the last page's end, and within the bounds.
func (st *stream) start() *IndexEntry {
	bound := IndexEntry{CreationNumber: st.first}
	if st.first > 0 && st.ascending {
		bound.CreationNumber-- // an entry without an id stands for all of its number
	}
	switch {
	case st.after != IndexEntry{} && (st.first == 0 || st.before(bound, st.after)):
		return &st.after
	case st.first > 0:
		return &bound
	}
	return nil
}

// before tells whether a comes before b in the stream.
func (st *stream) before(a, b IndexEntry) bool {
	c := a.Compare(b)
	return c != 0 && (c < 0) == st.ascending
}

// next returns up to n entries; none at the end.
func (st *stream) next(ctx context.Context, n int) ([]IndexEntry, error) {
	var list []IndexEntry
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
func (st *stream) past(e IndexEntry) bool {
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
	valid := slices.DeleteFunc(slices.Clone(given), func(id string) bool { return !ValidID(id) })
	slices.Sort(valid)
	found, err := st.service.getMany(ctx, st.tenant, slices.Compact(valid))
	if err != nil {
		return err
	}
	h := &head{ended: true}
	for i := range found {
		if e := entryOf(&found[i]); st.after == (IndexEntry{}) || st.before(st.after, e) {
			h.entries = append(h.entries, e)
		}
	}
	slices.SortFunc(h.entries, func(a, b IndexEntry) int {
		if st.before(a, b) {
			return -1
		}
		return 1
	})
	st.heads = []*head{h}
	return nil
}

func entryOf(i *Identity) IndexEntry { return IndexEntry{i.ID, i.CreationNumber()} }
