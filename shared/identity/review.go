package identity

import (
	"context"
	"time"
)

// Outcome is how a screening ends.
type Outcome string

// The outcomes.
const (
	Clear  Outcome = "clear"  // nothing stands against the identity
	Reject Outcome = "reject" // it is not to be served
)

// Review is a decision about an identity that was screened against watchlists.
type Review struct {
	Outcome  Outcome
	Reason   string
	Reviewer string // who decided, in the client's own words
	At       time.Time
}

// Screener decides about identities without a person. It returns false where a
// person is to decide.
type Screener interface {
	Screen(ctx context.Context, i Identity) (Review, bool, error)
}

// Decide puts a reviewer's decision on an identity: clear lets one in SCREENING
// pass, reject refuses one that is pending. It returns an *Invalid for an unknown
// outcome, a *Precondition in a status that allows none, and what Change returns.
func (s *Service) Decide(ctx context.Context, c Change, r Review) (Changed, error) {
	if err := r.check(); err != nil {
		return Changed{}, err
	}
	c.Apply = func(i *Identity) error {
		r.At = s.Time(i.Tenant).Truncate(time.Second)
		return i.decide(r)
	}
	return s.Change(ctx, c)
}

func (r Review) check() error {
	if r.Outcome != Clear && r.Outcome != Reject {
		return &Invalid{FieldOutcome, "must be clear or reject"}
	}
	for _, t := range []rule{{FieldReason, r.Reason, MaxTextLength}, {FieldReviewer, r.Reviewer, MaxTextLength}} {
		if t.text == "" {
			return &Missing{t.field}
		}
		if err := checkText(t); err != nil {
			return err
		}
	}
	return nil
}

func (i *Identity) decide(r Review) error {
	if r.Outcome == Reject {
		if !i.Status.Pending() {
			return &Precondition{"an identity in status " + string(i.Status) + " cannot be rejected, only a pending one"}
		}
		i.Review = &r
		return i.become(Rejected, r.At)
	}
	if i.Status != Screening {
		return &Precondition{"an identity in status " + string(i.Status) + " cannot be cleared, only one in status " + string(Screening)}
	}
	i.Review = &r
	return i.advance(r.At)
}

// screen asks the Screener, if there is one, about an identity that has just
// come to be screened. That it cannot decide now leaves the identity to a person.
func (s *Service) screen(ctx context.Context, changed Changed) (Changed, error) {
	if s.Screener == nil || changed.Status != Screening || changed.Replayed {
		return changed, nil
	}
	r, decided, err := s.Screener.Screen(ctx, changed.Identity)
	if err != nil || !decided {
		return changed, nil //nolint:nilerr // the step that led here was taken, and holds
	}
	return s.Decide(ctx, Change{Tenant: changed.Tenant, ID: changed.ID}, r)
}
