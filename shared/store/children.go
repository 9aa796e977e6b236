package store

import (
	"cedula/shared/identity"
	"cedula/shared/table"
)

// childrenUpdateOps writes a link on both sides, so that it can be read from either. Becoming a child is a change: the
// child is written as its next version, so that a concurrent change or deletion of it fails.
func (s *Store) childrenUpdateOps(parent *identity.Identity, l identity.LinkChanges) []table.Op {
	var ops []table.Op
	from := identity.IndexEntry{ID: parent.ID, CreationNumber: parent.CreationNumber()}
	for _, child := range l.Add {
		child.Version++
		notSingleItem(&child)
		to := identity.IndexEntry{ID: child.ID, CreationNumber: child.CreationNumber()}
		ops = append(ops,
			table.Put(table.Item{Key: linkKey(parent.Tenant, parent.ID, prefixChild, to)}, table.Always()),
			table.Put(table.Item{Key: linkKey(parent.Tenant, child.ID, prefixParent, from)}, table.Always()),
			s.putVersion(&child, encodeIdentity(&child)),
		)
	}
	for _, child := range l.Remove {
		ops = append(ops,
			table.Delete(linkKey(parent.Tenant, parent.ID, prefixChild, child), table.Always()),
			table.Delete(linkKey(parent.Tenant, child.ID, prefixParent, from), table.Always()),
		)
	}
	for i := range l.Check {
		ops = append(ops, table.Check(identityKey(parent.Tenant, l.Check[i].ID), ifUnchanged(&l.Check[i])))
	}
	return ops
}
