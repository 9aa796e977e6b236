package identity

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// Limits of the relation between an identity and its children.
const (
	MaxChildren           = 1000 // of one identity
	MaxChildrenPerRequest = 100  // by one request
	MaxChildrenInResponse = 100  // in an identity's answer, the oldest first
	MaxChildrenOnCreate   = 30   // of a new identity

	maxLinkWrites           = 90 // in one transaction; to add a child takes three, to remove one two
	maxLinkWritesWithChecks = 45 // where each of maxDescendants is checked too
	maxDescendants          = 50 // identities that may stand below new children: each is checked for cycles
)

// IndexEntry is an identity's place in a list: by creation number, then by id.
type IndexEntry struct {
	ID             string
	CreationNumber int64
}

// Compare is that order, in which an entry's sort key stands too.
func (e IndexEntry) Compare(other IndexEntry) int {
	return cmp.Or(cmp.Compare(e.CreationNumber, other.CreationNumber), cmp.Compare(e.ID, other.ID))
}

// ChildrenUpdate is a request to change an identity's children.
type ChildrenUpdate struct {
	Children []string
	Mode     ChildrenUpdateMode
}

// ChildrenUpdateMode says what is done with the children named.
type ChildrenUpdateMode uint8

// The modes. To add a child that is there already, and to remove one that is
// not, are told apart: the first changes nothing, the second is an *Unknown.
const (
	AddChildren ChildrenUpdateMode = iota
	RemoveChildren
	ReplaceChildren
)

// LinkChanges is what a change does to an identity's children.
type LinkChanges struct {
	Add    []Identity // as they were read: each must be of that version still
	Remove []IndexEntry
	Check  []Identity // others that must be of the version read
}

func (l LinkChanges) empty() bool { return len(l.Add)+len(l.Remove) == 0 }

// NoneAdded reports whether the links make no parts of the identity.
func (l LinkChanges) NoneAdded() bool { return len(l.Add) == 0 }

// split cuts off what fits in one transaction. What only goes away needs no
// checks.
func (l LinkChanges) split() (now, rest LinkChanges) {
	room := maxLinkWrites
	if len(l.Check) > 0 && len(l.Add) > 0 {
		room = maxLinkWritesWithChecks
	}
	a := min(len(l.Add), room/3)
	r := min(len(l.Remove), (room-3*a)/2)
	now, rest = LinkChanges{l.Add[:a], l.Remove[:r], l.Check}, LinkChanges{l.Add[a:], l.Remove[r:], l.Check}
	if a == 0 {
		now.Check = nil
	}
	return now, rest
}

// planChildrenUpdate turns a request into links. It returns an *Invalid for a list that is
// too long, holds an id twice or the identity itself, an *Unknown for a child
// that does not exist or is none, and a *Precondition for a cycle.
func (s *Service) planChildrenUpdate(ctx context.Context, parent *Identity, r *ChildrenUpdate) (LinkChanges, error) {
	if r == nil {
		return LinkChanges{}, nil
	}
	if err := r.check(parent.ID); err != nil {
		return LinkChanges{}, err
	}
	have, err := s.childEntries(ctx, parent)
	if err != nil {
		return LinkChanges{}, err
	}
	if r.Mode == RemoveChildren {
		return planRemovedChildren(have, r.Children)
	}
	return s.planAddedChildren(ctx, parent, have, r)
}

func (r *ChildrenUpdate) check(parent string) error {
	if len(r.Children) > MaxChildrenPerRequest {
		return &Invalid{FieldChildren, fmt.Sprintf("must name at most %d identities", MaxChildrenPerRequest)}
	}
	seen := make(map[string]bool, len(r.Children))
	for n, id := range r.Children {
		field := Field(fmt.Sprintf("%s.%d", FieldChildren, n))
		switch {
		case !ValidID(id):
			return &DanglingReference{field}
		case id == parent:
			return &Invalid{field, "must not be the identity itself"}
		case seen[id]:
			return &Invalid{field, "stands twice in the list"}
		}
		seen[id] = true
	}
	return nil
}

// childEntries reads the children that an identity has.
func (s *Service) childEntries(ctx context.Context, parent *Identity) ([]IndexEntry, error) {
	if !parent.MayHaveChildren {
		return nil, nil
	}
	return s.Store.Entries(ctx, Index{Tenant: parent.Tenant, ChildrenOf: parent.ID}, nil, MaxChildren+1, false)
}

func planRemovedChildren(have []IndexEntry, children []string) (LinkChanges, error) {
	var l LinkChanges
	for n, id := range children {
		at := slices.IndexFunc(have, func(e IndexEntry) bool { return e.ID == id })
		if at < 0 {
			return l, &DanglingReference{Field(fmt.Sprintf("%s.%d", FieldChildren, n))}
		}
		l.Remove = append(l.Remove, have[at])
	}
	return l, nil
}

func (s *Service) planAddedChildren(ctx context.Context, parent *Identity, have []IndexEntry, r *ChildrenUpdate) (LinkChanges, error) {
	named, err := s.resolveChildren(ctx, parent.Tenant, r.Children)
	if err != nil {
		return LinkChanges{}, err
	}
	var l LinkChanges
	for _, child := range named {
		if !slices.ContainsFunc(have, func(e IndexEntry) bool { return e.ID == child.ID }) {
			l.Add = append(l.Add, child)
		}
	}
	if r.Mode == ReplaceChildren {
		for _, e := range have {
			if !slices.Contains(r.Children, e.ID) {
				l.Remove = append(l.Remove, e)
			}
		}
	}
	if len(have)+len(l.Add)-len(l.Remove) > MaxChildren {
		return l, &StateError{fmt.Sprintf("an identity has at most %d children", MaxChildren)}
	}
	l.Check, err = s.descendants(ctx, parent.ID, l.Add)
	return l, err
}

// resolveChildren reads identities that must all exist; otherwise it returns an
// *Unknown for the first that does not.
func (s *Service) resolveChildren(ctx context.Context, tenant string, ids []string) ([]Identity, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	found, err := s.getMany(ctx, tenant, ids)
	if err != nil {
		return nil, err
	}
	for n, id := range ids {
		if n >= len(found) || found[n].ID != id {
			return nil, &DanglingReference{Field(fmt.Sprintf("%s.%d", FieldChildren, n))}
		}
	}
	return found, nil
}

// descendants walks down from new children and returns every other identity met
// under them, once. If the parent is among them, the link would close a cycle.
// The write checks that none of them gained children meanwhile.
func (s *Service) descendants(ctx context.Context, parent string, children []Identity) ([]Identity, error) {
	var met []Identity
	seen := make(map[string]bool)
	for i := range children {
		seen[children[i].ID] = true
	}
	for level := children; len(level) > 0; met = append(met, level...) {
		next, err := s.childIDs(ctx, level)
		if err != nil {
			return nil, err
		}
		next = slices.DeleteFunc(next, func(id string) bool {
			before := seen[id]
			seen[id] = true
			return before
		})
		if slices.Contains(next, parent) {
			return nil, &StateError{"an identity cannot be its own ancestor"}
		}
		if len(met)+len(next) > maxDescendants {
			return nil, &StateError{"too many identities stand below the new children"}
		}
		if level, err = s.getMany(ctx, children[0].Tenant, next); err != nil {
			return nil, err
		}
	}
	return met, nil
}

// childIDs returns the ids of all children of several identities.
func (s *Service) childIDs(ctx context.Context, parents []Identity) ([]string, error) {
	var list []string
	for i := range parents {
		entries, err := s.childEntries(ctx, &parents[i])
		if err != nil {
			return nil, err
		}
		list = append(list, entryIDs(entries)...)
	}
	return list, nil
}
