package store

import (
	"context"
	"errors"
	"slices"

	"cedula/shared/identity"
	"cedula/shared/table"
)

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

// Get reads the newest state of an identity.
func (s *Store) Get(ctx context.Context, tenant, id string) (identity.Identity, error) {
	item, err := s.getItem(ctx, "get identity", identityKey(tenant, id), identityErrors)
	if err != nil {
		return identity.Identity{}, err
	}
	return decodeIdentity(item.Body, tenant)
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
