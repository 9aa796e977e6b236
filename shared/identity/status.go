package identity

import (
	"slices"
	"time"
)

// Status is the state of an identity.
type Status string

// The statuses.
const (
	Pending                Status = "PENDING"                  // no step has been started
	PendingEmailValidation Status = "PENDING_EMAIL_VALIDATION" // the next step is to verify the email
	PendingPhoneValidation Status = "PENDING_PHONE_VALIDATION" // the next step is to verify the phone
	Screening              Status = "SCREENING"                // the next step is a decision by a reviewer
	Active                 Status = "ACTIVE"
	Inactive               Status = "INACTIVE"
	Rejected               Status = "REJECTED"
	Blocked                Status = "BLOCKED"
)

// Transitions lists the statuses that may follow each status, for any caller. Setting the current
// status again changes nothing.
var Transitions = map[Status][]Status{
	Pending:                {PendingEmailValidation, PendingPhoneValidation, Screening, Active, Rejected, Blocked},
	PendingEmailValidation: {PendingPhoneValidation, Screening, Active, Rejected, Blocked},
	PendingPhoneValidation: {Screening, Active, Rejected, Blocked},
	Screening:              {Active, Rejected, Blocked},
	Active:                 {Inactive, Blocked},
	Inactive:               {Active, Blocked},
	Rejected:               {Screening, Blocked},
	Blocked:                {Active, Inactive},
}

// Known reports whether s is one of the statuses.
func (s Status) Known() bool { return Transitions[s] != nil }

// Pending reports whether an identity in this status waits for a step, and expires if that is
// not done.
func (s Status) Pending() bool {
	switch s {
	case Pending, PendingEmailValidation, PendingPhoneValidation, Screening:
		return true
	}
	return false
}

// transition changes the status. An identity that becomes pending again gets the period of a new
// one. It returns a *StateError that names the allowed statuses.
func (i *Identity) transition(to Status, now time.Time) error {
	if i.Status == to {
		return nil
	}
	if !slices.Contains(Transitions[i.Status], to) {
		return &StateError{Reason: "an identity in status " + string(i.Status) + " cannot become " + string(to) +
			", only " + joinOr(Transitions[i.Status])}
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

// joinOr returns a list of two or more, such as "A, B or C".
func joinOr(list []Status) string {
	last := len(list) - 1
	text := string(list[0])
	for _, s := range list[1:last] {
		text += ", " + string(s)
	}
	return text + " or " + string(list[last])
}

// SetStatus sets the status for a caller that may do so directly. It returns an *Invalid for an unknown
// status, and a *StateError for a transition that is not allowed, or to a step that cannot be completed.
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

// Deactivate makes an active identity inactive; an inactive one does not change. It returns a
// *StateError in any other status.
func (i *Identity) Deactivate() error { return i.toggle(Active, Inactive) }

// Reactivate makes an inactive identity active; an active one does not change. It returns a *StateError
// in any other status, so it bypasses neither verification nor a block.
func (i *Identity) Reactivate() error { return i.toggle(Inactive, Active) }

func (i *Identity) toggle(from, to Status) error {
	if i.Status != from && i.Status != to {
		return &StateError{Reason: "an identity in status " + string(i.Status) + " cannot become " + string(to) +
			" in this way, only one in status " + string(from)}
	}
	return i.transition(to, time.Time{})
}
