package identity

import (
	"slices"
	"strings"
	"time"
)

// Status is how far an identity is in its life.
type Status string

// The statuses.
const (
	Pending                Status = "PENDING"                  // nothing was begun
	PendingEmailValidation Status = "PENDING_EMAIL_VALIDATION" // the email is to be proven next
	PendingPhoneValidation Status = "PENDING_PHONE_VALIDATION" // the phone is to be proven next
	Screening              Status = "SCREENING"                // a reviewer is to decide
	Active                 Status = "ACTIVE"
	Inactive               Status = "INACTIVE"
	Rejected               Status = "REJECTED"
	Blocked                Status = "BLOCKED"
)

// Transition is a status with those that may follow it.
type Transition struct {
	From Status
	To   []Status
}

// Transitions is the whole life of an identity: no other step is ever taken,
// whoever asks for it. A step to the status that an identity has is none.
var Transitions = []Transition{
	{Pending, []Status{PendingEmailValidation, PendingPhoneValidation, Screening, Active, Rejected, Blocked}},
	{PendingEmailValidation, []Status{PendingPhoneValidation, Screening, Active, Rejected, Blocked}},
	{PendingPhoneValidation, []Status{Screening, Active, Rejected, Blocked}},
	{Screening, []Status{Active, Rejected, Blocked}},
	{Active, []Status{Inactive, Blocked}},
	{Inactive, []Status{Active, Blocked}},
	{Rejected, []Status{Screening, Blocked}},
	{Blocked, []Status{Active, Inactive}},
}

// allowedNext are the statuses that may follow s.
func (s Status) allowedNext() []Status {
	for _, t := range Transitions {
		if t.From == s {
			return t.To
		}
	}
	return nil
}

// Known reports whether s is one of the statuses.
func (s Status) Known() bool { return s.allowedNext() != nil }

// Pending reports whether an identity in this status waits for something and
// lapses if that never comes.
func (s Status) Pending() bool {
	switch s {
	case Pending, PendingEmailValidation, PendingPhoneValidation, Screening:
		return true
	}
	return false
}

// transition moves an identity to a status. Who goes back to be screened has as long
// for it as a new identity. It returns a *StateError naming what may follow if
// this may not.
func (i *Identity) transition(to Status, now time.Time) error {
	if i.Status == to {
		return nil
	}
	if !slices.Contains(i.Status.allowedNext(), to) {
		return &StateError{Reason: "an identity in status " + string(i.Status) + " cannot become " + string(to) +
			", only " + joinOr(i.Status.allowedNext())}
	}
	if to.Pending() && !i.Status.Pending() {
		i.Review, i.Reminded = nil, false
		i.ExpiresAt = now.Add(DefaultPendingTTL).Truncate(time.Second)
	}
	i.Status = to
	if !to.Pending() {
		i.ExpiresAt = time.Time{}
	}
	return nil
}

// joinOr spells a choice: "A, B or C".
func joinOr(list []Status) string {
	var b strings.Builder
	for n, s := range list {
		switch {
		case n == 0:
		case n == len(list)-1:
			b.WriteString(" or ")
		default:
			b.WriteString(", ")
		}
		b.WriteString(string(s))
	}
	return b.String()
}

// SetStatus is for a caller that may decide it. It returns an *Invalid for what
// is no status, and a *StateError for a step that is not among Transitions, or to
// where the identity would wait for nothing that can come.
func (i *Identity) SetStatus(to Status, now time.Time) error {
	if !to.Known() {
		return &Invalid{FieldStatus, "must be a status, such as ACTIVE"}
	}
	from := i.Status
	if err := i.transition(to, now); err != nil {
		return err
	}
	i.WaiveEarlierSteps()
	for _, c := range channels {
		if from != to && to == c.pendingStatus() && !i.NeedsVerification(c) {
			return &StateError{Reason: "an identity cannot become " + string(to) + " that has no " + string(c) + " to prove"}
		}
	}
	return nil
}

// Deactivate takes an active identity out of use; an inactive one stays as it
// is. It returns a *StateError in any other status.
func (i *Identity) Deactivate() error { return i.toggle(Active, Inactive) }

// Reactivate takes an inactive identity back into use; an active one stays as
// it is. It returns a *StateError in any other status: it is no way around
// what a new identity has to prove, nor out of a block.
func (i *Identity) Reactivate() error { return i.toggle(Inactive, Active) }

func (i *Identity) toggle(from, to Status) error {
	if i.Status != from && i.Status != to {
		return &StateError{Reason: "an identity in status " + string(i.Status) + " cannot become " + string(to) +
			" in this way, only one in status " + string(from)}
	}
	return i.transition(to, time.Time{})
}
