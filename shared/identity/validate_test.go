package identity_test

import (
	"slices"
	"strings"
	"testing"

	"cedula/shared/identity"
)

func TestValidID(t *testing.T) {
	tests := []struct {
		id   string
		want bool
	}{
		{"a", true},
		{"679d26c44a21df7584b38e11", true},
		{"idt_11111111-1111-4111-8111-111111111111", true},
		{"-_", true},
		{strings.Repeat("Z", 64), true},
		{strings.Repeat("Z", 65), false},
		{"", false},
		{"a b", false},
		{"a#b", false}, // separates the parts of a key
		{"a/b", false},
		{"a.b", false},
		{"a%20b", false},
		{"é", false},
		{"a\x00", false},
		{"a\n", false},
		{"\xff", false},
		{"١", false}, // a digit outside ASCII
	}
	for _, tt := range tests {
		if got := identity.ValidID(tt.id); got != tt.want {
			t.Errorf("ValidID(%q) = %v, want %v", tt.id, got, tt.want)
		}
	}
}

// TestDocumentForms checks that a number is found under the form of any type and under the one that v0.1.0 stored.
func TestDocumentForms(t *testing.T) {
	for number, want := range map[string][]string{
		"123125":        {"123125"},
		"12.345.678-k":  {"12345678K"},
		"12 345/678-K":  {"12345678K"},
		"012.345.678-k": {"012345678K", "12345678K"},
		"A123456(3)":    {"A1234563", "A123456(3)"},
		"A\u017f1":      {"A\u017f1", "AS1"},
		"añ1":           {"AÑ1"},
		"1_2":           {"1_2"}, // people do not write it as a separator
		"121212+1212":   {"121212+1212"},
		"":              nil,
		" .-/ ":         nil,
	} {
		if got := identity.DocumentForms(number); !slices.Equal(got, want) {
			t.Errorf("DocumentForms(%q) = %q, want %q", number, got, want)
		}
	}
}
