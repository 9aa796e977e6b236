package identity_test

import (
	"testing"
	"time"

	"cedula/shared/identity"
)

func TestFirstStatus(t *testing.T) {
	tests := []struct {
		name    string
		asked   identity.Status
		trusted bool
		want    identity.Status
	}{
		{"untrusted asks for nothing", "", false, identity.Pending},
		{"untrusted asks for active", identity.Active, false, identity.Pending},
		{"untrusted asks for blocked", identity.Blocked, false, identity.Pending},
		{"untrusted asks for what is unknown", "GOLD", false, identity.Pending},
		{"trusted asks for nothing", "", true, identity.Active},
		{"trusted asks for what is unknown", "GOLD", true, identity.Pending},
		{"trusted asks in lower case", "blocked", true, identity.Pending},
		{"trusted asks for pending", identity.Pending, true, identity.Pending},
		{"trusted asks for pending email", identity.PendingEmailValidation, true, identity.PendingEmailValidation},
		{"trusted asks for pending phone", identity.PendingPhoneValidation, true, identity.PendingPhoneValidation},
		{"trusted asks for screening", identity.Screening, true, identity.Screening},
		{"trusted asks for active", identity.Active, true, identity.Active},
		{"trusted asks for inactive", identity.Inactive, true, identity.Inactive},
		{"trusted asks for rejected", identity.Rejected, true, identity.Rejected},
		{"trusted asks for blocked", identity.Blocked, true, identity.Blocked},
	}
	w := newWorld(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := draft(identity.Profile{})
			d.Status, d.Trusted = tt.asked, tt.trusted
			got := w.create(t, d)
			if got.Status != tt.want {
				t.Errorf("got %s, want %s", got.Status, tt.want)
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

func TestStatusKinds(t *testing.T) {
	tests := []struct {
		status         identity.Status
		known, pending bool
	}{
		{identity.Pending, true, true},
		{identity.PendingEmailValidation, true, true},
		{identity.PendingPhoneValidation, true, true},
		{identity.Screening, true, true},
		{identity.Active, true, false},
		{identity.Inactive, true, false},
		{identity.Rejected, true, false},
		{identity.Blocked, true, false},
		{"", false, false},
		{"active", false, false},
		{"PENDING_VALIDATION", false, false},
	}
	for _, tt := range tests {
		if tt.status.Known() != tt.known || tt.status.Pending() != tt.pending {
			t.Errorf("%q: known %v, pending %v", tt.status, tt.status.Known(), tt.status.Pending())
		}
	}
}
