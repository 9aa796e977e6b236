package identity

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Steps are what a new identity has to go through before it is active.
type Steps string

// The steps that there are. The email and the phone that an identity has are
// proven by a code sent to each; screening is a reviewer's decision.
const (
	Instant             Steps = "instant"
	Contact             Steps = "contact"
	ContactAndScreening Steps = "contact+screening"
)

// AllSteps lists them.
var AllSteps = []Steps{Instant, Contact, ContactAndScreening}

// Policy is what a client asks of its new identities.
type Policy struct {
	Steps       Steps         // empty: what is usual for the dialect
	PendingLife time.Duration // how long one may stay pending; zero: DefaultPendingLife
}

// Bounds of how long an identity may stay pending.
const (
	DefaultPendingLife = 7 * 24 * time.Hour
	MinPendingLife     = time.Hour
	MaxPendingLife     = 90 * 24 * time.Hour
)

// Check says what is wrong with a policy, as a sentence.
func (p Policy) Check() error {
	if p.Steps != "" && !slices.Contains(AllSteps, p.Steps) {
		return fmt.Errorf("the steps must be one of %v", AllSteps)
	}
	if p.PendingLife != 0 && (p.PendingLife < MinPendingLife || p.PendingLife > MaxPendingLife) {
		return fmt.Errorf("the life of a pending identity must be between %v and %v", MinPendingLife, MaxPendingLife)
	}
	return nil
}

// beginning is a new identity's status and steps: for a caller that is trusted
// with the status the one asked for or, if it asks for none and has no policy,
// ACTIVE. Everybody else's follows from the steps. A status that the registry
// does not know makes nothing active: it may be a misspelt BLOCKED.
func (d *Draft) beginning() (status Status, steps Steps) {
	status, steps = Pending, cmp.Or(d.Policy.Steps, d.Usual, Contact)
	decides := d.Trusted && d.Status != ""
	switch {
	case decides && d.Status.Known():
		status = d.Status
	case decides:
	case steps == Instant, d.Trusted && d.Policy.Steps == "":
		status = Active
	}
	if status.Pending() && steps == Instant {
		steps = Contact // it would wait for nothing
	}
	if !status.Pending() && (steps == Instant || d.Policy.Steps == "") {
		steps = "" // nothing was to be proven, nor is a change of it
	}
	return status, steps
}
