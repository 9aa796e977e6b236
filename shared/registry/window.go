package registry

import (
	"cmp"
	"context"
	"slices"

	"cedula/shared/identity"
)

// window sorts identities by a string. It examines up to MaxExamined entries, sorts the matches, and returns pages of
// them; the next window begins where it ended. Every page of a window reads the whole window again.
type window struct {
	*scan
	start   identity.IndexEntry // the window begins after it
	last    identity.IndexEntry // the last entry examined
	matches []SortKey
}

func (w *window) page(ctx context.Context) (SearchPage, error) {
	w.start = w.query.Cursor.After
	w.last = w.start
	visit := w.visit
	if !w.continues() {
		visit = w.inTime(visit)
	}
	if err := w.each(ctx, w.batch, visit); err != nil {
		return SearchPage{}, err
	}
	slices.SortFunc(w.matches, w.compareKeys)
	from := w.firstIndex()
	to := min(from+w.query.Limit, len(w.matches))
	page := SearchPage{Total: w.total, Examined: w.examined, Partial: !w.ended && !w.continues()}
	shown, err := w.show(ctx, w.matches[from:to], &page)
	if err != nil {
		return SearchPage{}, err
	}
	page.Unreadable = w.unreadable
	page.Next = w.next(&page, from, from+shown)
	return page, nil
}

// batch has no limit for a window that an earlier page began: all of it is examined again.
func (w *window) batch() int {
	if w.continues() {
		return batchSize
	}
	return w.room()
}

// continues reports whether an earlier page began the window.
func (w *window) continues() bool { return w.query.Cursor.WindowEnd != identity.IndexEntry{} }

func (w *window) visit(e identity.IndexEntry, i *identity.Identity) bool {
	if w.continues() && w.compare(w.query.Cursor.WindowEnd, e) < 0 {
		return false
	}
	if w.start == (identity.IndexEntry{}) && !w.query.Ascending {
		w.start.CreationNumber = e.CreationNumber + 1 // identities created later stay out
	}
	w.last = e
	if i == nil {
		return true
	}
	if w.counting {
		w.total++
	}
	w.matches = append(w.matches, SortKey{e, w.query.SortBy(i)})
	return true
}

// compareKeys is the order of the query. Equal strings are ordered by creation.
func (w *window) compareKeys(a, b SortKey) int {
	order := cmp.Or(cmp.Compare(a.Text, b.Text), a.Compare(b.IndexEntry))
	if w.query.Ascending {
		return order
	}
	return -order
}

// firstIndex is where the page begins among the matches.
func (w *window) firstIndex() int {
	if !w.continues() {
		return min(w.query.Cursor.Skip, len(w.matches))
	}
	n, found := slices.BinarySearchFunc(w.matches, w.query.Cursor.LastShown, w.compareKeys)
	if found {
		n++
	}
	return n
}

// show reads the identities of keys into the page, omitting those that have changed since and no longer match. It
// returns the number of keys that it got to before the page was full.
func (w *window) show(ctx context.Context, keys []SortKey, page *SearchPage) (int, error) {
	entries := make([]identity.IndexEntry, len(keys))
	for n, k := range keys {
		entries[n] = k.IndexEntry
	}
	found, err := w.registry.getByEntry(ctx, w.query.Tenant, entries)
	if err := w.omitUnreadable(err); err != nil {
		return 0, err
	}
	weight := 0
	for n, e := range entries {
		i := found[e]
		if i == nil || w.query.Match != nil && !w.query.Match(i) {
			continue
		}
		if weight >= maxPageWeight {
			return n, nil
		}
		page.Identities = append(page.Identities, *i)
		weight += i.JSONSize()
	}
	return len(keys), nil
}

// next continues within the window or, once it is used up, with the window after it.
func (w *window) next(page *SearchPage, from, to int) *Cursor {
	cursor := &w.query.Cursor
	end := w.last
	skipped := from
	if w.continues() {
		end = cursor.WindowEnd
		skipped = 0
	}
	seen := w.query.totalSeen(page, skipped)
	if to > 0 && to < len(w.matches) {
		return &Cursor{After: w.start, WindowEnd: end, LastShown: w.matches[to-1], Total: page.Total, Seen: seen}
	}
	if w.ended {
		return nil
	}
	return &Cursor{After: end, Skip: max(0, cursor.Skip-len(w.matches)), Total: page.Total, Seen: seen}
}
