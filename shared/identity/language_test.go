package identity_test

import (
	"strings"
	"testing"

	"cedula/shared/identity"
)

func TestLanguage(t *testing.T) {
	for _, c := range []struct{ header, country, want string }{
		{"es", "BRA", "es"},
		{"es-419", "", "es"},
		{"pt-BR,pt;q=0.9,en;q=0.8", "CHL", "pt"},
		{"PT-br", "CHL", "pt"},
		{"en-US, es;q=0.9", "CHL", "en"},
		{"en;q=0.8, es;q=0.9", "BRA", "es"},
		{"en;q=0.8,es;q=0.8", "BRA", "en"},
		{"fr-CA, en;q=0.1", "CHL", "en"},
		{"fr, de", "CHL", "es"},
		{"*", "BRA", "pt"},
		{"fr, *;q=0.5", "BRA", "pt"},
		{"en;q=0.3, *;q=0.5", "BRA", "pt"},
		{"en, *;q=0.5", "BRA", "en"},
		{"es;q=0", "CHL", "en"},
		{"es;q=0, pt;q=0.2", "CHL", "pt"},
		{"en; q=0.5, es ; Q=0.7", "", "es"},
		{"es;q=1.5, en;q=-1, pt;q=x", "ARG", "es"},
		{"es;q=NaN", "BRA", "pt"},
		{"pt;level=1", "MEX", "es"},
		{";q=1,,,-, ;", "AGO", "pt"},
		{"", "CHL", "es"},
		{"", "cl", "es"},
		{"", " BR ", "pt"},
		{"", "USA", "en"},
		{"", "", "en"},
		{"", "XX", "en"},
		{"", "XXX", "en"},
		{strings.Repeat("x,", 10000) + "es", "BRA", "es"},
	} {
		if got := identity.NegotiateLanguage(c.header, c.country); got != c.want {
			t.Errorf("%.60q in %q: %s, want %s", c.header, c.country, got, c.want)
		}
	}
	for _, codes := range []string{"PRT", "AGO", "MOZ", "CPV", "GNB", "STP", "TLS", "PT", "AO", "MZ", "CV", "GW", "ST", "TL"} {
		if got := identity.NegotiateLanguage("", codes); got != "pt" {
			t.Errorf("%s: %s", codes, got)
		}
	}
}
