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

// initialStatus is the status of a new identity: the one asked for if the
// caller is trusted with it and the registry knows it, ACTIVE for a trusted
// caller that asks for none, otherwise PENDING.
func initialStatus(asked Status, trusted bool) Status {
	switch {
	case !trusted:
		return Pending
	case asked.Known():
		return asked
	default:
		return Active
	}
}
