package registry

import (
	"cmp"
	"context"
	"slices"

	"cedula/shared/identity"
)

// order is that of the search. Equal texts stand in the order of creation.
func (h *hunt) order(a, b SortKey) int {
	if !h.search.Ascending {
		a, b = b, a
	}
	return cmp.Or(cmp.Compare(a.Text, b.Text), a.IndexEntry.Compare(b.IndexEntry))
}

// sorted cuts the page out of what was examined. The next page begins after the
// last one shown, or after all of these with the next so many.
func (h *hunt) sorted(ctx context.Context) (SearchPage, error) {
	slices.SortFunc(h.matches, h.order)
	from := h.from()
	to := min(from+h.search.Limit, len(h.matches))
	shown, err := h.show(ctx, h.matches[from:to])
	if err != nil {
		return SearchPage{}, err
	}
	at, until, skipped := &h.search.Cursor, h.last, from
	if at.WindowEnd != (identity.IndexEntry{}) {
		until, skipped = at.WindowEnd, 0
	}
	seen := h.see(skipped)
	switch to = from + shown; {
	case to < len(h.matches) && to > 0:
		h.page.Next = &Cursor{After: h.start, WindowEnd: until, LastShown: h.matches[to-1], Total: h.page.Total, Seen: seen}
	case !h.ended:
		h.page.Next = &Cursor{After: until, Skip: max(0, at.Skip-len(h.matches)), Total: h.page.Total, Seen: seen}
	}
	return h.page, nil
}

// from is where the page begins among those that fit.
func (h *hunt) from() int {
	at := &h.search.Cursor
	if at.WindowEnd == (identity.IndexEntry{}) {
		return min(at.Skip, len(h.matches))
	}
	n, found := slices.BinarySearchFunc(h.matches, at.LastShown, h.order)
	if found {
		n++
	}
	return n
}

// show reads the identities of marks into the page, without those that have
// changed meanwhile so that they do not fit. It returns how many marks it came
// to until the page was full.
func (h *hunt) show(ctx context.Context, marks []SortKey) (int, error) {
	entries := make([]identity.IndexEntry, len(marks))
	for n, m := range marks {
		entries[n] = m.IndexEntry
	}
	found, err := h.service.getByEntry(ctx, h.search.Tenant, entries)
	if err != nil {
		return 0, err
	}
	for n, e := range entries {
		i := found[e]
		if i == nil || h.search.Match != nil && !h.search.Match(i) {
			continue
		}
		if h.weight >= maxPageWeight {
			return n, nil
		}
		h.page.Identities = append(h.page.Identities, *i)
		h.weight += i.JSONSize()
	}
	return len(marks), nil
}
