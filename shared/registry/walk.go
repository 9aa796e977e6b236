package registry

import (
	"context"

	"cedula/shared/identity"
)

// maxPageWeight ends a page early, so that it fits in a function's answer of 6 MB
// also if its identities hold as much JSON as they may.
const maxPageWeight = 3 << 20

// portion is how many entries are read at once.
const portion = 100

// walk reads a source portion by portion until a page is full.
type walk struct {
	service  *Registry
	listing  ListParams
	source   identity.Index
	inParent map[string]bool // the children wanted, where the source is another
	page     Page
	last     *identity.IndexEntry // the last one examined
	examined int
	wanted   int // entries asked for
	weight   int // of the page
}

func (w *walk) run(ctx context.Context) error {
	if err := w.loadParent(ctx); err != nil {
		return err
	}
	if w.listing.After > 0 {
		w.last = &identity.IndexEntry{CreationNumber: w.listing.After}
	}
	for {
		w.wanted = w.want()
		entries, err := w.service.Store.Entries(ctx, w.source, w.last, w.wanted, !w.listing.OldestFirst)
		if err != nil || len(entries) == 0 {
			return err
		}
		found, err := w.service.getMany(ctx, w.source.Tenant, entryIDs(entries))
		if err != nil {
			return err
		}
		if w.take(entries, found) || len(entries) < w.wanted {
			return nil
		}
	}
}

// want is how many entries to read next: one more than fit, which tells
// whether the page may end where it is full. A full page whose last number goes
// on is read one by one.
func (w *walk) want() int {
	left := maxExamined - w.examined
	if w.listing.Filter.only(w.source) {
		left = min(left, w.listing.Limit-len(w.page.Identities))
	}
	return min(portion, max(left, 0)+1)
}

// take adds what fits and reports whether the page is full. A page ends only
// where the number changes, since the next one begins after a number.
func (w *walk) take(entries []identity.IndexEntry, found []identity.Identity) bool {
	for n := range entries {
		e := &entries[n]
		full := len(w.page.Identities) >= w.listing.Limit || w.examined >= maxExamined || w.weight >= maxPageWeight
		if full && w.last != nil && e.CreationNumber != w.last.CreationNumber {
			w.page.Next = w.last.CreationNumber
			return true
		}
		w.last, w.examined = e, w.examined+1
		if len(found) > 0 && found[0].ID == e.ID {
			if w.fits(&found[0]) {
				w.page.Identities = append(w.page.Identities, found[0])
				w.weight += found[0].JSONSize()
			}
			found = found[1:]
		}
	}
	return false
}

// fits reports whether an identity passes the filter, but for GrantedTo, which
// is not in the identity. A tokenized email or phone is compared by its value.
func (w *walk) fits(i *identity.Identity) bool {
	f := &w.listing.Filter
	return (f.Email == "" || w.service.HasValue(i, identity.FieldEmail, f.Email)) &&
		(f.Phone == "" || w.service.HasValue(i, identity.FieldPhone, f.Phone)) &&
		(f.DocumentNumber == "" || identity.NormalizeDocument(f.DocumentNumber) == identity.NormalizeDocument(i.DocumentNumber)) &&
		(f.ExternalID == "" || f.ExternalID == i.ExternalID) &&
		(f.Kind == "" || (f.Kind == identity.Organization) == (i.Kind == identity.Organization)) &&
		(f.Country == "" || f.Country == i.Country) &&
		(f.Status == "" || f.Status == i.Status) &&
		(w.inParent == nil || w.inParent[i.ID])
}

// loadParent reads the children of ParentID if another look-up is the source.
func (w *walk) loadParent(ctx context.Context) error {
	if w.listing.ParentID == "" || w.source.ChildrenOf != "" {
		return nil
	}
	entries, err := w.service.Store.Entries(ctx, identity.Index{Tenant: w.source.Tenant, ChildrenOf: w.listing.ParentID}, nil, MaxChildren, false)
	w.inParent = make(map[string]bool, len(entries))
	for _, e := range entries {
		w.inParent[e.ID] = true
	}
	return err
}
