package registry

import (
	"context"
	"errors"
	"slices"

	"cedula/shared/identity"
)

// Filter narrows a list. A zero field has no effect.
type Filter struct {
	Email, Phone, DocumentNumber, ExternalID string
	Kind                                     identity.Kind // Organization, or Individual for every other kind
	Country                                  string
	Status                                   identity.Status
	ParentID                                 string // only its children
	GrantedTo                                string // only identities on which this one has permissions
}

// ListParams is a request for a page of a list.
type ListParams struct {
	Tenant string
	Filter
	After       int64 // Page.Next of the previous page; 0 for the first page
	Limit       int
	OldestFirst bool // otherwise newest first
}

// Page is a page of a list.
type Page struct {
	Identities []identity.Identity
	Next       int64 // ListParams.After of the next page; 0 after the last
	// Total is the number of matches, at most MaxTotal, if one index answers the filter. Otherwise it is the number of
	// matches on this page. TotalIsExact says that there are no more; the total of a whole tenant may be totalTTL old.
	Total        int
	TotalIsExact bool
	Unreadable   []string // ids of identities whose records cannot be decoded; they are omitted
}

// List returns a page of a tenant's identities in the order of their creation. An identity that exists throughout is
// returned exactly once over all pages, whatever else is created or deleted concurrently.
//
// A page ends only where the creation number changes, because the next one begins after a number. List returns
// ErrNotFound if GrantedTo does not exist, and ErrUnavailable.
func (r *Registry) List(ctx context.Context, l ListParams) (Page, error) {
	if l.GrantedTo != "" {
		return r.listGranted(ctx, l)
	}
	if l.ParentID != "" {
		_, err := r.Get(ctx, l.Tenant, l.ParentID)
		if errors.Is(err, identity.ErrNotFound) {
			return Page{TotalIsExact: true}, nil
		}
		if err != nil {
			return Page{}, err
		}
	}
	index, whole := l.index()
	match, err := r.matcher(ctx, l, index)
	if err != nil {
		return Page{}, err
	}
	q := l.query()
	q.Match, q.Indexes = match, index.Forms()
	s, err := r.newScan(ctx, *q)
	if err != nil {
		return Page{}, err
	}
	w := listPage{scan: s, allMatch: whole}
	if err := w.each(ctx, w.batch, w.visit); err != nil {
		return Page{}, err
	}
	w.Unreadable = w.unreadable
	w.Total = len(w.Identities)
	w.TotalIsExact = l.After == 0 && w.Next == 0
	if w.allMatch && !w.TotalIsExact {
		n, err := r.count(ctx, index)
		if err != nil {
			return Page{}, err
		}
		w.Total = max(n, w.Total)
		w.TotalIsExact = n < MaxTotal
	}
	return w.Page, nil
}

// listPage collects a page that ends where the creation number changes.
type listPage struct {
	*scan
	Page
	allMatch bool // the index answers the whole filter
	last     identity.IndexEntry
	weight   int
}

// batch returns one entry more than fits: a full page continues until the creation number changes.
func (p *listPage) batch() int {
	left := p.room()
	if p.allMatch {
		left = min(left, max(p.query.Limit-len(p.Identities), 0))
	}
	return min(batchSize, left+1)
}

func (p *listPage) visit(e identity.IndexEntry, i *identity.Identity) bool {
	full := len(p.Identities) >= p.query.Limit || p.weight >= maxPageWeight || p.room() == 0
	begun := p.last != identity.IndexEntry{}
	if full && begun && e.CreationNumber != p.last.CreationNumber {
		p.Next = p.last.CreationNumber
		return false
	}
	p.last = e
	if i != nil {
		p.Identities = append(p.Identities, *i)
		p.weight += i.JSONSize()
	}
	return true
}

// matcher returns the test of a filter, except for GrantedTo, which is not stored in the identity. A tokenized email or
// phone is compared by its value.
func (r *Registry) matcher(ctx context.Context, l ListParams, index identity.Index) (func(*identity.Identity) bool, error) {
	var children []identity.IndexEntry
	ofParent := l.ParentID != "" && index.ChildrenOf == ""
	if ofParent {
		var err error
		children, err = r.Store.Entries(ctx, identity.Index{Tenant: l.Tenant, ChildrenOf: l.ParentID}, nil, MaxChildren, false)
		if err != nil {
			return nil, err
		}
	}
	return func(i *identity.Identity) bool {
		if l.Email != "" && !r.HasValue(i, identity.FieldEmail, l.Email) {
			return false
		}
		if l.Phone != "" && !r.HasValue(i, identity.FieldPhone, l.Phone) {
			return false
		}
		return l.Filter.matches(i) && (!ofParent || slices.Contains(children, identity.EntryOf(i)))
	}, nil
}

// matches tests the fields that are never tokenized.
func (f *Filter) matches(i *identity.Identity) bool {
	for _, field := range []struct{ want, have string }{
		{f.ExternalID, i.ExternalID},
		{f.Country, i.Country},
		{string(f.Status), string(i.Status)},
	} {
		if field.want != "" && field.want != field.have {
			return false
		}
	}
	if f.DocumentNumber != "" && !i.HasDocument(f.DocumentNumber) {
		return false
	}
	return f.Kind == "" || (f.Kind == identity.Organization) == (i.Kind == identity.Organization)
}

// index returns the index with the fewest identities, and whether it is all that the filter asks for.
func (l ListParams) index() (index identity.Index, whole bool) {
	index.Tenant = l.Tenant
	rest := l.Filter
	for _, indexed := range []struct{ filter, index *string }{
		{&rest.DocumentNumber, &index.Document},
		{&rest.ExternalID, &index.ExternalID},
		{&rest.Email, &index.Email},
		{&rest.Phone, &index.Phone},
		{&rest.ParentID, &index.ChildrenOf},
	} {
		if *indexed.filter != "" {
			*indexed.index = *indexed.filter
			*indexed.filter = ""
			break
		}
	}
	return index, rest == Filter{}
}

// listGranted lists the identities on which one has permissions. They are few, so all are read.
func (r *Registry) listGranted(ctx context.Context, l ListParams) (Page, error) {
	holder, err := r.Get(ctx, l.Tenant, l.GrantedTo)
	if err != nil {
		return Page{}, err
	}
	p := listPage{scan: &scan{registry: r, query: l.query(), started: r.Now()}}
	all, err := r.getMany(ctx, l.Tenant, holder.GrantedIdentities())
	if err := p.omitUnreadable(err); err != nil {
		return Page{}, err
	}
	p.Unreadable = p.unreadable
	match, err := r.matcher(ctx, l, identity.Index{Tenant: l.Tenant})
	if err != nil {
		return Page{}, err
	}
	all = slices.DeleteFunc(all, func(i identity.Identity) bool { return !holder.MayActFor(&i) || !match(&i) })
	slices.SortFunc(all, func(a, b identity.Identity) int { return p.compare(identity.EntryOf(&a), identity.EntryOf(&b)) })
	for n := range all {
		e := identity.EntryOf(&all[n])
		beyondCursor := l.After == 0 || e.CreationNumber != l.After && (e.CreationNumber > l.After) == l.OldestFirst
		if beyondCursor && !p.visit(e, &all[n]) {
			break
		}
	}
	p.Total = len(all)
	p.TotalIsExact = true
	return p.Page, nil
}

// query returns the query of the page, for all identities of the tenant.
func (l ListParams) query() *Query {
	after := identity.IndexEntry{CreationNumber: l.After}
	return &Query{Tenant: l.Tenant, Ascending: l.OldestFirst, Limit: l.Limit, Cursor: Cursor{After: after}}
}
