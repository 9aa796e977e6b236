package identity

import (
	"cmp"
	"context"
	"slices"
)

// match is one that fits, for sorting: of its identity only the text is kept.
type match struct {
	Entry
	text string
}

// sorted cuts the page out of what was examined. The next page begins at the
// same place, further down; after the last one of these, with the next so many.
func (h *hunt) sorted(ctx context.Context) (Found, error) {
	slices.SortFunc(h.matches, func(a, b match) int {
		if !h.search.Ascending {
			a, b = b, a
		}
		return cmp.Or(cmp.Compare(a.text, b.text), compareEntries(a.Entry, b.Entry))
	})
	from := min(h.search.At.Skip, len(h.matches))
	to := min(from+h.search.Limit, len(h.matches))
	wanted := make([]string, 0, to-from)
	for _, m := range h.matches[from:to] {
		wanted = append(wanted, m.ID)
	}
	all, err := h.service.getMany(ctx, h.search.Tenant, wanted)
	if err != nil {
		return Found{}, err
	}
	shown := 0
	for shown < len(all) && h.weight < maxPageWeight {
		h.weight += all[shown].weight()
		shown++
	}
	h.page.Identities = all[:shown]
	switch {
	case shown < len(all):
		h.page.Next = &Position{After: h.search.At.After, Skip: from + shown, Total: h.page.Total}
	case to < len(h.matches):
		h.page.Next = &Position{After: h.search.At.After, Skip: to, Total: h.page.Total}
	case !h.ended:
		h.page.Next = &Position{After: h.last, Skip: max(0, h.search.At.Skip-len(h.matches)), Total: h.page.Total}
	}
	return h.page, nil
}

func compareEntries(a, b Entry) int {
	return cmp.Or(cmp.Compare(a.Number, b.Number), cmp.Compare(a.ID, b.ID))
}
