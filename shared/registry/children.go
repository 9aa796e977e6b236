package registry

import (
	"context"
	"fmt"
	"slices"

	"cedula/shared/identity"
)

// Limits of the relation between an identity and its children.
const (
	MaxChildren           = 1000 // of one identity
	MaxChildrenPerRequest = 100  // by one request
	MaxChildrenInResponse = 100  // returned with an identity, oldest first
	MaxChildrenOnCreate   = 30   // of a new identity

	maxLinkWrites           = 90       // in one transaction
	maxLinkBytes            = 3 << 19  // of the records of added children; the parent is written too, twice with an idempotency key
	maxProfileBytes         = 16 << 10 // of a child's record without its JSON values
	maxLinkWritesWithChecks = 45       // if up to maxDescendants identities are checked too
	maxDescendants          = 50       // below new children; the transaction checks the version of each
	writesPerAddedChild     = 3
	writesPerRemovedChild   = 2
)

// ChildrenUpdate is a request to change an identity's children.
type ChildrenUpdate struct {
	Children []string
	Mode     ChildrenUpdateMode
}

// ChildrenUpdateMode says how the named children change the current ones.
type ChildrenUpdateMode uint8

// The modes. Adding an existing child changes nothing; removing a child that is not one returns a
// *DanglingReference.
const (
	AddChildren ChildrenUpdateMode = iota
	RemoveChildren
	ReplaceChildren
)

func (r *ChildrenUpdate) check(parent string) error {
	if len(r.Children) > MaxChildrenPerRequest {
		return &identity.Invalid{Field: identity.FieldChildren, Reason: fmt.Sprintf("must name at most %d identities", MaxChildrenPerRequest)}
	}
	seen := make(map[string]bool, len(r.Children))
	for n, id := range r.Children {
		field := identity.Field(fmt.Sprintf("%s.%d", identity.FieldChildren, n))
		if !identity.ValidID(id) {
			return &identity.DanglingReference{Field: field}
		}
		if id == parent {
			return &identity.Invalid{Field: field, Reason: "must not be the identity itself"}
		}
		if seen[id] {
			return &identity.Invalid{Field: field, Reason: "occurs twice in the list"}
		}
		seen[id] = true
	}
	return nil
}

// splitLinks returns the changes that fit in one transaction, and the rest. Removing links needs no
// checks.
func splitLinks(l identity.LinkChanges) (now, rest identity.LinkChanges) {
	room := maxLinkWrites
	if len(l.Check) > 0 && len(l.Add) > 0 {
		room = maxLinkWritesWithChecks
	}
	added := min(fittingChildren(l.Add), room/writesPerAddedChild)
	removed := min(len(l.Remove), (room-writesPerAddedChild*added)/writesPerRemovedChild)
	now = identity.LinkChanges{Add: l.Add[:added], Remove: l.Remove[:removed], Check: l.Check}
	if added == 0 {
		now.Check = nil
	}
	return now, identity.LinkChanges{Add: l.Add[added:], Remove: l.Remove[removed:], Check: l.Check}
}

// fittingChildren returns how many of the first children, which are written as their next versions, fit in one transaction.
func fittingChildren(children []identity.Identity) int {
	size := 0
	for n := range children {
		size += maxProfileBytes + children[n].JSONSize()
		if size > maxLinkBytes {
			return n
		}
	}
	return len(children)
}

// planChildrenUpdate turns a request into link changes. It returns an *Invalid for a list that is too long, or
// contains an id twice or the identity itself; a *DanglingReference for a child that does not exist, or that is to
// be removed and is not a child; and a *StateError for a cycle or too many children.
func (r *Registry) planChildrenUpdate(ctx context.Context, parent *identity.Identity, u *ChildrenUpdate) (identity.LinkChanges, error) {
	if u == nil {
		return identity.LinkChanges{}, nil
	}
	if err := u.check(parent.ID); err != nil {
		return identity.LinkChanges{}, err
	}
	have, err := r.childEntries(ctx, parent)
	if err != nil {
		return identity.LinkChanges{}, err
	}
	if u.Mode == RemoveChildren {
		return planRemovedChildren(have, u.Children)
	}
	return r.planAddedChildren(ctx, parent, have, u)
}

// childEntries returns the children of an identity.
func (r *Registry) childEntries(ctx context.Context, parent *identity.Identity) ([]identity.IndexEntry, error) {
	if !parent.MayHaveChildren {
		return nil, nil
	}
	return r.Store.Entries(ctx, identity.Index{Tenant: parent.Tenant, ChildrenOf: parent.ID}, nil, MaxChildren+1, false)
}

func planRemovedChildren(have []identity.IndexEntry, children []string) (identity.LinkChanges, error) {
	var l identity.LinkChanges
	for n, id := range children {
		at := slices.IndexFunc(have, func(e identity.IndexEntry) bool { return e.ID == id })
		if at < 0 {
			return l, &identity.DanglingReference{Field: identity.Field(fmt.Sprintf("%s.%d", identity.FieldChildren, n))}
		}
		l.Remove = append(l.Remove, have[at])
	}
	return l, nil
}

func (r *Registry) planAddedChildren(ctx context.Context, parent *identity.Identity, have []identity.IndexEntry, u *ChildrenUpdate) (identity.LinkChanges, error) {
	named, err := r.resolveChildren(ctx, parent.Tenant, u.Children)
	if err != nil {
		return identity.LinkChanges{}, err
	}
	var l identity.LinkChanges
	for _, child := range named {
		if !slices.ContainsFunc(have, func(e identity.IndexEntry) bool { return e.ID == child.ID }) {
			l.Add = append(l.Add, child)
		}
	}
	if u.Mode == ReplaceChildren {
		for _, e := range have {
			if !slices.Contains(u.Children, e.ID) {
				l.Remove = append(l.Remove, e)
			}
		}
	}
	if len(have)+len(l.Add)-len(l.Remove) > MaxChildren {
		return l, &identity.StateError{Reason: fmt.Sprintf("an identity has at most %d children", MaxChildren)}
	}
	l.Check, err = r.descendants(ctx, parent.ID, l.Add)
	return l, err
}

// resolveChildren returns the identities with the given ids, or a *DanglingReference for the first that does
// not exist.
func (r *Registry) resolveChildren(ctx context.Context, tenant string, ids []string) ([]identity.Identity, error) {
	found, err := r.getMany(ctx, tenant, ids)
	if err != nil {
		return nil, err
	}
	for n, id := range ids {
		if n >= len(found) || found[n].ID != id {
			return nil, &identity.DanglingReference{Field: identity.Field(fmt.Sprintf("%s.%d", identity.FieldChildren, n))}
		}
	}
	return found, nil
}

// descendants returns every identity below new children, once. It returns a *StateError if the parent is among
// them, because the link would close a cycle, or if there are more than maxDescendants. The write checks that none of
// them has gained children since.
func (r *Registry) descendants(ctx context.Context, parent string, children []identity.Identity) ([]identity.Identity, error) {
	var met []identity.Identity
	seen := make(map[string]bool)
	for i := range children {
		seen[children[i].ID] = true
	}
	for level := children; len(level) > 0; met = append(met, level...) {
		next, err := r.childIDs(ctx, level)
		if err != nil {
			return nil, err
		}
		next = slices.DeleteFunc(next, func(id string) bool {
			before := seen[id]
			seen[id] = true
			return before
		})
		if slices.Contains(next, parent) {
			return nil, &identity.StateError{Reason: "an identity cannot be its own ancestor"}
		}
		if len(met)+len(next) > maxDescendants {
			return nil, &identity.StateError{Reason: "the new children have too many descendants"}
		}
		level, err = r.getMany(ctx, children[0].Tenant, next)
		if err != nil {
			return nil, err
		}
	}
	return met, nil
}

// childIDs returns the ids of all children of several identities.
func (r *Registry) childIDs(ctx context.Context, parents []identity.Identity) ([]string, error) {
	var list []string
	for i := range parents {
		entries, err := r.childEntries(ctx, &parents[i])
		if err != nil {
			return nil, err
		}
		list = append(list, entryIDs(entries)...)
	}
	return list, nil
}

// getByEntry returns the identities of entries. Entries whose identity is deleted, or whose id has been reused, are
// omitted. Its errors are those of getMany.
func (r *Registry) getByEntry(ctx context.Context, tenant string, entries []identity.IndexEntry) (map[identity.IndexEntry]*identity.Identity, error) {
	list := entryIDs(entries)
	slices.Sort(list)
	found, err := r.getMany(ctx, tenant, slices.Compact(list))
	byEntry := make(map[identity.IndexEntry]*identity.Identity, len(found))
	for n := range found {
		byEntry[identity.EntryOf(&found[n])] = &found[n]
	}
	return byEntry, err
}

// GetWithChildren returns an identity with its oldest MaxChildrenInResponse children, or
// ErrNotFound.
func (r *Registry) GetWithChildren(ctx context.Context, tenant, id string) (identity.Identity, error) {
	i, err := r.Get(ctx, tenant, id)
	if err != nil {
		return identity.Identity{}, err
	}
	return i, r.loadChildren(ctx, &i)
}

func (r *Registry) loadChildren(ctx context.Context, i *identity.Identity) error {
	if !i.MayHaveChildren {
		return nil
	}
	entries, err := r.Store.Entries(ctx, identity.Index{Tenant: i.Tenant, ChildrenOf: i.ID}, nil, MaxChildrenInResponse, false)
	if err != nil || len(entries) == 0 {
		return err
	}
	i.Children, err = r.getMany(ctx, i.Tenant, entryIDs(entries))
	return err
}

func entryIDs(entries []identity.IndexEntry) []string {
	list := make([]string, len(entries))
	for n, e := range entries {
		list[n] = e.ID
	}
	return list
}

// ListParents returns the identities of which id is a child, oldest first, at most MaxChildren, or
// ErrNotFound.
func (r *Registry) ListParents(ctx context.Context, tenant, id string) ([]identity.Identity, error) {
	if _, err := r.Get(ctx, tenant, id); err != nil {
		return nil, err
	}
	entries, err := r.Store.Entries(ctx, identity.Index{Tenant: tenant, ParentsOf: id}, nil, MaxChildren, false)
	if err != nil {
		return nil, err
	}
	return r.getMany(ctx, tenant, entryIDs(entries))
}
