// Package registry holds the use cases: creating, reading, changing, listing and deleting
// identities, and verifying their contacts. It works on the ports of package identity and
// imports nothing else of ours.
package registry

import (
	"context"
	"io"
	"slices"
	"time"

	"cedula/shared/identity"
)

// Registry is what every API calls. It is safe for concurrent use once its fields are set.
type Registry struct {
	Store  identity.Store
	Cipher identity.Cipher // nil where no field is tokenized and no tokenized one written
	Now    func() time.Time
	Random io.Reader // must be cryptographically strong

	ClockOffset func(tenant string) time.Duration // nil: no tenant's time was moved, as only a sandbox does

	totals totals
}

// TenantNow is a tenant's time, to the microsecond.
func (r *Registry) TenantNow(tenant string) time.Time {
	now := r.Now()
	if r.ClockOffset != nil {
		now = now.Add(r.ClockOffset(tenant))
	}
	return now.UTC().Truncate(time.Microsecond)
}

// Get returns an identity of the tenant. An id that no identity can have is
// ErrNotFound without asking the store; one that has lapsed is too, though it
// may be there still.
func (r *Registry) Get(ctx context.Context, tenant, id string) (identity.Identity, error) {
	if !identity.ValidID(id) {
		return identity.Identity{}, identity.ErrNotFound
	}
	i, err := r.Store.Get(ctx, tenant, id)
	if err == nil && i.Expired(r.TenantNow(tenant)) {
		return identity.Identity{}, identity.ErrNotFound
	}
	return i, err
}

// getMany reads identities in portions. Absent and lapsed ones are left out.
func (r *Registry) getMany(ctx context.Context, tenant string, ids []string) ([]identity.Identity, error) {
	var all []identity.Identity
	for portion := range slices.Chunk(ids, batchSize) {
		found, err := r.Store.GetMany(ctx, tenant, portion)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	now := r.TenantNow(tenant)
	return slices.DeleteFunc(all, func(i identity.Identity) bool { return i.Expired(now) }), nil
}
