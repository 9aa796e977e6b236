package identity

import (
	"context"
	"time"
)

// Hold keeps a pending identity from lapsing, for as long as it stands.
type Hold struct {
	Reason string
	Since  time.Time
}

// minPendingAfterHold is what a pending identity has at least when its hold ends.
const minPendingAfterHold = 24 * time.Hour

// Hold puts an identity on hold; one that is held already has the new reason.
// It returns a *Missing or an *Invalid for the reason, and what Change returns.
func (s *Service) Hold(ctx context.Context, c Change, reason string) (WriteResult, error) {
	if reason == "" {
		return WriteResult{}, &MissingField{FieldReason}
	}
	if err := checkText(rule{FieldReason, reason, MaxTextLength}); err != nil {
		return WriteResult{}, err
	}
	c.Apply = func(i *Identity) error {
		since := s.TenantNow(i.Tenant).Truncate(time.Second)
		if i.Hold != nil {
			since = i.Hold.Since
		}
		i.Hold = &Hold{reason, since}
		return nil
	}
	return s.Update(ctx, c)
}

// Release ends a hold, if there is one. A pending identity then has a day at least.
func (s *Service) Release(ctx context.Context, c Change) (WriteResult, error) {
	c.Apply = func(i *Identity) error {
		if i.Hold == nil {
			return nil
		}
		i.Hold = nil
		if least := s.TenantNow(i.Tenant).Add(minPendingAfterHold).Truncate(time.Second); i.Status.Pending() && i.ExpiresAt.Before(least) {
			i.ExpiresAt, i.Reminded = least, false
		}
		return nil
	}
	return s.Update(ctx, c)
}
