// Package registry implements the use cases: creating, reading, updating, listing, verifying and deleting identities.
// It works on the ports of package identity and must not import an API, the store or the table.
package registry

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"time"

	"cedula/shared/identity"
	"cedula/shared/ttlcache"
)

// Registry implements the use cases for every API. It is safe for concurrent use once its fields are set.
type Registry struct {
	Store  identity.Store
	Cipher identity.Cipher // nil if no tokenized field is read or written
	Now    func() time.Time
	Random io.Reader // must be cryptographically strong

	ClockOffset func(tenant string) time.Duration // nil: every tenant uses Now; only the local server moves time

	MessageLimits identity.MessageLimits // zero: identity.DefaultMessageLimits

	initTotals sync.Once
	totals     *ttlcache.Cache[int] // by tenant
}

// TenantNow returns the current time of a tenant in UTC, in whole microseconds.
func (r *Registry) TenantNow(tenant string) time.Time {
	now := r.Now()
	if r.ClockOffset != nil {
		now = now.Add(r.ClockOffset(tenant))
	}
	return now.UTC().Truncate(time.Microsecond)
}

// Get returns an identity of the tenant. It returns ErrNotFound for an invalid id, and for an expired identity that
// has not been removed yet.
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

// getMany reads identities in batches. It omits those that do not exist or have expired. If some records cannot be decoded,
// it returns the others with an *identity.Unreadable.
func (r *Registry) getMany(ctx context.Context, tenant string, ids []string) ([]identity.Identity, error) {
	var all []identity.Identity
	var unreadable *identity.Unreadable
	for portion := range slices.Chunk(ids, batchSize) {
		found, err := r.Store.GetMany(ctx, tenant, portion)
		var undecoded *identity.Unreadable
		if err != nil && !errors.As(err, &undecoded) {
			return nil, err
		}
		unreadable = unreadable.Join(undecoded)
		all = append(all, found...)
	}
	now := r.TenantNow(tenant)
	all = slices.DeleteFunc(all, func(i identity.Identity) bool { return i.Expired(now) })
	if unreadable != nil {
		return all, unreadable
	}
	return all, nil
}
