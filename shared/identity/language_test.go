package identity_test

import (
	"strings"
	"testing"

	"cedula/shared/identity"
)

func TestMessageLanguage(t *testing.T) {
	for _, tt := range []struct{ accepted, country, want string }{
		{"", "CHL", "es"},
		{"", "cl", "es"},
		{"", " BR ", "pt"},
		{"", "USA", "en"},
		{"", "", "en"},
		{"", "XX", "en"},
		{"pt", "CHL", "pt"},
		{"en pt", "CHL", "en"},
		{"en pt", "BRA", "pt"},
	} {
		if got := identity.MessageLanguage(strings.Fields(tt.accepted), tt.country); got != tt.want {
			t.Errorf("MessageLanguage([%s], %q) = %q, want %q", tt.accepted, tt.country, got, tt.want)
		}
	}
	for _, country := range strings.Fields("PRT AGO MOZ CPV GNB STP TLS PT AO MZ CV GW ST TL") {
		if got := identity.MessageLanguage(nil, country); got != "pt" {
			t.Errorf("MessageLanguage(nil, %q) = %q, want pt", country, got)
		}
	}
}
