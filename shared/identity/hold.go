package identity

import (
	"time"
)

// Hold keeps a pending identity from lapsing, for as long as it stands.
type Hold struct {
	Reason string
	Since  time.Time
}

// MinPendingAfterHold is what a pending identity has at least when its hold ends.
const MinPendingAfterHold = 24 * time.Hour

// Validate returns a *MissingField without a reason, and an *Invalid for one that is
// too long or holds control characters.
func (h Hold) Validate() error {
	return requireText(rule{FieldReason, h.Reason, MaxTextLength})
}
