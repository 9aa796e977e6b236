package registry_test

import (
	"strings"
	"testing"

	"cedula/shared/identity"
)

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
				t.Errorf("error = %v, want none", err)
			}
			if asked := w.store.creates > before; asked != (err == nil) {
				t.Errorf("the store was asked: %v; want asked == (err == nil)", asked)
			}
		})
	}
}
