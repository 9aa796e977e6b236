package registry_test

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"cedula/shared/identity"
)

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
			t.Errorf("document %q becomes another one when normalised twice", s)
		}
		if once := identity.NormalizeEmail(s); identity.NormalizeEmail(once) != once {
			t.Errorf("email %q becomes another one when normalised twice", s)
		}
	})
}

func TestIdempotencyKey(t *testing.T) {
	const tooLong, unprintable = "must have at most 255 characters", "must be printable ASCII"
	tests := []struct{ name, key, reason string }{
		{"uuid", "5f8f2a8e-4b7c-4a1e-8d3f-1234567890ab", ""},
		{"no key", "", ""},
		{"every printable character", " !\"#$%&'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~", ""},
		{"255 characters", strings.Repeat("k", 255), ""},
		{"256 characters", strings.Repeat("k", 256), tooLong},
		{"tab", "a\tb", unprintable},
		{"line break", "a\nb", unprintable},
		{"NUL", "\x00", unprintable},
		{"DEL", "\x7f", unprintable},
		{"letter outside ASCII", "clé", unprintable},
		{"not UTF-8", "\xff", unprintable},
		{"too long and unprintable", strings.Repeat("\n", 256), tooLong},
	}
	w := newTestRegistry(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := w.store.creates
			d := draft(identity.Profile{FirstName: "Ana"})
			d.Idempotency = identity.Idempotency{Key: tt.key}
			_, err := w.Create(ctx, d)
			if tt.reason != "" {
				wantField(t, err, identity.FieldIdempotencyKey, tt.reason)
			} else if err != nil {
				t.Error(err)
			}
			if asked := w.store.creates > before; asked != (err == nil) {
				t.Errorf("the store was asked: %v", asked)
			}
		})
	}
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
			t.Errorf("%q is taken for another error", tt.err)
		}
	}
}
