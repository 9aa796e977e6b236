package identity

import "time"

// Outcome is the result of a screening.
type Outcome string

// The outcomes.
const (
	OutcomeClear  Outcome = "clear"  // the identity is approved
	OutcomeReject Outcome = "reject" // the identity is rejected
)

// Review is a reviewer's screening decision.
type Review struct {
	Outcome   Outcome
	Reason    string
	Reviewer  string // who decided, as the client names them
	DecidedAt time.Time
}

// Validate returns an *Invalid for an unknown outcome or a string that is not valid, and a *MissingField without a reason or
// a reviewer.
func (r Review) Validate() error {
	if r.Outcome != OutcomeClear && r.Outcome != OutcomeReject {
		return &Invalid{FieldOutcome, "must be clear or reject"}
	}
	if err := requireText(FieldReason, r.Reason); err != nil {
		return err
	}
	return requireText(FieldReviewer, r.Reviewer)
}

// ApplyReview records a decision and moves the identity on: a clear one from SCREENING to its next step, a rejected one to
// REJECTED. It returns a *StateError in a status that does not allow it.
func (i *Identity) ApplyReview(r Review) error {
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
	return i.Advance(r.DecidedAt)
}
