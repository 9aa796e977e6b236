package registry

import (
	"context"
	"time"

	"cedula/shared/identity"
)

// DecideScreening records a reviewer's decision: clear approves an identity in SCREENING, reject rejects a pending one.
// It returns an *Invalid or a *MissingField for the review, a *StateError in any other status, and the errors of
// Update.
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
