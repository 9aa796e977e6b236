package registry

import (
	"context"
	"errors"

	"cedula/shared/identity"
)

// replay returns a stored response as a client may see it now: values that have been tokenized since are replaced by their
// placeholders. current is the newest version of the identity; if it is another identity under the same id, replay returns
// ErrNotFound. It returns any other result unchanged.
func replay(result identity.WriteResult, current *identity.Identity) (identity.WriteResult, error) {
	if !result.Replayed {
		return result, nil
	}
	if result.Incarnation() != current.Incarnation() {
		return identity.WriteResult{}, identity.ErrNotFound
	}
	result.ShowTokenized(current)
	return result, nil
}

// replayCreate is replay for the response to a create. It returns ErrNotFound if the identity is deleted or has expired.
func (r *Registry) replayCreate(ctx context.Context, result identity.WriteResult) (identity.WriteResult, error) {
	if !result.Replayed {
		return result, nil
	}
	current, err := r.Get(ctx, result.Tenant, result.ID)
	if err != nil {
		return identity.WriteResult{}, err
	}
	return replay(result, &current)
}

// replayOr returns the stored response if this request succeeded before (a retry); otherwise it returns refusal. For a
// create, current has only a tenant.
func (r *Registry) replayOr(ctx context.Context, current *identity.Identity, key identity.Idempotency, refusal error) (identity.WriteResult, error) {
	if key.Key == "" {
		return identity.WriteResult{}, refusal
	}
	first, err := r.Store.Replay(ctx, current.Tenant, current.ID, r.TenantNow(current.Tenant), key)
	if err == nil && current.ID == "" {
		return r.replayCreate(ctx, first)
	}
	if err == nil {
		return replay(first, current)
	}
	if !errors.Is(err, identity.ErrNotFound) {
		return identity.WriteResult{}, err
	}
	if current.ID == "" {
		return identity.WriteResult{}, refusal
	}
	// The stored response is deleted with its identity, so check whether the identity still exists.
	now, err := r.Get(ctx, current.Tenant, current.ID)
	if err != nil {
		return identity.WriteResult{}, err
	}
	if now.Incarnation() != current.Incarnation() {
		return identity.WriteResult{}, identity.ErrVersionMismatch // another identity has this id now
	}
	return identity.WriteResult{}, refusal
}
