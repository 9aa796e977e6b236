package gateway_test

import (
	"net/http"
	"strings"
	"testing"

	"cedula/shared/gateway"
)

func acceptedLanguages(header string) string {
	r := &gateway.Request{Header: http.Header{"Accept-Language": {header}}}
	return strings.Join(r.AcceptedLanguages([]string{"en", "es", "pt"}), " ")
}

func TestAcceptedLanguages(t *testing.T) {
	for _, tt := range []struct{ header, want string }{
		{"", ""},
		{"es", "es"},
		{"es-419", "es"},
		{"PT-br", "pt"},
		{"pt-BR,pt;q=0.9,en;q=0.8", "pt"},
		{"en-US, es;q=0.9", "en"},
		{"en;q=0.8, es;q=0.9", "es"},
		{"en;q=0.8,es;q=0.8", "en"},
		{"fr-CA, en;q=0.1", "en"},
		{"fr, de", ""},
		{"*", ""},
		{"fr, *;q=0.5", ""},
		{"en;q=0.3, *;q=0.5", ""},
		{"en, *;q=0.5", "en"},
		{"es;q=0", "en pt"},
		{"en;q=0", "en es pt"},
		{"es;q=0, pt;q=0.2", "pt"},
		{"en; q=0.5, es ; Q=0.7", "es"},
		{"es;q=1.5, en;q=-1, pt;q=x", ""},
		{"es;q=NaN", ""},
		{"pt;level=1", ""},
		{";q=1,,,-, ;", ""},
		{strings.Repeat("x,", 10000) + "es", "es"},
	} {
		if got := acceptedLanguages(tt.header); got != tt.want {
			t.Errorf("AcceptedLanguages(%.60q) = [%s], want [%s]", tt.header, got, tt.want)
		}
	}
}

// FuzzAcceptedLanguages checks that the result holds supported languages only.
func FuzzAcceptedLanguages(f *testing.F) {
	f.Fuzz(func(t *testing.T, header string) {
		for _, language := range strings.Fields(acceptedLanguages(header)) {
			if !strings.Contains("en es pt", language) {
				t.Errorf("AcceptedLanguages(%q) has %q, want supported languages only", header, language)
			}
		}
	})
}
