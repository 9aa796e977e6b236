package store

import (
	"context"
	"errors"
	"time"

	"cedula/shared/identity"
	"cedula/shared/table"
)

// dueBatchSize is the number of entries that are read with their identities.
const dueBatchSize = table.MaxGetItems

// DueBatch reads a batch of a shard of the pending index and its identities, in two calls per hundred.
func (s *Store) DueBatch(ctx context.Context, shard int, from, until time.Time, after *identity.PendingCursor) (identity.DueBatch, error) {
	q := table.Query{Index: indexPending, PK: pendingPK(uint32(shard)), From: pendingBound(from), To: pendingBound(until.Add(time.Second)), Limit: dueBatchSize}
	if after != nil {
		q.Start = &table.Position{
			Key: table.Key{PK: after.Key[0], SK: after.Key[1]}, Index: table.Key{PK: after.Index[0], SK: after.Index[1]},
		}
	}
	page, err := s.table.Query(ctx, q)
	if err != nil {
		return identity.DueBatch{}, identityErrors.wrap("read pending", err)
	}
	due, err := s.loadDueBatch(ctx, page.Items)
	if n := page.Next; n != nil {
		due.Next = &identity.PendingCursor{Key: [2]string{n.PK, n.SK}, Index: [2]string{n.Index.PK, n.Index.SK}}
	}
	return due, err
}

// loadDueBatch reads the identities of entries.
func (s *Store) loadDueBatch(ctx context.Context, entries []table.Item) (due identity.DueBatch, err error) {
	items, err := s.loadItems(ctx, entries)
	if err != nil {
		return due, identityErrors.wrap("read pending", err)
	}
	for n := range entries {
		tenant, id := parseIdentityPK(entries[n].PK)
		err := identity.ErrNotFound
		var i identity.Identity
		if len(items) > 0 && items[0].Key == entries[n].Key {
			i, err = decodeIdentity(items[0].Body, tenant)
			items = items[1:]
		}
		if errors.Is(err, identity.ErrNotFound) {
			due.Orphans = append(due.Orphans, identity.Orphan{Tenant: tenant, ID: id})
			continue
		}
		if err != nil {
			due.Unreadable = due.Unreadable.Join(&identity.Unreadable{IDs: []string{id}, Err: err})
			continue
		}
		due.Identities = append(due.Identities, i)
	}
	return due, nil
}

// expiryMarkerRecord records that an identity expired.
type expiryMarkerRecord struct {
	ID        string `json:"id"`
	Created   int64  `json:"c"` // seconds since 1970
	ExpiredAt int64  `json:"g"`
	Reason    string `json:"r"`
}

// Expire removes an identity, in the version that was read, in one transaction. An identity that may have parts is removed
// as Delete does.
func (s *Store) Expire(ctx context.Context, i identity.Identity, now time.Time) error {
	mark := table.Put(table.Item{
		Key: expiryMarkerKey(i.Tenant, i.ID), Expires: now.Add(identity.ExpiryMarkerTTL),
		Body: mustEncode(expiryMarkerRecord{i.ID, unixSeconds(i.CreatedAt), unixSeconds(now), "expired"}),
	}, table.Always())
	if !stateOf(&i).SingleItem {
		same := func(there *identity.Identity) error {
			if there.ETag() != i.ETag() {
				return identity.ErrPreconditionFailed
			}
			return nil
		}
		return s.deleteWithOps(ctx, i.Tenant, i.ID, now, same, mark)
	}
	ops := []table.Op{table.Delete(identityKey(i.Tenant, i.ID), ifUnchanged(&i)), mark}
	ops = append(ops, releaseClaimOps(&i, now)...)
	for _, c := range stateOf(&i).CodeChannels {
		ops = append(ops, table.Delete(partKey(i.Tenant, i.ID, prefixCode+string(c)), table.Always()))
	}
	return s.writeDeletion(ctx, ops)
}
