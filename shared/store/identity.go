package store

import (
	"context"
	"errors"
	"slices"
	"time"

	"cedula/shared/identity"
	"cedula/shared/table"
)

// onceLife is how long an idempotency key is remembered.
const onceLife = 24 * time.Hour

// Create writes the identity, its claims and its idempotency claim in one
// transaction. See identity.Store for what it returns.
func (s *Store) Create(ctx context.Context, i identity.Identity, claims []identity.Claim, once identity.Idempotency, links identity.Links) (identity.Changed, error) {
	ops := make([]table.Op, 1, len(claims)+2)
	for _, c := range claims {
		key := s.keys.claim(i.Tenant, c)
		i.Held.Claims = append(i.Held.Claims, key.PK)
		ops = append(ops, table.Put(table.Item{Key: key, Owner: i.ID}, table.Absent()))
	}
	onceKey := s.keys.once(i.Tenant, once.Key)
	if once.Key != "" {
		i.Held.Once = onceKey.PK
	}
	i.Held.Alone, i.Held.Shard = links.Alone(), s.Lists.shardFor(&i)
	body := mustEncode(newRecord(&i))
	ops[0] = table.Put(s.item(&i, body), table.Absent())
	if once.Key != "" {
		ops = append(ops, putOnce(onceKey, i.ID, i.CreatedAt, once, body))
	}
	ops = append(ops, s.linkOps(&i, links)...)
	_, err := s.table.Write(ctx, ops...)
	var failed *table.ConditionError
	if errors.As(err, &failed) {
		return refusedCreate(failed, i.Tenant, i.ID, claims, once)
	}
	return identity.Changed{Identity: i}, explain("create identity", err)
}

// item is an identity's own item.
func (s *Store) item(i *identity.Identity, body []byte) table.Item {
	return table.Item{
		Key: identityKey(i.Tenant, i.ID), Indexes: s.keys.indexes(i), Version: i.Version, Owner: i.Life(), Body: body,
	}
}

// unchanged holds while an identity is as it was read, and no other has its id: that
// one would have the same versions.
func unchanged(i *identity.Identity) table.Condition { return table.VersionOf(i.Life(), i.Version) }

// putNext writes an identity over the version before its own.
func (s *Store) putNext(i *identity.Identity, body []byte) table.Op {
	return table.Put(s.item(i, body), table.VersionOf(i.Life(), i.Version-1))
}

// Update writes the next version of an identity. The idempotency key of a
// change is a part of the identity, and goes with it.
func (s *Store) Update(ctx context.Context, i identity.Identity, claims []identity.Claim, once identity.Idempotency, links identity.Links, aside identity.Aside) (identity.Changed, error) {
	s.holdSealed(&i)
	claimed := s.reclaim(&i, claims)
	i.Held.Alone = i.Held.Alone && links.Alone() && once.Key == ""
	if c := aside.Code; c != nil && !slices.Contains(i.Held.Codes, c.Channel) {
		i.Held.Codes = append(slices.Clone(i.Held.Codes), c.Channel)
	}
	body := mustEncode(newRecord(&i))
	ops := append([]table.Op{s.putNext(&i, body)}, claimed...)
	onceAt := len(ops)
	if once.Key != "" {
		ops = append(ops, putOnce(s.keys.onceOf(i.Tenant, i.ID, once.Key), i.ID, i.UpdatedAt, once, body))
	}
	ops = append(ops, s.linkOps(&i, links)...)
	ops = append(ops, s.asideOps(&i, aside)...)
	_, err := s.table.Write(ctx, ops...)
	var failed *table.ConditionError
	switch {
	case !errors.As(err, &failed):
		return identity.Changed{Identity: i}, explain("update identity", err)
	case once.Key != "" && failed.Of(onceAt) != nil:
		return replay(failed.Of(onceAt).Current, i.Tenant, once)
	case failed.Of(0) != nil && failed.Of(0).Current == nil:
		return identity.Changed{}, identity.ErrNotFound
	case failed.Of(0) != nil:
		return identity.Changed{}, identity.ErrStale
	}
	for n := range claimed {
		if f := failed.Of(n + 1); f != nil {
			return identity.Changed{}, &identity.Taken{Fields: claims[n].Fields, Holder: owner(f)}
		}
	}
	return identity.Changed{}, identity.ErrStale
}

// owner is whom the item that stood in the way belongs to.
func owner(f *table.Failure) string {
	if f.Current == nil {
		return ""
	}
	return f.Current.Owner
}

// reclaim puts claims in the place of those that the identity held. Those that
// can fail come first, in the order of the claims.
func (s *Store) reclaim(i *identity.Identity, claims []identity.Claim) []table.Op {
	if len(claims) == 0 {
		return nil
	}
	var held []string
	var puts, deletes []table.Op
	for _, c := range claims {
		key := s.keys.claim(i.Tenant, c)
		held = append(held, key.PK)
		free := table.Absent()
		if slices.Contains(i.Held.Claims, key.PK) {
			free = table.OwnerIs(i.ID)
		}
		puts = append(puts, table.Put(table.Item{Key: key, Owner: i.ID}, free))
	}
	for _, pk := range i.Held.Claims {
		if !slices.Contains(held, pk) {
			deletes = append(deletes, table.Delete(table.Key{PK: pk, SK: itemSK}, table.Always()))
		}
	}
	i.Held.Claims = held
	return append(puts, deletes...)
}

// Replay reads the idempotency key of a change or, without an id, of a create.
func (s *Store) Replay(ctx context.Context, tenant, id string, once identity.Idempotency) (identity.Changed, error) {
	key := s.keys.onceOf(tenant, id, once.Key)
	if id == "" {
		key = s.keys.once(tenant, once.Key)
	}
	found, err := s.table.Get(ctx, true, key)
	if err != nil {
		return identity.Changed{}, explain("replay", err)
	}
	if len(found.Items) == 0 {
		return identity.Changed{}, identity.ErrNotFound
	}
	return replay(&found.Items[0], tenant, once)
}

// putOnce remembers a request and the identity as it was answered. The copy
// lives no longer than the identity: its deletion empties the claim of a create
// and removes that of a change.
func putOnce(key table.Key, owner string, now time.Time, once identity.Idempotency, body []byte) table.Op {
	return table.Put(table.Item{
		Key: key, Owner: owner, Expires: now.Add(onceLife),
		Body: append(once.Fingerprint[:], body...),
	}, table.AbsentOrExpired(now))
}

// refusedCreate says what stood in a create's way. The idempotency claim is
// looked at first: an equal request that was carried out holds the other
// claims as well.
func refusedCreate(failed *table.ConditionError, tenant, id string, claims []identity.Claim, once identity.Idempotency) (identity.Changed, error) {
	if f := failed.Of(len(claims) + 1); f != nil && once.Key != "" {
		return replay(f.Current, tenant, once)
	}
	if failed.Of(0) != nil {
		return identity.Changed{}, &identity.Taken{Fields: []identity.Field{identity.FieldID}, Holder: id}
	}
	for n, c := range claims {
		if f := failed.Of(n + 1); f != nil {
			return identity.Changed{}, &identity.Taken{Fields: c.Fields, Holder: owner(f)}
		}
	}
	return identity.Changed{}, identity.ErrStale // a child changed
}

func replay(claim *table.Item, tenant string, once identity.Idempotency) (identity.Changed, error) {
	size := len(once.Fingerprint)
	if claim != nil && len(claim.Body) == 0 {
		return identity.Changed{}, identity.ErrNotFound // what was made under the key is deleted
	}
	if claim == nil || len(claim.Body) < size || [32]byte(claim.Body[:size]) != once.Fingerprint {
		return identity.Changed{}, identity.ErrIdempotencyReused
	}
	i, err := decodeIdentity(claim.Body[size:], tenant)
	return identity.Changed{Identity: i, Replayed: true}, err
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
