package store

import (
	"context"

	"cedula/shared/identity"
	"cedula/shared/merge"
	"cedula/shared/table"
)

// Entries reads the next entries of an index, or of the links in an identity's partition.
func (s *Store) Entries(ctx context.Context, src identity.Index, after *identity.IndexEntry, limit int, descending bool) ([]identity.IndexEntry, error) {
	q, prefix := s.indexQuery(src)
	q.Limit, q.Descending, q.Strong = limit, descending, q.Index == ""
	if shards := s.ListSharding[src.Tenant].Read; shards > 1 && q.Index == indexList {
		return s.mergeShards(ctx, q, src.Tenant, shards, after)
	}
	seek(&q, src.Tenant, prefix, after)
	return s.readEntries(ctx, &q, prefix)
}

// mergeShards reads a list of several shards in one order. It reads from all shards concurrently their share and a little
// more, and again if that is not enough.
func (s *Store) mergeShards(ctx context.Context, q table.Query, tenant string, shards int, after *identity.IndexEntry) ([]identity.IndexEntry, error) {
	share := (q.Limit + shards - 1) / shards
	limit := min(q.Limit, share+share/4+8)
	var pages []merge.Page[identity.IndexEntry]
	for n := range shards {
		shard := q
		shard.PK = listPK(tenant, n)
		seek(&shard, tenant, "", after)
		pages = append(pages, func(ctx context.Context, _ int) ([]identity.IndexEntry, bool, error) {
			shard.Limit = limit
			entries, err := s.readEntries(ctx, &shard, "")
			return entries, shard.Start != nil, err
		})
	}
	compare := identity.IndexEntry.Compare
	if q.Descending {
		compare = func(a, b identity.IndexEntry) int { return b.Compare(a) }
	}
	return merge.New(compare, pages...).Read(ctx, q.Limit)
}

// readEntries reads a partition up to the query's limit or its end. Then the query's start is the position to continue
// at, or nil.
func (s *Store) readEntries(ctx context.Context, q *table.Query, prefix string) (entries []identity.IndexEntry, err error) {
	for limit := q.Limit; ; q.Limit = limit - len(entries) {
		page, err := s.table.Query(ctx, *q)
		if err != nil {
			return nil, identityErrors.wrap("read entries", err)
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

// indexQuery returns the partition of an index, and the prefix of its sort keys.
func (s *Store) indexQuery(src identity.Index) (q table.Query, prefix string) {
	for _, field := range []struct{ index, value string }{
		{indexEmail, src.Email}, {indexPhone, src.Phone}, {indexDocument, src.Document}, {indexExternal, src.ExternalID},
	} {
		if field.value != "" {
			return table.Query{Index: field.index, PK: s.keys.lookupPK(src.Tenant, field.index, field.value)}, ""
		}
	}
	if src.ChildrenOf != "" {
		return table.Query{PK: identityKey(src.Tenant, src.ChildrenOf).PK}, prefixChild
	}
	if src.ParentsOf != "" {
		return table.Query{PK: identityKey(src.Tenant, src.ParentsOf).PK}, prefixParent
	}
	return table.Query{Index: indexList, PK: listPK(src.Tenant, 0)}, ""
}

// seek sets the bounds of a query so that it continues after an entry. An entry without an id stands for all entries with
// its number.
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
