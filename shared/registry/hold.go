package registry

import (
	"context"
	"time"

	"cedula/shared/identity"
)

// Hold suspends the expiry of an identity; if it is on hold already, the reason is replaced. It returns a
// *MissingField or an *Invalid for the reason, and the errors of Update.
func (r *Registry) Hold(ctx context.Context, c Change, reason string) (identity.WriteResult, error) {
	hold := identity.Hold{Reason: reason}
	if err := hold.Validate(); err != nil {
		return identity.WriteResult{}, err
	}
	c.Apply = func(i *identity.Identity) error {
		hold.Since = r.TenantNow(i.Tenant).Truncate(time.Second)
		if i.Hold != nil {
			hold.Since = i.Hold.Since
		}
		i.Hold = &hold
		return nil
	}
	return r.Update(ctx, c)
}

// Release ends a hold, if there is one. A pending identity then has at least MinPendingAfterHold until it expires.
func (r *Registry) Release(ctx context.Context, c Change) (identity.WriteResult, error) {
	c.Apply = func(i *identity.Identity) error {
		if i.Hold == nil {
			return nil
		}
		i.Hold = nil
		if least := r.TenantNow(i.Tenant).Add(identity.MinPendingAfterHold).Truncate(time.Second); i.Status.Pending() && i.ExpiresAt.Before(least) {
			i.ExpiresAt, i.Reminded = least, false
		}
		return nil
	}
	return r.Update(ctx, c)
}
