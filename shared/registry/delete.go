package registry

import (
	"context"
	"errors"

	"cedula/shared/identity"
)

// Delete removes an identity with everything that belongs to it. It returns
// ErrNotFound, or ErrPreconditionFailed if ifMatch rejects the current ETag.
func (r *Registry) Delete(ctx context.Context, tenant, id string, ifMatch func(etag string) bool) error {
	if !identity.ValidID(id) {
		return identity.ErrNotFound
	}
	allow := func(i *identity.Identity) error {
		if i.Expired(r.TenantNow(tenant)) {
			return identity.ErrNotFound
		}
		if ifMatch != nil && !ifMatch(i.ETag()) {
			return identity.ErrPreconditionFailed
		}
		return nil
	}
	_, err := retry(ctx, func() (struct{}, error) {
		return struct{}{}, r.Store.Delete(ctx, tenant, id, r.TenantNow(tenant), allow)
	})
	return err
}

// FinishDeletion completes a deletion that was interrupted and then returns ErrNotFound. If an
// identity with this id exists, it changes nothing and returns ErrPreconditionFailed.
func (r *Registry) FinishDeletion(ctx context.Context, tenant, id string) error {
	tombstonesOnly := func(*identity.Identity) error { return identity.ErrPreconditionFailed }
	return r.Store.Delete(ctx, tenant, id, r.TenantNow(tenant), tombstonesOnly)
}

// evictExpired handles a *Conflict whose holder has expired but is not cleaned up yet, or
// whose deletion was interrupted: it removes the holder and returns an error that retry
// retries. It returns any other error unchanged.
func (r *Registry) evictExpired(ctx context.Context, tenant string, err error) error {
	var conflict *identity.Conflict
	if !errors.As(err, &conflict) || conflict.ExistingID == "" {
		return err
	}
	now := r.TenantNow(tenant)
	holder, readErr := r.Store.Get(ctx, tenant, conflict.ExistingID)
	if errors.Is(readErr, identity.ErrNotFound) {
		return r.evictDeleted(ctx, tenant, conflict)
	}
	if readErr != nil {
		return readErr
	}
	if !holder.Expired(now) {
		return err
	}
	expireErr := r.Store.Expire(ctx, holder, now)
	if expireErr != nil && !errors.Is(expireErr, identity.ErrNotFound) {
		return expireErr
	}
	return identity.ErrVersionMismatch
}

func (r *Registry) evictDeleted(ctx context.Context, tenant string, conflict *identity.Conflict) error {
	err := r.FinishDeletion(ctx, tenant, conflict.ExistingID)
	if errors.Is(err, identity.ErrNotFound) {
		return &vanishedConflict{conflict}
	}
	if errors.Is(err, identity.ErrPreconditionFailed) { // another identity has the id by now
		return conflict
	}
	return err
}
