package identity

import (
	"fmt"
	"slices"
	"time"
)

// Onboarding are what a new identity has to go through before it is active.
type Onboarding string

// The steps that there are. The email and the phone that an identity has are
// proven by a code sent to each; screening is a reviewer's decision.
const (
	OnboardingInstant             Onboarding = "instant"
	OnboardingContact             Onboarding = "contact"
	OnboardingContactAndScreening Onboarding = "contact+screening"
)

// OnboardingModes lists them.
var OnboardingModes = []Onboarding{OnboardingInstant, OnboardingContact, OnboardingContactAndScreening}

// Policy is what a client asks of its new identities.
type Policy struct {
	Onboarding Onboarding    // empty: what is usual for the dialect
	PendingTTL time.Duration // how long one may stay pending; zero: DefaultPendingTTL
}

// Bounds of how long an identity may stay pending.
const (
	DefaultPendingTTL = 7 * 24 * time.Hour
	MinPendingTTL     = time.Hour
	MaxPendingTTL     = 90 * 24 * time.Hour
)

// Validate says what is wrong with a policy, as a sentence.
func (p Policy) Validate() error {
	if p.Onboarding != "" && !slices.Contains(OnboardingModes, p.Onboarding) {
		return fmt.Errorf("the steps must be one of %v", OnboardingModes)
	}
	if p.PendingTTL != 0 && (p.PendingTTL < MinPendingTTL || p.PendingTTL > MaxPendingTTL) {
		return fmt.Errorf("the life of a pending identity must be between %v and %v", MinPendingTTL, MaxPendingTTL)
	}
	return nil
}
