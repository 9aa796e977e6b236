package registry_test

import (
	"testing"
	"time"

	"cedula/shared/identity"
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

var statuses = []identity.Status{
	identity.Pending, identity.PendingEmailValidation, identity.PendingPhoneValidation, identity.Screening,
	identity.Active, identity.Inactive, identity.Rejected, identity.Blocked,
}
