package identity_test

import (
	"errors"
	"strings"
	"testing"

	"cedula/shared/identity"

	"pgregory.net/rapid"
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
			t.Errorf("%q: got %v; want got == tt.want", tt.id, got)
		}
	}
}

func TestNormalizeDocument(t *testing.T) {
	tests := []struct{ in, want string }{
		{"123125", "123125"},
		{"12.345.678-k", "12345678K"},
		{"12 345/678-K", "12345678K"},
		{"", ""},
		{" .-/ ", ""},
		{"añ1", "AÑ1"},
		{"1_2", "1_2"}, // no separator that people write
	}
	for _, tt := range tests {
		if got := identity.NormalizeDocument(tt.in); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestNormalizeEmail(t *testing.T) {
	tests := []struct{ in, want string }{
		{"juan@example.com", "juan@example.com"},
		{"Juan.PEREZ@Example.COM", "juan.perez@example.com"},
		{"a.b+c@example.com", "a.b+c@example.com"}, // dots and tags are kept: other hosts tell them apart
		{"ÑANDU@example.com", "ñandu@example.com"},
	}
	for _, tt := range tests {
		if got := identity.NormalizeEmail(tt.in); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestNormalizationIsIdempotent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "text")
		if once := identity.NormalizeDocument(s); identity.NormalizeDocument(once) != once {
			t.Errorf("document %q becomes another one when normalised twice; want identity.NormalizeDocument(once) == once", s)
		}
		if once := identity.NormalizeEmail(s); identity.NormalizeEmail(once) != once {
			t.Errorf("email %q becomes another one when normalised twice; want identity.NormalizeEmail(once) == once", s)
		}
	})
}

func TestErrorsNameFieldsNotValues(t *testing.T) {
	tests := []struct {
		err  error
		want string
	}{
		{&identity.Invalid{Field: identity.FieldEmail, Reason: "must be x"}, "email must be x"},
		{&identity.MissingField{Field: identity.FieldPhone}, "phone is required"},
		{&identity.Conflict{Fields: []identity.Field{"email", "phone"}}, "an identity with the same [email phone] exists"},
	}
	for _, tt := range tests {
		if tt.err.Error() != tt.want {
			t.Errorf("got %q, want %q", tt.err, tt.want)
		}
		if errors.Is(tt.err, identity.ErrNotFound) {
			t.Errorf("%q is taken for another error; want not identity.ErrNotFound", tt.err)
		}
	}
}
