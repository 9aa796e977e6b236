package registry

import (
	"context"
	"time"

	"cedula/shared/identity"
)

// DecideScreening puts a reviewer's decision on an identity: clear lets one in SCREENING
// pass, reject refuses one that is pending. It returns an *Invalid for an unknown
// outcome, a *StateError in a status that allows none, and what Update returns.
func (r *Registry) DecideScreening(ctx context.Context, c Change, review identity.Review) (identity.WriteResult, error) {
	if err := review.Validate(); err != nil {
		return identity.WriteResult{}, err
	}
	c.Apply = func(i *identity.Identity) error {
		review.DecidedAt = r.TenantNow(i.Tenant).Truncate(time.Second)
		return i.ApplyReview(review)
	}
	return r.Update(ctx, c)
}
