package identity

import (
	"errors"
	"slices"
	"time"
)

// Onboarding names the steps that a new identity completes before it is active.
type Onboarding string

// The onboarding modes. Contact verifies the email and the phone that the identity has, with a code
// sent to each; screening is a reviewer's decision.
const (
	OnboardingInstant             Onboarding = "instant"
	OnboardingContact             Onboarding = "contact"
	OnboardingContactAndScreening Onboarding = "contact+screening"
)

// OnboardingModes lists them.
var OnboardingModes = []Onboarding{OnboardingInstant, OnboardingContact, OnboardingContactAndScreening}

// Policy applies to the new identities of a client.
type Policy struct {
	Onboarding Onboarding    // empty: the default of the API
	PendingTTL time.Duration // how long one may stay pending; zero: DefaultPendingTTL
}

// Bounds of how long an identity may stay pending.
const (
	DefaultPendingTTL = 7 * 24 * time.Hour
	MinPendingTTL     = time.Hour
	MaxPendingTTL     = 90 * 24 * time.Hour
)

// Validate returns an error that begins with the name of the invalid setting: steps or pending-life.
func (p Policy) Validate() error {
	if p.Onboarding != "" && !slices.Contains(OnboardingModes, p.Onboarding) {
		return errors.New("steps must be instant, contact or contact+screening")
	}
	if p.PendingTTL != 0 && (p.PendingTTL < MinPendingTTL || p.PendingTTL > MaxPendingTTL) {
		return errors.New("pending-life must be between 1h and 90d")
	}
	return nil
}
