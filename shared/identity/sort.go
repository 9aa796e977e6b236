package identity

import (
	"cmp"
	"context"
	"slices"
)

// order is that of the search. Equal texts stand in the order of creation.
func (h *hunt) order(a, b Mark) int {
	if !h.search.Ascending {
		a, b = b, a
	}
	return cmp.Or(cmp.Compare(a.Text, b.Text), a.Entry.Compare(b.Entry))
}

// sorted cuts the page out of what was examined. The next page begins after the
// last one shown, or after all of these with the next so many.
func (h *hunt) sorted(ctx context.Context) (Found, error) {
	slices.SortFunc(h.matches, h.order)
	from := h.from()
	to := min(from+h.search.Limit, len(h.matches))
	shown, err := h.show(ctx, h.matches[from:to])
	if err != nil {
		return Found{}, err
	}
	at, until, skipped := &h.search.At, h.last, from
	if at.Until != (Entry{}) {
		until, skipped = at.Until, 0
	}
	seen := h.see(skipped)
	switch to = from + shown; {
	case to < len(h.matches) && to > 0:
		h.page.Next = &Position{After: h.start, Until: until, Shown: h.matches[to-1], Total: h.page.Total, Seen: seen}
	case !h.ended:
		h.page.Next = &Position{After: until, Skip: max(0, at.Skip-len(h.matches)), Total: h.page.Total, Seen: seen}
	}
	return h.page, nil
}

// from is where the page begins among those that fit.
func (h *hunt) from() int {
	at := &h.search.At
	if at.Until == (Entry{}) {
		return min(at.Skip, len(h.matches))
	}
	n, found := slices.BinarySearchFunc(h.matches, at.Shown, h.order)
	if found {
		n++
	}
	return n
}

// show reads the identities of marks into the page, without those that have
// changed meanwhile so that they do not fit. It returns how many marks it came
// to until the page was full.
func (h *hunt) show(ctx context.Context, marks []Mark) (int, error) {
	entries := make([]Entry, len(marks))
	for n, m := range marks {
		entries[n] = m.Entry
	}
	found, err := h.service.present(ctx, h.search.Tenant, entries)
	if err != nil {
		return 0, err
	}
	for n, e := range entries {
		i := found[e]
		if i == nil || h.search.Fits != nil && !h.search.Fits(i) {
			continue
		}
		if h.weight >= maxPageWeight {
			return n, nil
		}
		h.page.Identities = append(h.page.Identities, *i)
		h.weight += i.weight()
	}
	return len(marks), nil
}
