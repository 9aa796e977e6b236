package registry_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"cedula/shared/identity"
	"cedula/shared/registry"
)

func TestInitialStatus(t *testing.T) {
	const contact, screening = identity.OnboardingContact, identity.OnboardingContactAndScreening
	tests := []struct {
		name    string
		asked   identity.Status
		trusted bool
		policy  identity.Onboarding
		usual   identity.Onboarding
		want    identity.Status
		steps   identity.Onboarding
	}{
		{"untrusted asks for nothing", "", false, "", "", identity.Pending, contact},
		{"untrusted asks for active", identity.Active, false, "", "", identity.Pending, contact},
		{"untrusted asks for blocked", identity.Blocked, false, "", "", identity.Pending, contact},
		{"untrusted asks for what is unknown", "GOLD", false, "", "", identity.Pending, contact},
		{"trusted asks for nothing", "", true, "", "", identity.Active, ""},
		{"trusted asks for what is unknown", "GOLD", true, "", "", identity.Pending, contact},
		{"trusted asks for what is unknown, instant", "GOLD", true, identity.OnboardingInstant, "", identity.Pending, contact},
		{"trusted asks in lower case", "blocked", true, "", "", identity.Pending, contact},
		{"trusted asks for pending", identity.Pending, true, "", "", identity.Pending, contact},
		{"trusted asks for pending email", identity.PendingEmailValidation, true, "", "", identity.PendingEmailValidation, contact},
		{"trusted asks for pending phone", identity.PendingPhoneValidation, true, "", "", identity.PendingPhoneValidation, contact},
		{"trusted asks for screening", identity.Screening, true, "", "", identity.Screening, contact},
		{"trusted asks for active", identity.Active, true, "", "", identity.Active, ""},
		{"trusted asks for inactive", identity.Inactive, true, "", "", identity.Inactive, ""},
		{"trusted asks for rejected", identity.Rejected, true, "", "", identity.Rejected, ""},
		{"trusted asks for blocked", identity.Blocked, true, "", "", identity.Blocked, ""},

		{"instant", "", false, identity.OnboardingInstant, "", identity.Active, ""},
		{"usually instant", "", false, "", identity.OnboardingInstant, identity.Active, ""},
		{"usually instant, but the policy says contact", "", false, contact, identity.OnboardingInstant, identity.Pending, contact},
		{"screening", "", false, screening, "", identity.Pending, screening},
		{"trusted, with a policy, asks for nothing", "", true, screening, "", identity.Pending, screening},
		{"trusted, with a policy, asks for active", identity.Active, true, contact, "", identity.Active, contact},
		{"trusted, instant, asks for pending", identity.Pending, true, identity.OnboardingInstant, "", identity.Pending, contact},
	}
	w := newTestRegistry(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := draft(identity.Profile{})
			d.Status, d.Trusted, d.Policy.Onboarding, d.DefaultOnboarding = tt.asked, tt.trusted, tt.policy, tt.usual
			got := w.mustCreate(t, d)
			if got.Status != tt.want || got.Onboarding != tt.steps {
				t.Errorf("got %s %q, want %s %q", got.Status, got.Onboarding, tt.want, tt.steps)
			}
			lapses := time.Time{}
			if tt.want.Pending() {
				lapses = noon.Add(7 * 24 * time.Hour).Truncate(time.Second)
			}
			if !got.ExpiresAt.Equal(lapses) {
				t.Errorf("lapses %v, want %v", got.ExpiresAt, lapses)
			}
		})
	}
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
			t.Errorf("%+v: %v", tt.policy, err)
		}
	}
}

func TestPolicySetsPendingTTL(t *testing.T) {
	w := newTestRegistry(t)
	d := draft(identity.Profile{})
	d.Trusted, d.Policy.PendingTTL = false, 36*time.Hour
	if got := w.mustCreate(t, d); !got.ExpiresAt.Equal(noon.Add(36 * time.Hour).Truncate(time.Second)) {
		t.Errorf("lapses %v", got.ExpiresAt)
	}
}

var statuses = []identity.Status{
	identity.Pending, identity.PendingEmailValidation, identity.PendingPhoneValidation, identity.Screening,
	identity.Active, identity.Inactive, identity.Rejected, identity.Blocked,
}

// TestTransitions tries every step there could be.
func TestTransitions(t *testing.T) {
	allowed := make(map[identity.Status][]identity.Status)
	for _, row := range identity.Transitions {
		allowed[row.From] = row.To
	}
	if len(allowed) != len(statuses) {
		t.Errorf("the table has %d rows", len(allowed))
	}
	w := newTestRegistry(t)
	for _, from := range statuses {
		for _, to := range statuses {
			d := draft(identity.Profile{Email: "ana@example.com", Phone: "+56912345678"})
			d.Status = from
			i := w.mustCreate(t, d)
			got, err := w.Update(ctx, registry.Change{Tenant: "acme", ID: i.ID, Apply: func(i *identity.Identity) error {
				return i.SetStatus(to, w.now)
			}})
			may := from == to || slices.Contains(allowed[from], to)
			var state *identity.StateError
			switch {
			case may && (err != nil || got.Status != to || got.ExpiresAt.IsZero() == to.Pending()):
				t.Errorf("%s to %s: %v, %s until %v", from, to, err, got.Status, got.ExpiresAt)
			case !may && !errors.As(err, &state):
				t.Errorf("%s to %s: %v", from, to, err)
			case !may:
				for _, next := range allowed[from] {
					if !strings.Contains(state.Reason, string(next)) {
						t.Errorf("%s to %s does not say that %s is allowed: %s", from, to, next, state.Reason)
					}
				}
			}
		}
	}
	var invalid *identity.Invalid
	i := identity.Identity{Status: identity.Active}
	if err := i.SetStatus("GOLD", w.now); !errors.As(err, &invalid) || invalid.Field != identity.FieldStatus {
		t.Error(err)
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
			t.Errorf("%q, %q to %s: %v", tt.Email, tt.Phone, tt.to, err)
		}
		if due := i.Requirements().Due; tt.may && len(due) != 1 {
			t.Errorf("%q, %q in %s waits for %v", tt.Email, tt.Phone, tt.to, due)
		}
	}
}

// TestSettingTheSameStatusWaivesVerification: who sets the status that an identity has waives what became due
// since, and moves nothing.
func TestSettingTheSameStatusWaivesVerification(t *testing.T) {
	i := identity.Identity{Status: identity.Screening, Onboarding: identity.OnboardingContactAndScreening, Profile: identity.Profile{Phone: "+56912345678"}}
	if err := i.SetStatus(identity.Screening, noon); err != nil || i.Requirements().Due != nil || i.Status != identity.Screening {
		t.Errorf("%v, %s waits for %v", err, i.Status, i.Requirements().Due)
	}
}

func TestDeactivateAndReactivate(t *testing.T) {
	for _, from := range statuses {
		off, on := identity.Identity{Status: from}, identity.Identity{Status: from}
		may := from == identity.Active || from == identity.Inactive
		if err := off.Deactivate(); (err == nil) != may || may && off.Status != identity.Inactive {
			t.Errorf("%s: %v, %s", from, err, off.Status)
		}
		if err := on.Reactivate(); (err == nil) != may || may && on.Status != identity.Active {
			t.Errorf("%s: %v, %s", from, err, on.Status)
		}
	}
}

func TestKnownAndPendingStatuses(t *testing.T) {
	for _, s := range statuses {
		pending := s == identity.Pending || s == identity.PendingEmailValidation || s == identity.PendingPhoneValidation || s == identity.Screening
		if !s.Known() || s.Pending() != pending {
			t.Errorf("%s: known %v, pending %v", s, s.Known(), s.Pending())
		}
	}
	for _, s := range []identity.Status{"", "active", "PENDING_VALIDATION"} {
		if s.Known() || s.Pending() {
			t.Errorf("%q is a status", s)
		}
	}
}
