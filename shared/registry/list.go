package registry

import (
	"context"
	"errors"
	"slices"

	"cedula/shared/identity"
)

// Filter narrows a list. Zero fields do not.
type Filter struct {
	Email, Phone, DocumentNumber, ExternalID string
	Kind                                     identity.Kind // Organization, or Individual for everything else
	Country                                  string
	Status                                   identity.Status
	ParentID                                 string // identities that are its children
	GrantedTo                                string // identities over which this one has permissions
}

// ListParams is a request for a page of a list.
type ListParams struct {
	Tenant string
	Filter
	After       int64 // the number at which the page before ended; 0 for the first page
	Limit       int
	OldestFirst bool // the oldest first; otherwise the newest
}

// Page is a page of a list.
type Page struct {
	Identities []identity.Identity
	Next       int64 // where the next page begins; 0 after the last
	// Total is how many the list has, exact up to MaxTotal. If the filter is
	// narrower than what the store can look up, it is how many were found until
	// the end of this page.
	Total int
}

const (
	// MaxTotal is where counting ends.
	MaxTotal = 10_000
	// maxExamined bounds the identities read for one page: a filter that fits
	// few of them answers with what it found and where to go on.
	maxExamined = 1000
)

// List returns a page of a tenant's identities in the order of their creation.
// An identity that is there throughout a walk from page to page is met exactly
// once, whatever others come and go.
func (r *Registry) List(ctx context.Context, l ListParams) (Page, error) {
	if l.GrantedTo != "" {
		return r.listGranted(ctx, l)
	}
	if l.ParentID != "" {
		if _, err := r.Get(ctx, l.Tenant, l.ParentID); errors.Is(err, identity.ErrNotFound) {
			return Page{}, nil
		} else if err != nil {
			return Page{}, err
		}
	}
	w := walk{service: r, listing: l, source: l.source()}
	if err := w.run(ctx); err != nil {
		return Page{}, err
	}
	var err error
	if w.page.Total = len(w.page.Identities); l.Filter.only(w.source) {
		w.page.Total, err = r.count(ctx, w.source)
	}
	return w.page, err
}

// source picks the look-up that fits the fewest identities.
func (l *ListParams) source() identity.Index {
	s := identity.Index{Tenant: l.Tenant}
	switch {
	case l.DocumentNumber != "":
		s.Document = identity.NormalizeDocument(l.DocumentNumber)
	case l.ExternalID != "":
		s.ExternalID = l.ExternalID
	case l.Email != "":
		s.Email = identity.NormalizeEmail(l.Email)
	case l.Phone != "":
		s.Phone = l.Phone
	case l.ParentID != "":
		s.ChildrenOf = l.ParentID
	}
	return s
}

// only reports whether the source alone is all that the filter asks for.
func (f Filter) only(s identity.Index) bool {
	rest := f
	switch {
	case s.Document != "":
		rest.DocumentNumber = ""
	case s.ExternalID != "":
		rest.ExternalID = ""
	case s.Email != "":
		rest.Email = ""
	case s.Phone != "":
		rest.Phone = ""
	case s.ChildrenOf != "":
		rest.ParentID = ""
	}
	return rest == Filter{}
}

// listGranted lists the identities over which one has permissions. They are at
// most MaxListLength, so the page is cut from all of them.
func (r *Registry) listGranted(ctx context.Context, l ListParams) (Page, error) {
	holder, err := r.Get(ctx, l.Tenant, l.GrantedTo)
	if err != nil {
		return Page{}, err
	}
	all, err := r.getMany(ctx, l.Tenant, holder.GrantedIdentities())
	if err != nil {
		return Page{}, err
	}
	w := walk{service: r, listing: l, source: identity.Index{Tenant: l.Tenant}}
	if l.ParentID != "" {
		if err := w.loadParent(ctx); err != nil {
			return Page{}, err
		}
	}
	all = slices.DeleteFunc(all, func(i identity.Identity) bool { return !w.fits(&i) })
	return cut(all, l), nil
}

// cut sorts identities and takes a page of them.
func cut(all []identity.Identity, l ListParams) Page {
	slices.SortFunc(all, func(a, b identity.Identity) int {
		if !l.OldestFirst {
			a, b = b, a
		}
		return int(min(1, max(-1, a.CreationNumber()-b.CreationNumber())))
	})
	page := Page{Total: len(all)}
	for n := range all {
		number := all[n].CreationNumber()
		if l.After > 0 && (number == l.After || (number < l.After) == l.OldestFirst) {
			continue
		}
		if len(page.Identities) >= l.Limit && number != page.Next {
			return page
		}
		page.Identities, page.Next = append(page.Identities, all[n]), number
	}
	page.Next = 0
	return page
}
