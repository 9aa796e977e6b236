package identity_test

import (
	"strings"
	"testing"
	"time"

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

func TestNormalizedForms(t *testing.T) {
	for _, tt := range []struct {
		normalize func(string) string
		in, want  string
	}{
		{identity.NormalizeDocument, "123125", "123125"},
		{identity.NormalizeDocument, "12.345.678-k", "12345678K"},
		{identity.NormalizeDocument, "12 345/678-K", "12345678K"},
		{identity.NormalizeDocument, "", ""},
		{identity.NormalizeDocument, " .-/ ", ""},
		{identity.NormalizeDocument, "añ1", "AÑ1"},
		{identity.NormalizeDocument, "1_2", "1_2"}, // people do not write it as a separator
		{identity.NormalizeEmail, "juan@example.com", "juan@example.com"},
		{identity.NormalizeEmail, "Juan.PEREZ@Example.COM", "juan.perez@example.com"},
		{identity.NormalizeEmail, "a.b+c@example.com", "a.b+c@example.com"}, // some hosts distinguish dots and tags
		{identity.NormalizeEmail, "ÑANDU@example.com", "Ñandu@example.com"},
	} {
		if got := tt.normalize(tt.in); got != tt.want {
			t.Errorf("normal form of %q = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestErrorsNameFieldsNotValues(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want string
	}{
		{&identity.Invalid{Field: identity.FieldEmail, Reason: "must be x"}, "email must be x"},
		{&identity.MissingField{Field: identity.FieldPhone}, "phone is required"},
		{&identity.DanglingReference{Field: "children.0"}, "children.0 names no identity"},
		{&identity.FieldError{Field: identity.FieldCity, Err: identity.ErrNotTokenizable}, "address.city cannot be tokenized"},
		{&identity.RateLimited{Reason: "too many codes"}, "too many codes"},
		{&identity.Conflict{Fields: []identity.Field{"email", "phone"}}, "an identity with the same [email phone] exists"},
	} {
		if tt.err.Error() != tt.want {
			t.Errorf("Error() = %q, want %q", tt.err, tt.want)
		}
	}
}

func TestCreationNumber(t *testing.T) {
	for _, tt := range []struct {
		name    string
		created time.Time
		least   int64
		most    int64
	}{
		{"the epoch", time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), 0, 4095},
		{"one millisecond later", time.Date(2025, 1, 1, 0, 0, 0, 1e6, time.UTC), 4096, 8191},
		{"2094 is below 2^53", time.Date(2094, 1, 1, 0, 0, 0, 0, time.UTC), 1 << 52, 1<<53 - 1},
	} {
		i := identity.Identity{ID: "id", CreatedAt: tt.created}
		if got := i.CreationNumber(); got < tt.least || got > tt.most {
			t.Errorf("%s: CreationNumber() = %d, want one from %d to %d", tt.name, got, tt.least, tt.most)
		}
	}
}
