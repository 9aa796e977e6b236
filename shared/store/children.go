package store

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"cedula/shared/identity"
	"cedula/shared/table"
)

// childrenUpdateOps writes a link on both sides, so that it can be read from either. To
// become a child is a change: the child is written as its next version, so that
// whoever deletes or changes it meanwhile notices.
func (s *Store) childrenUpdateOps(parent *identity.Identity, l identity.LinkChanges) []table.Op {
	var ops []table.Op
	from := identity.IndexEntry{ID: parent.ID, CreationNumber: parent.CreationNumber()}
	for _, child := range l.Add {
		child.Version++
		notSingleItem(&child)
		to := identity.IndexEntry{ID: child.ID, CreationNumber: child.CreationNumber()}
		ops = append(ops,
			table.Put(table.Item{Key: childKey(parent.ID, parent.Tenant, to)}, table.Always()),
			table.Put(table.Item{Key: parentKey(child.ID, parent.Tenant, from)}, table.Always()),
			s.putVersion(&child, mustEncode(newIdentityRecord(&child))),
		)
	}
	for _, child := range l.Remove {
		ops = append(ops,
			table.Delete(childKey(parent.ID, parent.Tenant, child), table.Always()),
			table.Delete(parentKey(child.ID, parent.Tenant, from), table.Always()),
		)
	}
	for i := range l.Check {
		ops = append(ops, table.Check(identityKey(parent.Tenant, l.Check[i].ID), ifUnchanged(&l.Check[i])))
	}
	return ops
}

// GetMany reads identities by id.
func (s *Store) GetMany(ctx context.Context, tenant string, ids []string) ([]identity.Identity, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	keys := make([]table.Key, len(ids))
	for n, id := range ids {
		keys[n] = identityKey(tenant, id)
	}
	found, err := s.table.Get(ctx, true, keys...)
	if err != nil {
		return nil, wrapErr("get identities", err)
	}
	list := make([]identity.Identity, 0, len(found.Items))
	for n := range found.Items {
		i, err := decodeIdentity(found.Items[n].Body, tenant)
		if errors.Is(err, identity.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		list = append(list, i)
	}
	return list, nil
}

// Entries reads the next part of an ordered set: an index, or the links in an
// identity's partition.
func (s *Store) Entries(ctx context.Context, src identity.Index, after *identity.IndexEntry, limit int, descending bool) ([]identity.IndexEntry, error) {
	q, prefix := s.indexQuery(src)
	q.Limit, q.Descending, q.Strong = limit, descending, q.Index == ""
	if shards := s.ListSharding[src.Tenant].Read; shards > 1 && q.Index == indexList {
		return s.mergeShards(ctx, q, src.Tenant, shards, after)
	}
	seek(&q, src.Tenant, prefix, after)
	return s.readEntries(ctx, &q, prefix)
}

// readEntries reads a partition until the query's limit or its end: then the query's
// start is where to go on, or nil.
func (s *Store) readEntries(ctx context.Context, q *table.Query, prefix string) (entries []identity.IndexEntry, err error) {
	for limit := q.Limit; ; q.Limit = limit - len(entries) {
		page, err := s.table.Query(ctx, *q)
		if err != nil {
			return nil, wrapErr("read entries", err)
		}
		for n := range page.Items {
			sk := page.Items[n].SK
			if q.Index != "" {
				sk = page.Items[n].Indexes[q.Index].SK
			}
			entries = append(entries, parseEntry(sk[len(prefix):]))
		}
		q.Start = page.Next
		if q.Start == nil || len(entries) >= limit {
			return entries, nil
		}
	}
}

// indexQuery is the partition of a source, and the prefix of its sort keys.
func (s *Store) indexQuery(src identity.Index) (table.Query, string) {
	look := func(index, value string) (table.Query, string) {
		return table.Query{Index: index, PK: s.keys.lookupPK(src.Tenant, index, value)}, ""
	}
	if src.Email != "" {
		return look(indexEmail, src.Email)
	}
	if src.Phone != "" {
		return look(indexPhone, src.Phone)
	}
	if src.Document != "" {
		return look(indexDocument, src.Document)
	}
	if src.ExternalID != "" {
		return look(indexExternal, src.ExternalID)
	}
	if src.ChildrenOf != "" {
		return table.Query{PK: identityKey(src.Tenant, src.ChildrenOf).PK}, prefixChild
	}
	if src.ParentsOf != "" {
		return table.Query{PK: identityKey(src.Tenant, src.ParentsOf).PK}, prefixParent
	}
	return table.Query{Index: indexList, PK: listPK(src.Tenant, 0)}, ""
}

// seek sets the bounds of a query so that it goes on after an entry. An entry
// without an id stands for every one of its number.
func seek(q *table.Query, tenant, prefix string, after *identity.IndexEntry) {
	q.From, q.To = prefix, prefix+"~" // above every digit
	switch {
	case after == nil:
	case after.ID == "" && q.Descending:
		q.To = entryBound(prefix, after.CreationNumber)
	case after.ID == "":
		q.From = entryBound(prefix, after.CreationNumber+1)
	default:
		at := table.Key{PK: q.PK, SK: entrySK(prefix, after.CreationNumber, after.ID)}
		q.Start = &table.Position{Key: at}
		if q.Index != "" {
			q.Start = &table.Position{Key: identityKey(tenant, after.ID), Index: at}
		}
	}
}

// entryBound sorts before every entry of a number and after those of lower ones.
func entryBound(prefix string, number int64) string {
	return strings.TrimSuffix(entrySK(prefix, number, ""), "#")
}

func parseEntry(sk string) identity.IndexEntry {
	number, id, _ := strings.Cut(sk, "#")
	n, _ := strconv.ParseInt(number, 10, 64)
	return identity.IndexEntry{ID: id, CreationNumber: n}
}
