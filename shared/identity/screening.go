package identity

import (
	"context"
	"time"
)

// Outcome is how a screening ends.
type Outcome string

// The outcomes.
const (
	OutcomeClear  Outcome = "clear"  // nothing stands against the identity
	OutcomeReject Outcome = "reject" // it is not to be served
)

// Review is a decision about an identity that was screened against watchlists.
type Review struct {
	Outcome   Outcome
	Reason    string
	Reviewer  string // who decided, in the client's own words
	DecidedAt time.Time
}

// Screener decides about identities without a person. It returns false where a
// person is to decide.
type Screener interface {
	Screen(ctx context.Context, i Identity) (Review, bool, error)
}

// DecideScreening puts a reviewer's decision on an identity: clear lets one in SCREENING
// pass, reject refuses one that is pending. It returns an *Invalid for an unknown
// outcome, a *Precondition in a status that allows none, and what Change returns.
func (s *Service) DecideScreening(ctx context.Context, c Change, r Review) (WriteResult, error) {
	if err := r.check(); err != nil {
		return WriteResult{}, err
	}
	c.Apply = func(i *Identity) error {
		r.DecidedAt = s.TenantNow(i.Tenant).Truncate(time.Second)
		return i.applyReview(r)
	}
	return s.Update(ctx, c)
}

func (r Review) check() error {
	if r.Outcome != OutcomeClear && r.Outcome != OutcomeReject {
		return &Invalid{FieldOutcome, "must be clear or reject"}
	}
	for _, t := range []rule{{FieldReason, r.Reason, MaxTextLength}, {FieldReviewer, r.Reviewer, MaxTextLength}} {
		if t.text == "" {
			return &MissingField{t.field}
		}
		if err := checkText(t); err != nil {
			return err
		}
	}
	return nil
}

func (i *Identity) applyReview(r Review) error {
	if r.Outcome == OutcomeReject {
		if !i.Status.Pending() {
			return &StateError{"an identity in status " + string(i.Status) + " cannot be rejected, only a pending one"}
		}
		i.Review = &r
		return i.transition(Rejected, r.DecidedAt)
	}
	if i.Status != Screening {
		return &StateError{"an identity in status " + string(i.Status) + " cannot be cleared, only one in status " + string(Screening)}
	}
	i.Review = &r
	return i.advance(r.DecidedAt)
}

// screen asks the Screener, if there is one, about an identity that has just
// come to be screened. That it cannot decide now leaves the identity to a person.
func (s *Service) screen(ctx context.Context, changed WriteResult) (WriteResult, error) {
	if s.Screener == nil || changed.Status != Screening || changed.Replayed {
		return changed, nil
	}
	r, decided, err := s.Screener.Screen(ctx, changed.Identity)
	if err != nil || !decided {
		return changed, nil //nolint:nilerr // the step that led here was taken, and holds
	}
	return s.DecideScreening(ctx, Change{Tenant: changed.Tenant, ID: changed.ID}, r)
}
