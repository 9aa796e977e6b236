package store

import (
	"context"
	"errors"
	"strings"
	"time"

	"cedula/shared/identity"
	"cedula/shared/table"
)

// dueAtOnce is how many entries of the queue are read with their identities.
const dueAtOnce = table.MaxGetItems

// Due reads a part of a shard of the pending queue, and the identities that stand
// in it: two calls for a hundred.
func (s *Store) Due(ctx context.Context, shard int, from, until time.Time, after *identity.Place) (identity.Due, error) {
	q := table.Query{Index: indexPending, PK: pendingPK(uint32(shard)), From: pendingBound(from), To: pendingBound(until.Add(time.Second)), Limit: dueAtOnce}
	if after != nil {
		q.Start = &table.Position{
			Key: table.Key{PK: after.Key[0], SK: after.Key[1]}, Index: table.Key{PK: after.Index[0], SK: after.Index[1]},
		}
	}
	page, err := s.table.Query(ctx, q)
	if err != nil {
		return identity.Due{}, explain("read pending", err)
	}
	due, err := s.dueOf(ctx, page.Items)
	if n := page.Next; n != nil {
		due.Next = &identity.Place{Key: [2]string{n.PK, n.SK}, Index: [2]string{n.Index.PK, n.Index.SK}}
	}
	return due, err
}

// dueOf reads the identities of entries.
func (s *Store) dueOf(ctx context.Context, entries []table.Item) (due identity.Due, err error) {
	if len(entries) == 0 {
		return due, nil
	}
	keys := make([]table.Key, len(entries))
	for n := range entries {
		keys[n] = entries[n].Key
	}
	found, err := s.table.Get(ctx, true, keys...)
	if err != nil {
		return due, explain("read pending", err)
	}
	there := found.Items
	for _, key := range keys {
		tenant, id := tenantAndID(key.PK)
		if len(there) == 0 || there[0].Key != key {
			due.Remains = append(due.Remains, identity.Remains{Tenant: tenant, ID: id})
			continue
		}
		i, err := decodeIdentity(there[0].Body, tenant)
		there = there[1:]
		switch {
		case errors.Is(err, identity.ErrNotFound):
			due.Remains = append(due.Remains, identity.Remains{Tenant: tenant, ID: id})
		case err != nil:
			return due, err
		default:
			due.Identities = append(due.Identities, i)
		}
	}
	return due, nil
}

// tenantAndID takes an identity's partition key apart.
func tenantAndID(pk string) (tenant, id string) {
	tenant, id, _ = strings.Cut(strings.TrimPrefix(pk, "T#"), "#I#")
	return tenant, id
}

// markRecord tells that an identity was there and lapsed.
type markRecord struct {
	ID      string `json:"id"`
	Created int64  `json:"c"` // seconds since 1970
	Gone    int64  `json:"g"`
	Reason  string `json:"r"`
}

// Expire removes an identity as it was read in one transaction. One that may have
// parts of its own is removed as Delete does.
func (s *Store) Expire(ctx context.Context, i identity.Identity, now time.Time) error {
	mark := table.Put(table.Item{
		Key: markKey(i.Tenant, i.ID), Expires: now.Add(identity.MarkLife),
		Body: mustEncode(markRecord{i.ID, seconds(i.CreatedAt), seconds(now), "expired"}),
	}, table.Always())
	if !i.Held.Alone {
		same := func(there *identity.Identity) error {
			if there.Version != i.Version {
				return identity.ErrRefused
			}
			return nil
		}
		return s.remove(ctx, i.Tenant, i.ID, same, mark)
	}
	ops := []table.Op{table.Delete(identityKey(i.Tenant, i.ID), unchanged(&i)), mark}
	ops = append(ops, claimDeletes(&i, now)...)
	for _, c := range i.Held.Codes {
		ops = append(ops, table.Delete(codeKey(i.Tenant, i.ID, c), table.Always()))
	}
	return s.deleteAll(ctx, ops)
}
