package identity

import (
	"cmp"
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

// initialStatus is a new identity's status and steps: for a caller that is trusted
// with the status the one asked for or, if it asks for none and has no policy,
// ACTIVE. Everybody else's follows from the steps. A status that the registry
// does not know makes nothing active: it may be a misspelt BLOCKED.
func (d *Draft) initialStatus() (status Status, steps Onboarding) {
	status, steps = Pending, cmp.Or(d.Policy.Onboarding, d.DefaultOnboarding, OnboardingContact)
	decides := d.Trusted && d.Status != ""
	switch {
	case decides && d.Status.Known():
		status = d.Status
	case decides:
	case steps == OnboardingInstant, d.Trusted && d.Policy.Onboarding == "":
		status = Active
	}
	if status.Pending() && steps == OnboardingInstant {
		steps = OnboardingContact // it would wait for nothing
	}
	if !status.Pending() && (steps == OnboardingInstant || d.Policy.Onboarding == "") {
		steps = "" // nothing was to be proven, nor is a change of it
	}
	return status, steps
}
