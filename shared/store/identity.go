package store

import (
	"context"
	"errors"
	"slices"
	"time"

	"cedula/shared/identity"
	"cedula/shared/table"
)

// idempotencyTTL is how long an idempotency key is remembered.
const idempotencyTTL = 24 * time.Hour

// Create writes the identity, its claims and its idempotency claim in one
// transaction. See identity.Store for what it returns.
func (s *Store) Create(ctx context.Context, i identity.Identity, claims []identity.Claim, once identity.Idempotency, links identity.LinkChanges) (identity.WriteResult, error) {
	ops := make([]table.Op, 1, len(claims)+2)
	state := stateOf(&i)
	state.SingleItem = links.NoneAdded()
	state.Shard = s.ListSharding.shardFor(&i)
	for _, c := range claims {
		key := s.keys.claimKey(i.Tenant, c)
		state.ClaimKeys = append(state.ClaimKeys, key.PK)
		ops = append(ops, table.Put(table.Item{Key: key, Owner: i.ID}, table.Absent()))
	}
	onceKey := s.keys.idempotencyKey(i.Tenant, once.Key)
	if once.Key != "" {
		state.IdempotencyKey = onceKey.PK
	}
	state.attachTo(&i)
	body := mustEncode(newIdentityRecord(&i))
	ops[0] = table.Put(s.identityItem(&i, body), table.Absent())
	if once.Key != "" {
		ops = append(ops, putIdempotencyClaim(onceKey, i.ID, i.CreatedAt, once, body))
	}
	ops = append(ops, s.childrenUpdateOps(&i, links)...)
	_, err := s.table.Write(ctx, ops...)
	var failed *table.ConditionError
	if errors.As(err, &failed) {
		return createConflict(failed, i.Tenant, i.ID, claims, once)
	}
	return identity.WriteResult{Identity: i}, wrapErr("create identity", err)
}

// identityItem is an identity's own item.
func (s *Store) identityItem(i *identity.Identity, body []byte) table.Item {
	return table.Item{
		Key: identityKey(i.Tenant, i.ID), Indexes: s.keys.indexKeys(i), Version: i.Version, Owner: i.Incarnation(), Body: body,
	}
}

// ifUnchanged holds while an identity is as it was read, and no other has its id: that
// one would have the same versions.
func ifUnchanged(i *identity.Identity) table.Condition {
	return table.VersionAndOwnerAre(i.Incarnation(), i.Version)
}

// putVersion writes an identity over the version before its own.
func (s *Store) putVersion(i *identity.Identity, body []byte) table.Op {
	return table.Put(s.identityItem(i, body), table.VersionAndOwnerAre(i.Incarnation(), i.Version-1))
}

// Update writes the next version of an identity. The idempotency key of a
// change is a part of the identity, and goes with it.
func (s *Store) Update(ctx context.Context, i identity.Identity, claims []identity.Claim, once identity.Idempotency, links identity.LinkChanges, aside identity.SideWrites) (identity.WriteResult, error) {
	s.storeLookupKeys(&i)
	state := stateOf(&i)
	claimed := s.replaceClaims(&i, &state, claims)
	state.SingleItem = state.SingleItem && links.NoneAdded() && once.Key == ""
	if c := aside.Code; c != nil && !slices.Contains(state.CodeChannels, c.Channel) {
		state.CodeChannels = append(slices.Clone(state.CodeChannels), c.Channel)
	}
	state.attachTo(&i)
	body := mustEncode(newIdentityRecord(&i))
	ops := append([]table.Op{s.putVersion(&i, body)}, claimed...)
	onceAt := len(ops)
	if once.Key != "" {
		ops = append(ops, putIdempotencyClaim(s.keys.changeIdempotencyKey(i.Tenant, i.ID, once.Key), i.ID, i.UpdatedAt, once, body))
	}
	ops = append(ops, s.childrenUpdateOps(&i, links)...)
	ops = append(ops, s.sideWriteOps(&i, aside)...)
	_, err := s.table.Write(ctx, ops...)
	var failed *table.ConditionError
	if !errors.As(err, &failed) {
		return identity.WriteResult{Identity: i}, wrapErr("update identity", err)
	}
	if once.Key != "" && failed.FailureOf(onceAt) != nil {
		return decodeReplay(failed.FailureOf(onceAt).Current, i.Tenant, once)
	}
	if failed.FailureOf(0) != nil && failed.FailureOf(0).Current == nil {
		return identity.WriteResult{}, identity.ErrNotFound
	}
	if failed.FailureOf(0) != nil {
		return identity.WriteResult{}, identity.ErrVersionMismatch
	}
	for n := range claimed {
		if f := failed.FailureOf(n + 1); f != nil {
			return identity.WriteResult{}, &identity.Conflict{Fields: claims[n].Fields, ExistingID: conflictingOwner(f)}
		}
	}
	return identity.WriteResult{}, identity.ErrVersionMismatch
}

// conflictingOwner is whom the item that stood in the way belongs to.
func conflictingOwner(f *table.Failure) string {
	if f.Current == nil {
		return ""
	}
	return f.Current.Owner
}

// replaceClaims puts claims in the place of those that the identity held. Those that
// can fail come first, in the order of the claims.
func (s *Store) replaceClaims(i *identity.Identity, state *State, claims []identity.Claim) []table.Op {
	if len(claims) == 0 {
		return nil
	}
	var held []string
	var puts, deletes []table.Op
	for _, c := range claims {
		key := s.keys.claimKey(i.Tenant, c)
		held = append(held, key.PK)
		free := table.Absent()
		if slices.Contains(state.ClaimKeys, key.PK) {
			free = table.OwnerIs(i.ID)
		}
		puts = append(puts, table.Put(table.Item{Key: key, Owner: i.ID}, free))
	}
	for _, pk := range state.ClaimKeys {
		if !slices.Contains(held, pk) {
			deletes = append(deletes, table.Delete(table.Key{PK: pk, SK: itemSK}, table.Always()))
		}
	}
	state.ClaimKeys = held
	return append(puts, deletes...)
}

// Replay reads the idempotency key of a change or, without an id, of a create.
func (s *Store) Replay(ctx context.Context, tenant, id string, once identity.Idempotency) (identity.WriteResult, error) {
	key := s.keys.changeIdempotencyKey(tenant, id, once.Key)
	if id == "" {
		key = s.keys.idempotencyKey(tenant, once.Key)
	}
	found, err := s.table.Get(ctx, true, key)
	if err != nil {
		return identity.WriteResult{}, wrapErr("replay", err)
	}
	if len(found.Items) == 0 {
		return identity.WriteResult{}, identity.ErrNotFound
	}
	return decodeReplay(&found.Items[0], tenant, once)
}

// putIdempotencyClaim remembers a request and the identity as it was answered. The copy
// lives no longer than the identity: its deletion empties the claim of a create
// and removes that of a change.
func putIdempotencyClaim(key table.Key, owner string, now time.Time, once identity.Idempotency, body []byte) table.Op {
	return table.Put(table.Item{
		Key: key, Owner: owner, Expires: now.Add(idempotencyTTL),
		Body: append(once.Fingerprint[:], body...),
	}, table.AbsentOrExpired(now))
}

// createConflict says what stood in a create's way. The idempotency claim is
// looked at first: an equal request that was carried out holds the other
// claims as well.
func createConflict(failed *table.ConditionError, tenant, id string, claims []identity.Claim, once identity.Idempotency) (identity.WriteResult, error) {
	if f := failed.FailureOf(len(claims) + 1); f != nil && once.Key != "" {
		return decodeReplay(f.Current, tenant, once)
	}
	if failed.FailureOf(0) != nil {
		return identity.WriteResult{}, &identity.Conflict{Fields: []identity.Field{identity.FieldID}, ExistingID: id}
	}
	for n, c := range claims {
		if f := failed.FailureOf(n + 1); f != nil {
			return identity.WriteResult{}, &identity.Conflict{Fields: c.Fields, ExistingID: conflictingOwner(f)}
		}
	}
	return identity.WriteResult{}, identity.ErrVersionMismatch // a child changed
}

func decodeReplay(claim *table.Item, tenant string, once identity.Idempotency) (identity.WriteResult, error) {
	size := len(once.Fingerprint)
	if claim != nil && len(claim.Body) == 0 {
		return identity.WriteResult{}, identity.ErrNotFound // what was made under the key is deleted
	}
	if claim == nil || len(claim.Body) < size || [32]byte(claim.Body[:size]) != once.Fingerprint {
		return identity.WriteResult{}, identity.ErrIdempotencyReused
	}
	i, err := decodeIdentity(claim.Body[size:], tenant)
	return identity.WriteResult{Identity: i, Replayed: true}, err
}

// Get reads the newest state of an identity.
func (s *Store) Get(ctx context.Context, tenant, id string) (identity.Identity, error) {
	found, err := s.table.Get(ctx, true, identityKey(tenant, id))
	if err != nil {
		return identity.Identity{}, wrapErr("get identity", err)
	}
	if len(found.Items) == 0 {
		return identity.Identity{}, identity.ErrNotFound
	}
	return decodeIdentity(found.Items[0].Body, tenant)
}
