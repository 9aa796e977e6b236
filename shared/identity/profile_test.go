package identity_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"cedula/shared/identity"
)

// shortTexts are the texts of a profile with at most 64 characters. The others have at most 256.
var shortTexts = strings.Fields("Kind Phone DocumentType DocumentNumber Gender Nationality Country " +
	"Address.StreetNumber Address.PostalCode Address.Country")

func TestTextLengthIsLimited(t *testing.T) {
	for _, path := range textPaths("", reflect.TypeFor[identity.Profile]()) {
		if path == "Bank.ID" { // the registry writes it
			continue
		}
		limit := 256
		if slices.Contains(shortTexts, path) {
			limit = 64
		}
		for _, char := range []string{"x", "é", "🙂"} { // one, two and four bytes
			if err := validateText(path, strings.Repeat(char, limit)); err != nil {
				t.Errorf("%s of %d times %s: error = %v, want none", path, limit, char, err)
			}
			wantTextError(t, path, validateText(path, strings.Repeat(char, limit+1)), fmt.Sprintf("must have at most %d characters", limit))
		}
		wantTextError(t, path, validateText(path, "a\x00b"), "must not contain control characters")
	}
}

func wantTextError(t *testing.T, path string, err error, reason string) {
	t.Helper()
	field := path
	if strings.HasPrefix(path, "Bank.") {
		field = string(identity.FieldBank)
	}
	if strings.HasPrefix(path, "Security.AccessControl.") {
		field = string(identity.FieldAccessControl)
	}
	var invalid *identity.Invalid
	if !errors.As(err, &invalid) || !strings.EqualFold(string(invalid.Field), field) || invalid.Reason != reason {
		t.Errorf("%s: error = %v, want %s %s", path, err, field, reason)
	}
}

// textPaths lists the texts below a type by the names of the fields on the way.
func textPaths(prefix string, of reflect.Type) []string {
	switch {
	case of == reflect.TypeFor[identity.JSON](), of.PkgPath() == "time":
		return nil
	case of.Kind() == reflect.String:
		return []string{strings.TrimSuffix(prefix, ".")}
	case of.Kind() == reflect.Pointer, of.Kind() == reflect.Slice:
		return textPaths(prefix, of.Elem())
	case of.Kind() != reflect.Struct:
		return nil
	}
	var list []string
	for _, f := range reflect.VisibleFields(of) {
		list = append(list, textPaths(prefix+f.Name+".", f.Type)...)
	}
	return list
}

// validateText validates a profile that holds one text.
func validateText(path, text string) error {
	var p identity.Profile
	v := reflect.ValueOf(&p).Elem()
	for _, name := range strings.Split(path, ".") {
		v = allocate(v).FieldByName(name)
	}
	allocate(v).SetString(text)
	return p.Validate()
}

// allocate sets a nil pointer or slice to hold one value, and returns that.
func allocate(v reflect.Value) reflect.Value {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return v.Elem()
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		return v.Index(0)
	}
	return v
}

func TestForbiddenCharactersAreRejected(t *testing.T) {
	const control, bidi, broken = "must not contain control characters",
		"must not contain bidirectional control characters", "must be valid Unicode text"
	for _, tt := range []struct{ name, text, reason string }{
		{"accents", "María Ñandú", ""},
		{"Hebrew", "שלום", ""},
		{"Arabic", "محمد", ""},
		{"Chinese", "王小明", ""},
		{"emoji of several code points", "👩‍👩‍👧", ""},
		{"combining marks", "e\u0301", ""},
		{"directional marks that write nothing", "a\u200eb\u200f", ""},
		{"markup", "<b>&'\"", ""},
		{"highest code point", "\U0010fffd", ""},
		{"NUL", "\x00", control},
		{"tab", "a\tb", control},
		{"line feed", "a\nb", control},
		{"carriage return", "a\rb", control},
		{"escape", "\x1b[31m", control},
		{"DEL", "\x7f", control},
		{"next line", "\u0085", control},
		{"last C1 control", "\u009f", control},
		{"line separator", "\u2028", control},
		{"paragraph separator", "\u2029", control},
		{"left-to-right embedding", "\u202a", bidi},
		{"right-to-left override", "abc\u202egpj.exe", bidi},
		{"first isolate", "\u2066", bidi},
		{"last isolate", "\u2069", bidi},
		{"replacement character", "\ufffd", broken},
		{"not UTF-8", "a\xff", broken},
		{"cut off rune", "a\xc3", broken},
		{"encoded surrogate", "\xed\xa0\x80", broken},
		{"overlong slash", "\xc0\xaf", broken},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wantInvalid(t, (&identity.Profile{FirstName: tt.text}).Validate(), identity.FieldFirstName, tt.reason)
		})
	}
}

func TestProfileSizeIsLimited(t *testing.T) {
	scopes := func(n, permissions int) identity.Profile {
		list := make([]identity.AccessScope, n)
		for i := range list {
			list[i].Permissions = make([]string, permissions)
		}
		return identity.Profile{Security: identity.SecurityOptions{AccessControl: &identity.AccessControl{Scopes: list}}}
	}
	value := func(bytes int) identity.JSON { return identity.JSON(`"` + strings.Repeat("x", bytes-2) + `"`) }
	const third = 256 << 10 / 3
	for _, tt := range []struct {
		name    string
		profile identity.Profile
		want    string
	}{
		{"100 scopes", scopes(100, 1), ""},
		{"101 scopes", scopes(101, 1), "security.accessControl must hold at most 100 scopes"},
		{"100 permissions", scopes(1, 100), ""},
		{"101 permissions", scopes(1, 101), "security.accessControl must hold at most 100 permissions a scope"},
		{"256 KB of metadata", identity.Profile{Metadata: value(256 << 10)}, ""},
		{"256 KB and a byte of metadata", identity.Profile{Metadata: value(256<<10 + 1)}, "identity is too large"},
		{"256 KB in three values", identity.Profile{Rules: value(third), ExtendedData: value(third), Metadata: value(third + 1)}, ""},
		{"256 KB and a byte in three values", identity.Profile{Rules: value(third), ExtendedData: value(third), Metadata: value(third + 2)}, "identity is too large"},
	} {
		got := ""
		if err := tt.profile.Validate(); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%s: error = %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestIdempotencyKey(t *testing.T) {
	const tooLong, unprintable = "must have at most 255 characters", "must be printable ASCII"
	for _, tt := range []struct{ name, key, reason string }{
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
	} {
		t.Run(tt.name, func(t *testing.T) {
			wantInvalid(t, identity.Idempotency{Key: tt.key}.Validate(), identity.FieldIdempotencyKey, tt.reason)
		})
	}
}

// wantInvalid checks for an *Invalid with a reason, and for no error if the reason is empty.
func wantInvalid(t *testing.T, err error, field identity.Field, reason string) {
	t.Helper()
	var invalid *identity.Invalid
	if reason == "" && err != nil {
		t.Errorf("error = %v, want none", err)
	}
	if reason != "" && (!errors.As(err, &invalid) || *invalid != identity.Invalid{Field: field, Reason: reason}) {
		t.Errorf("error = %v, want %s %s", err, field, reason)
	}
}
