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
			t.Errorf("%+v: %v; want (err == nil) == tt.ok", tt.policy, err)
		}
	}
}

// TestTransitions tries every step there could be.
func TestTransitions(t *testing.T) {
	allowed := make(map[identity.Status][]identity.Status)
	for _, row := range identity.Transitions {
		allowed[row.From] = row.To
	}
	if len(allowed) != len(statuses) {
		t.Errorf("the table has %d rows; want len(allowed) == len(statuses)", len(allowed))
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
						t.Errorf("%s to %s does not say that %s is allowed: %s; want strings.Contains(state.Reason, string(next))", from, to, next, state.Reason)
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

// TestPendingStatusRequiresItsAddress: a status that waits for an address is none without it.
func TestPendingStatusRequiresItsAddress(t *testing.T) {
	const email, phone = "ana@example.com", "+56912345678"
	for _, tt := range []struct {
		identity.Profile
		to  identity.Status
		may bool
	}{
		{identity.Profile{Email: email}, identity.PendingPhoneValidation, false},
		{identity.Profile{}, identity.PendingPhoneValidation, false},
		{identity.Profile{Phone: phone}, identity.PendingEmailValidation, false},
		{identity.Profile{Phone: phone}, identity.PendingPhoneValidation, true},
		{identity.Profile{Email: email}, identity.PendingEmailValidation, true},
		{identity.Profile{}, identity.PendingEmailValidation, true}, // an email is due: to be set, and proven
	} {
		i := identity.Identity{Profile: tt.Profile, Status: identity.Pending, Onboarding: identity.OnboardingContact}
		err := i.SetStatus(tt.to, noon)
		if state := new(identity.StateError); (err == nil) != tt.may || err != nil && !errors.As(err, &state) {
			t.Errorf("%q, %q to %s: %v; want (err == nil) == tt.may and (no error or a *identity.StateError)", tt.Email, tt.Phone, tt.to, err)
		}
		if due := i.Requirements().Due; tt.may && len(due) != 1 {
			t.Errorf("%q, %q in %s waits for %v; want not tt.may or len(due) == 1", tt.Email, tt.Phone, tt.to, due)
		}
	}
}

// TestSettingTheSameStatusWaivesVerification: who sets the status that an identity has waives what became due
// since, and moves nothing.
func TestSettingTheSameStatusWaivesVerification(t *testing.T) {
	i := identity.Identity{Status: identity.Screening, Onboarding: identity.OnboardingContactAndScreening, Profile: identity.Profile{Phone: "+56912345678"}}
	if err := i.SetStatus(identity.Screening, noon); err != nil || i.Requirements().Due != nil || i.Status != identity.Screening {
		t.Errorf("%v, %s waits for %v; want no error and i.Requirements().Due == nil and i.Status == identity.Screening", err, i.Status, i.Requirements().Due)
	}
}

func TestKnownAndPendingStatuses(t *testing.T) {
	for _, s := range statuses {
		pending := s == identity.Pending || s == identity.PendingEmailValidation || s == identity.PendingPhoneValidation || s == identity.Screening
		if !s.Known() || s.Pending() != pending {
			t.Errorf("%s: known %v, pending %v; want s.Known() and s.Pending() == pending", s, s.Known(), s.Pending())
		}
	}
	for _, s := range []identity.Status{"", "active", "PENDING_VALIDATION"} {
		if s.Known() || s.Pending() {
			t.Errorf("%q is a status; want not s.Known() and not s.Pending()", s)
		}
	}
}

func TestDeactivateAndReactivateOnlyFromActiveOrInactive(t *testing.T) {
	for _, from := range statuses {
		for name, move := range map[identity.Status]func(*identity.Identity) error{identity.Inactive: (*identity.Identity).Deactivate, identity.Active: (*identity.Identity).Reactivate} {
			i := identity.Identity{Status: from}
			err := move(&i)
			var state *identity.StateError
			if allowed := from == identity.Active || from == identity.Inactive; allowed != (err == nil) || !allowed && !errors.As(err, &state) {
				t.Errorf("%s to %s: %v; want allowed == (err == nil) and (allowed or a *identity.StateError)", from, name, err)
			}
			if want := map[bool]identity.Status{true: name, false: from}[err == nil]; i.Status != want {
				t.Errorf("%s to %s: got %s; want i.Status == want", from, name, i.Status)
			}
		}
	}
}
