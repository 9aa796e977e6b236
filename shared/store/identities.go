package store

import (
	"context"
	"errors"
	"slices"

	"cedula/shared/identity"
	"cedula/shared/table"
)

// transaction is the operations of one Write, each with the result of the call if its condition is the first that fails.
type transaction struct {
	ops     []table.Op
	results []failureResult
}

func newTransaction(capacity int) transaction {
	return transaction{ops: make([]table.Op, 0, capacity), results: make([]failureResult, 0, capacity)}
}

// failureResult returns what a failed condition means, given the current item under its key; nil if that is absent.
type failureResult func(current *table.Item) (identity.WriteResult, error)

func (t *transaction) add(failed failureResult, ops ...table.Op) {
	for _, op := range ops {
		t.ops = append(t.ops, op)
		t.results = append(t.results, failed)
	}
}

func versionMismatch(*table.Item) (identity.WriteResult, error) {
	return identity.WriteResult{}, identity.ErrVersionMismatch
}

// commit carries out a transaction that writes an identity.
func (s *Store) commit(ctx context.Context, operation string, t transaction, i identity.Identity) (identity.WriteResult, error) {
	failed, err := s.write(ctx, t.ops...)
	if failed != nil {
		first := failed.Failures[0]
		return t.results[first.Op](first.Current)
	}
	return identity.WriteResult{Identity: i}, identityErrors.wrap(operation, err)
}

// Create writes the identity, its claims and its idempotency claim in one transaction. The idempotency claim comes
// first: an equal request that was carried out before holds the other claims as well.
func (s *Store) Create(ctx context.Context, i identity.Identity, claims []identity.Claim, once identity.Idempotency, links identity.LinkChanges) (identity.WriteResult, error) {
	claims = withFormer(claims)
	state := stateOf(&i)
	state.SingleItem = links.NoneAdded()
	state.Shard = s.ListSharding.shardFor(&i)
	key := s.keys.idempotencyKey(i.Tenant, once.Key)
	if once.Key != "" {
		state.IdempotencyKey = key.PK
	}
	held := s.replaceClaimKeys(&state, i.Tenant, claims)
	state.attachTo(&i)
	body := encodeIdentity(&i)
	t := newTransaction(len(claims) + len(links.Add) + 4)
	t.addIdempotencyClaim(key, &i, i.CreatedAt, once, body)
	t.add(func(*table.Item) (identity.WriteResult, error) {
		return identity.WriteResult{}, &identity.Conflict{Fields: []identity.Field{identity.FieldID}, ExistingID: i.ID}
	}, table.Put(s.identityItem(&i, body), table.Absent()))
	t.addClaims(&i, held, claims)
	t.add(versionMismatch, s.childrenUpdateOps(&i, links)...)
	return s.commit(ctx, "create identity", t, i)
}

// Get reads the newest version of an identity.
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
		return nil, identityErrors.wrap("get identities", err)
	}
	list := make([]identity.Identity, 0, len(found.Items))
	var unreadable *identity.Unreadable
	for n := range found.Items {
		i, err := decodeIdentity(found.Items[n].Body, tenant)
		if errors.Is(err, identity.ErrNotFound) {
			continue
		}
		if err != nil {
			_, id := parseIdentityPK(found.Items[n].PK)
			unreadable = unreadable.Join(&identity.Unreadable{IDs: []string{id}, Err: err})
			continue
		}
		list = append(list, i)
	}
	if unreadable != nil {
		return list, unreadable
	}
	return list, nil
}

// Update writes the next version of an identity. The idempotency claim of a change is in the identity's partition and
// is deleted with it.
func (s *Store) Update(ctx context.Context, i identity.Identity, claims []identity.Claim, once identity.Idempotency, links identity.LinkChanges, aside identity.SideWrites) (identity.WriteResult, error) {
	s.storeLookupKeys(&i)
	claims = withFormer(claims)
	state := stateOf(&i)
	held := s.replaceClaimKeys(&state, i.Tenant, claims)
	state.SingleItem = state.SingleItem && links.NoneAdded() && once.Key == ""
	if c := aside.Code; c != nil && !slices.Contains(state.CodeChannels, c.Channel) {
		state.CodeChannels = append(slices.Clone(state.CodeChannels), c.Channel)
	}
	state.attachTo(&i)
	body := encodeIdentity(&i)
	t := newTransaction(len(claims) + len(links.Add) + 4)
	t.addIdempotencyClaim(s.keys.changeIdempotencyKey(i.Tenant, i.ID, once.Key), &i, i.UpdatedAt, once, body)
	t.add(func(current *table.Item) (identity.WriteResult, error) {
		if current == nil {
			return identity.WriteResult{}, identity.ErrNotFound
		}
		return versionMismatch(current)
	}, s.putVersion(&i, body))
	t.addClaims(&i, held, claims)
	t.add(versionMismatch, s.childrenUpdateOps(&i, links)...)
	t.add(versionMismatch, s.sideWriteOps(&i, aside)...)
	return s.commit(ctx, "update identity", t, i)
}

// withFormer returns the claims and, as claims of their own, their former values.
func withFormer(claims []identity.Claim) []identity.Claim {
	all := claims
	for _, c := range claims {
		for _, values := range c.Former {
			all = append(slices.Clip(all), identity.Claim{Kind: c.Kind, Values: values, Fields: c.Fields})
		}
	}
	return all
}

// replaceClaimKeys records the keys of new claims, if there are any, and returns those recorded before.
func (s *Store) replaceClaimKeys(state *State, tenant string, claims []identity.Claim) (held []string) {
	held = state.ClaimKeys
	if len(claims) > 0 {
		state.ClaimKeys = nil
	}
	for _, c := range claims {
		state.ClaimKeys = append(state.ClaimKeys, s.keys.claimKey(tenant, c).PK)
	}
	return held
}

// addClaims writes the claims of an identity, and deletes those that it no longer has.
func (t *transaction) addClaims(i *identity.Identity, held []string, claims []identity.Claim) {
	keys := stateOf(i).ClaimKeys
	for n, c := range claims {
		free := table.Absent()
		if slices.Contains(held, keys[n]) {
			free = table.OwnerIs(i.ID)
		}
		t.add(func(current *table.Item) (identity.WriteResult, error) {
			conflict := &identity.Conflict{Fields: c.Fields}
			if current != nil {
				conflict.ExistingID = current.Owner
			}
			return identity.WriteResult{}, conflict
		}, table.Put(table.Item{Key: table.Key{PK: keys[n], SK: itemSK}, Owner: i.ID}, free))
	}
	for _, pk := range held {
		if !slices.Contains(keys, pk) {
			t.add(versionMismatch, table.Delete(table.Key{PK: pk, SK: itemSK}, table.Always()))
		}
	}
}
