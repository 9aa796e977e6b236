package identity

import "time"

// Status is how far an identity is in its life.
type Status string

// The statuses.
const (
	Pending                Status = "PENDING"
	PendingEmailValidation Status = "PENDING_EMAIL_VALIDATION"
	PendingPhoneValidation Status = "PENDING_PHONE_VALIDATION"
	Screening              Status = "SCREENING"
	Active                 Status = "ACTIVE"
	Inactive               Status = "INACTIVE"
	Rejected               Status = "REJECTED"
	Blocked                Status = "BLOCKED"
)

// pendingLife is how long an identity may stay pending before it lapses.
const pendingLife = 7 * 24 * time.Hour

// Known reports whether s is one of the statuses.
func (s Status) Known() bool {
	switch s {
	case Pending, PendingEmailValidation, PendingPhoneValidation, Screening,
		Active, Inactive, Rejected, Blocked:
		return true
	}
	return false
}

// Pending reports whether an identity in this status waits for something and
// lapses if that never comes.
func (s Status) Pending() bool {
	switch s {
	case Pending, PendingEmailValidation, PendingPhoneValidation, Screening:
		return true
	}
	return false
}

// initialStatus is the status of a new identity: for a caller that is trusted
// with it the one asked for or, if none is, ACTIVE. Everybody else's is PENDING,
// and so is one that the registry does not know: a misspelt BLOCKED must not
// make an identity active.
func initialStatus(asked Status, trusted bool) Status {
	switch {
	case trusted && asked == "":
		return Active
	case trusted && asked.Known():
		return asked
	default:
		return Pending
	}
}

// Deactivate takes an active identity out of use; an inactive one stays as it
// is. It returns a *Precondition in any other status.
func (i *Identity) Deactivate() error { return i.move(Active, Inactive) }

// Reactivate takes an inactive identity back into use; an active one stays as
// it is. It returns a *Precondition in any other status.
func (i *Identity) Reactivate() error { return i.move(Inactive, Active) }

func (i *Identity) move(from, to Status) error {
	if i.Status != from && i.Status != to {
		return &Precondition{Reason: "an identity in status " + string(i.Status) + " cannot become " + string(to)}
	}
	i.Status = to
	return nil
}
