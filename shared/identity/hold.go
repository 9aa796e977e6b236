package identity

import "time"

// Hold suspends the expiry of a pending identity.
type Hold struct {
	Reason string
	Since  time.Time
}

// MinPendingAfterHold is the least time until a pending identity expires after its hold ends.
const MinPendingAfterHold = 24 * time.Hour

// Validate returns a *MissingField without a reason, and an *Invalid for one that is
// too long or holds control characters.
func (h Hold) Validate() error {
	return requireText(FieldReason, h.Reason)
}
