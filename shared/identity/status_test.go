package identity_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"cedula/shared/identity"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

var statuses = []identity.Status{
	identity.Pending, identity.PendingEmailValidation, identity.PendingPhoneValidation, identity.Screening,
	identity.Active, identity.Inactive, identity.Rejected, identity.Blocked,
}

func TestPolicyValidate(t *testing.T) {
	for _, tt := range []struct {
		policy identity.Policy
		ok     bool
	}{
		{identity.Policy{}, true},
		{identity.Policy{Onboarding: identity.OnboardingInstant, PendingTTL: time.Hour}, true},
		{identity.Policy{Onboarding: identity.OnboardingContact, PendingTTL: 90 * 24 * time.Hour}, true},
		{identity.Policy{Onboarding: identity.OnboardingContactAndScreening}, true},
		{identity.Policy{Onboarding: "screening"}, false},
		{identity.Policy{PendingTTL: time.Hour - 1}, false},
		{identity.Policy{PendingTTL: -time.Hour}, false},
		{identity.Policy{PendingTTL: 90*24*time.Hour + 1}, false},
	} {
		if err := tt.policy.Validate(); (err == nil) != tt.ok {
			t.Errorf("%+v: Validate() = %v, want it valid: %v", tt.policy, err, tt.ok)
		}
	}
}

// TestTransitions tries every step there could be.
func TestTransitions(t *testing.T) {
	allowed := identity.Transitions
	if len(allowed) != len(statuses) {
		t.Errorf("Transitions has %d rows, want one for each of %d statuses", len(allowed), len(statuses))
	}
	for _, from := range statuses {
		for _, to := range statuses {
			got := identity.Identity{Status: from, Onboarding: identity.OnboardingContact, Profile: identity.Profile{Email: "ana@example.com", Phone: "+56912345678"}}
			if from.Pending() {
				got.ExpiresAt = noon.Add(identity.DefaultPendingTTL)
			}
			err := got.SetStatus(to, noon)
			may := from == to || slices.Contains(allowed[from], to)
			var state *identity.StateError
			switch {
			case may && (err != nil || got.Status != to || got.ExpiresAt.IsZero() == to.Pending()):
				t.Errorf("%s to %s: error = %v, status %s until %v, want it allowed", from, to, err, got.Status, got.ExpiresAt)
			case !may && !errors.As(err, &state):
				t.Errorf("%s to %s: error = %v, want a *StateError", from, to, err)
			case !may:
				for _, next := range allowed[from] {
					if !strings.Contains(state.Reason, string(next)) {
						t.Errorf("%s to %s: error = %q, want it to name %s", from, to, state.Reason, next)
					}
				}
			}
		}
	}
	var invalid *identity.Invalid
	i := identity.Identity{Status: identity.Active}
	if err := i.SetStatus("GOLD", noon); !errors.As(err, &invalid) || invalid.Field != identity.FieldStatus {
		t.Errorf("SetStatus(GOLD): error = %v, want an Invalid status", err)
	}
}

func TestPendingStatusRequiresItsAddress(t *testing.T) {
	const email, phone = "ana@example.com", "+56912345678"
	for _, tt := range []struct {
		identity.Profile
		to      identity.Status
		allowed bool
	}{
		{identity.Profile{Email: email}, identity.PendingPhoneValidation, false},
		{identity.Profile{}, identity.PendingPhoneValidation, false},
		{identity.Profile{Phone: phone}, identity.PendingEmailValidation, false},
		{identity.Profile{Phone: phone}, identity.PendingPhoneValidation, true},
		{identity.Profile{Email: email}, identity.PendingEmailValidation, true},
		{identity.Profile{}, identity.PendingEmailValidation, true}, // an email must be set and verified
	} {
		i := identity.Identity{Profile: tt.Profile, Status: identity.Pending, Onboarding: identity.OnboardingContact}
		err := i.SetStatus(tt.to, noon)
		if state := new(identity.StateError); (err == nil) != tt.allowed || err != nil && !errors.As(err, &state) {
			t.Errorf("email %q, phone %q: SetStatus(%s) = %v, want it allowed: %v", tt.Email, tt.Phone, tt.to, err, tt.allowed)
		}
		if due := i.Requirements().Due; tt.allowed && len(due) != 1 {
			t.Errorf("email %q, phone %q: requirements in %s = %v, want one", tt.Email, tt.Phone, tt.to, due)
		}
	}
}

// TestSettingTheSameStatusWaivesVerification covers an address that became due since the status was set.
func TestSettingTheSameStatusWaivesVerification(t *testing.T) {
	i := identity.Identity{Status: identity.Screening, Onboarding: identity.OnboardingContactAndScreening, Profile: identity.Profile{Phone: "+56912345678"}}
	if err := i.SetStatus(identity.Screening, noon); err != nil || i.Requirements().Due != nil || i.Status != identity.Screening {
		t.Errorf("SetStatus(SCREENING) = %v, status %s, requirements %v, want SCREENING without requirements", err, i.Status, i.Requirements().Due)
	}
}

func TestKnownAndPendingStatuses(t *testing.T) {
	for n, s := range append(statuses, "", "active", "PENDING_VALIDATION") {
		known, pending := n < len(statuses), n < 4
		if s.Known() != known || s.Pending() != pending {
			t.Errorf("%q: Known() = %v, Pending() = %v, want %v, %v", s, s.Known(), s.Pending(), known, pending)
		}
	}
}

func TestOnlyActiveAndInactiveAreToggled(t *testing.T) {
	for _, from := range statuses {
		for to, move := range map[identity.Status]func(*identity.Identity) error{identity.Inactive: (*identity.Identity).Deactivate, identity.Active: (*identity.Identity).Reactivate} {
			i := identity.Identity{Status: from}
			err := move(&i)
			want := from
			allowed := from == identity.Active || from == identity.Inactive
			if allowed {
				want = to
			}
			if state := new(identity.StateError); i.Status != want || (err == nil) != allowed || err != nil && !errors.As(err, &state) {
				t.Errorf("%s to %s: status %s, error %v, want %s and an error: %v", from, to, i.Status, err, want, !allowed)
			}
		}
	}
}
