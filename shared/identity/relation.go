package identity

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// Limits of the relation between an identity and its children.
const (
	MaxChildren      = 1000 // of one identity
	MaxChildrenAdded = 100  // by one request
	ChildrenShown    = 100  // in an identity's answer, the oldest first
	MaxFirstChildren = 30   // of a new identity

	linkWrites      = 90 // in one transaction; to add a child takes three, to remove one two
	linkWritesBelow = 45 // where each of maxBelow is checked too
	maxBelow        = 50 // identities that may stand below new children: each is checked for cycles
)

// Entry is an identity's place in a list: by creation number, then by id.
type Entry struct {
	ID     string
	Number int64
}

// Compare is that order, in which an entry's sort key stands too.
func (e Entry) Compare(other Entry) int {
	return cmp.Or(cmp.Compare(e.Number, other.Number), cmp.Compare(e.ID, other.ID))
}

// Relinking is a request to change an identity's children.
type Relinking struct {
	Children []string
	Mode     RelinkMode
}

// RelinkMode says what is done with the children named.
type RelinkMode uint8

// The modes. To add a child that is there already, and to remove one that is
// not, are told apart: the first changes nothing, the second is an *Unknown.
const (
	LinkChildren RelinkMode = iota
	UnlinkChildren
	ReplaceChildren
)

// Links is what a change does to an identity's children.
type Links struct {
	Add    []Identity // as they were read: each must be of that version still
	Remove []Entry
	Check  []Identity // others that must be of the version read
}

func (l Links) empty() bool { return len(l.Add)+len(l.Remove) == 0 }

// Alone reports whether the links make no parts of the identity.
func (l Links) Alone() bool { return len(l.Add) == 0 }

// split cuts off what fits in one transaction. What only goes away needs no
// checks.
func (l Links) split() (now, rest Links) {
	room := linkWrites
	if len(l.Check) > 0 && len(l.Add) > 0 {
		room = linkWritesBelow
	}
	a := min(len(l.Add), room/3)
	r := min(len(l.Remove), (room-3*a)/2)
	now, rest = Links{l.Add[:a], l.Remove[:r], l.Check}, Links{l.Add[a:], l.Remove[r:], l.Check}
	if a == 0 {
		now.Check = nil
	}
	return now, rest
}

// relink turns a request into links. It returns an *Invalid for a list that is
// too long, holds an id twice or the identity itself, an *Unknown for a child
// that does not exist or is none, and a *Precondition for a cycle.
func (s *Service) relink(ctx context.Context, parent *Identity, r *Relinking) (Links, error) {
	if r == nil {
		return Links{}, nil
	}
	if err := r.check(parent.ID); err != nil {
		return Links{}, err
	}
	have, err := s.entries(ctx, parent)
	if err != nil {
		return Links{}, err
	}
	if r.Mode == UnlinkChildren {
		return unlink(have, r.Children)
	}
	return s.link(ctx, parent, have, r)
}

func (r *Relinking) check(parent string) error {
	if len(r.Children) > MaxChildrenAdded {
		return &Invalid{FieldChildren, fmt.Sprintf("must name at most %d identities", MaxChildrenAdded)}
	}
	seen := make(map[string]bool, len(r.Children))
	for n, id := range r.Children {
		field := Field(fmt.Sprintf("%s.%d", FieldChildren, n))
		switch {
		case !ValidID(id):
			return &Unknown{field}
		case id == parent:
			return &Invalid{field, "must not be the identity itself"}
		case seen[id]:
			return &Invalid{field, "stands twice in the list"}
		}
		seen[id] = true
	}
	return nil
}

// entries reads the children that an identity has.
func (s *Service) entries(ctx context.Context, parent *Identity) ([]Entry, error) {
	if !parent.Parent {
		return nil, nil
	}
	return s.Store.Entries(ctx, Source{Tenant: parent.Tenant, ChildrenOf: parent.ID}, nil, MaxChildren+1, false)
}

func unlink(have []Entry, children []string) (Links, error) {
	var l Links
	for n, id := range children {
		at := slices.IndexFunc(have, func(e Entry) bool { return e.ID == id })
		if at < 0 {
			return l, &Unknown{Field(fmt.Sprintf("%s.%d", FieldChildren, n))}
		}
		l.Remove = append(l.Remove, have[at])
	}
	return l, nil
}

func (s *Service) link(ctx context.Context, parent *Identity, have []Entry, r *Relinking) (Links, error) {
	named, err := s.resolve(ctx, parent.Tenant, r.Children)
	if err != nil {
		return Links{}, err
	}
	var l Links
	for _, child := range named {
		if !slices.ContainsFunc(have, func(e Entry) bool { return e.ID == child.ID }) {
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
		return l, &Precondition{fmt.Sprintf("an identity has at most %d children", MaxChildren)}
	}
	l.Check, err = s.below(ctx, parent.ID, l.Add)
	return l, err
}

// resolve reads identities that must all exist; otherwise it returns an
// *Unknown for the first that does not.
func (s *Service) resolve(ctx context.Context, tenant string, ids []string) ([]Identity, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	found, err := s.getMany(ctx, tenant, ids)
	if err != nil {
		return nil, err
	}
	for n, id := range ids {
		if n >= len(found) || found[n].ID != id {
			return nil, &Unknown{Field(fmt.Sprintf("%s.%d", FieldChildren, n))}
		}
	}
	return found, nil
}

// below walks down from new children and returns every other identity met
// under them, once. If the parent is among them, the link would close a cycle.
// The write checks that none of them gained children meanwhile.
func (s *Service) below(ctx context.Context, parent string, children []Identity) ([]Identity, error) {
	var met []Identity
	seen := make(map[string]bool)
	for i := range children {
		seen[children[i].ID] = true
	}
	for level := children; len(level) > 0; met = append(met, level...) {
		next, err := s.childrenOf(ctx, level)
		if err != nil {
			return nil, err
		}
		next = slices.DeleteFunc(next, func(id string) bool {
			before := seen[id]
			seen[id] = true
			return before
		})
		if slices.Contains(next, parent) {
			return nil, &Precondition{"an identity cannot be its own ancestor"}
		}
		if len(met)+len(next) > maxBelow {
			return nil, &Precondition{"too many identities stand below the new children"}
		}
		if level, err = s.getMany(ctx, children[0].Tenant, next); err != nil {
			return nil, err
		}
	}
	return met, nil
}

// childrenOf returns the ids of all children of several identities.
func (s *Service) childrenOf(ctx context.Context, parents []Identity) ([]string, error) {
	var list []string
	for i := range parents {
		entries, err := s.entries(ctx, &parents[i])
		if err != nil {
			return nil, err
		}
		list = append(list, ids(entries)...)
	}
	return list, nil
}
