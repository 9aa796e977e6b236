package store

import (
	"context"
	"time"

	"cedula/shared/identity"
	"cedula/shared/table"
)

// addIdempotencyClaim stores a request, if it has an idempotency key, and the identity as it is returned. Deleting the
// identity empties the claim of its creation and deletes those of its changes, so that the copy is deleted with it.
func (t *transaction) addIdempotencyClaim(key table.Key, i *identity.Identity, now time.Time, once identity.Idempotency, body []byte) {
	if once.Key == "" {
		return
	}
	t.add(func(current *table.Item) (identity.WriteResult, error) {
		return decodeReplay(current, i.Tenant, once)
	}, table.Put(table.Item{
		Key: key, Owner: i.ID, Expires: now.Add(identity.IdempotencyTTL), Body: append(once.Fingerprint[:], body...),
	}, table.AbsentOrExpired(now)))
}

// Replay reads the idempotency key of a change or, without an id, of a create.
func (s *Store) Replay(ctx context.Context, tenant, id string, now time.Time, once identity.Idempotency) (identity.WriteResult, error) {
	key := s.keys.changeIdempotencyKey(tenant, id, once.Key)
	if id == "" {
		key = s.keys.idempotencyKey(tenant, once.Key)
	}
	claim, err := s.getItem(ctx, "replay", key, identityErrors)
	if err != nil {
		return identity.WriteResult{}, err
	}
	if !now.Before(claim.Expires) {
		return identity.WriteResult{}, identity.ErrNotFound
	}
	return decodeReplay(&claim, tenant, once)
}

func decodeReplay(claim *table.Item, tenant string, once identity.Idempotency) (identity.WriteResult, error) {
	size := len(once.Fingerprint)
	if claim != nil && len(claim.Body) == 0 {
		return identity.WriteResult{}, identity.ErrNotFound // the identity created under the key is deleted
	}
	if claim == nil || len(claim.Body) < size || !once.Matches(claim.Body[:size]) {
		return identity.WriteResult{}, identity.ErrIdempotencyReused
	}
	i, err := decodeIdentity(claim.Body[size:], tenant)
	return identity.WriteResult{Identity: i, Replayed: true}, err
}
