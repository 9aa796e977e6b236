package identity

import (
	"fmt"
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

// Validate returns an error, as a sentence, if the policy is not valid.
func (p Policy) Validate() error {
	if p.Onboarding != "" && !slices.Contains(OnboardingModes, p.Onboarding) {
		return fmt.Errorf("the steps must be one of %v", OnboardingModes)
	}
	if p.PendingTTL != 0 && (p.PendingTTL < MinPendingTTL || p.PendingTTL > MaxPendingTTL) {
		return fmt.Errorf("the life of a pending identity must be between %v and %v", MinPendingTTL, MaxPendingTTL)
	}
	return nil
}
