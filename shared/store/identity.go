package store

import (
	"context"
	"errors"
	"time"

	"cedula/shared/identity"
	"cedula/shared/table"
)

// onceLife is how long an idempotency key is remembered.
const onceLife = 24 * time.Hour

// Create writes the identity, its claims and its idempotency claim in one
// transaction. See identity.Store for what it returns.
func (s *Store) Create(ctx context.Context, i identity.Identity, claims []identity.Claim, once identity.Idempotency) (identity.Created, error) {
	record := newRecord(&i)
	ops := make([]table.Op, 1, len(claims)+2)
	for _, c := range claims {
		key := s.keys.claim(i.Tenant, c)
		record.Claims = append(record.Claims, key.PK)
		ops = append(ops, table.Put(table.Item{Key: key, Owner: i.ID}, table.Absent()))
	}
	if once.Key != "" {
		record.Once = s.keys.once(i.Tenant, once.Key).PK
	}
	body := mustEncode(record)
	ops[0] = table.Put(table.Item{
		Key: identityKey(i.Tenant, i.ID), Indexes: s.keys.indexes(&i), Version: i.Version, Body: body,
	}, table.Absent())
	if once.Key != "" {
		ops = append(ops, putOnce(record.Once, &i, once, body))
	}
	_, err := s.table.Write(ctx, ops...)
	var failed *table.ConditionError
	if errors.As(err, &failed) {
		return refusedCreate(failed, i.Tenant, claims, once)
	}
	return identity.Created{Identity: i}, explain("create identity", err)
}

// putOnce remembers the request and the identity as it was answered. The copy
// lives no longer than the identity: its deletion removes the claim too.
func putOnce(pk string, i *identity.Identity, once identity.Idempotency, body []byte) table.Op {
	return table.Put(table.Item{
		Key:     table.Key{PK: pk, SK: itemSK},
		Owner:   i.ID,
		Expires: i.CreatedAt.Add(onceLife),
		Body:    append(once.Fingerprint[:], body...),
	}, table.AbsentOrExpired(i.CreatedAt))
}

// refusedCreate says what stood in a create's way. The idempotency claim is
// looked at first: an equal request that was carried out holds the other
// claims as well.
func refusedCreate(failed *table.ConditionError, tenant string, claims []identity.Claim, once identity.Idempotency) (identity.Created, error) {
	if f := failed.Of(len(claims) + 1); f != nil {
		return replay(f.Current, tenant, once)
	}
	if failed.Of(0) != nil {
		return identity.Created{}, &identity.Taken{Fields: []identity.Field{identity.FieldID}}
	}
	for n, c := range claims {
		if failed.Of(n+1) != nil {
			return identity.Created{}, &identity.Taken{Fields: c.Fields}
		}
	}
	return identity.Created{}, explain("create identity", failed)
}

func replay(claim *table.Item, tenant string, once identity.Idempotency) (identity.Created, error) {
	size := len(once.Fingerprint)
	if claim == nil || len(claim.Body) < size || [32]byte(claim.Body[:size]) != once.Fingerprint {
		return identity.Created{}, identity.ErrIdempotencyReused
	}
	i, err := decodeIdentity(claim.Body[size:], tenant)
	return identity.Created{Identity: i, Replayed: true}, err
}

// Get reads the newest state of an identity.
func (s *Store) Get(ctx context.Context, tenant, id string) (identity.Identity, error) {
	found, err := s.table.Get(ctx, true, identityKey(tenant, id))
	if err != nil {
		return identity.Identity{}, explain("get identity", err)
	}
	if len(found.Items) == 0 {
		return identity.Identity{}, identity.ErrNotFound
	}
	return decodeIdentity(found.Items[0].Body, tenant)
}
