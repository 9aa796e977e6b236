package registry_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"cedula/shared/identity"
)

// textFields is every text of a profile that a client writes: where it stands, how
// errors name it, and how many characters it may have.
var textFields = []struct {
	path  string
	field identity.Field
	max   int
}{
	{"Kind", identity.FieldKind, 64},
	{"FirstName", identity.FieldFirstName, 256},
	{"LastName", identity.FieldLastName, 256},
	{"OtherNames", identity.FieldOtherNames, 256},
	{"OrganizationName", identity.FieldOrganizationName, 256},
	{"Nickname", identity.FieldNickname, 256},
	{"Email", identity.FieldEmail, 256},
	{"Phone", identity.FieldPhone, 64},
	{"DocumentType", identity.FieldDocumentType, 64},
	{"DocumentNumber", identity.FieldDocumentNumber, 64},
	{"IDV", identity.FieldIDV, 256},
	{"Gender", identity.FieldGender, 64},
	{"Nationality", identity.FieldNationality, 64},
	{"Category", identity.FieldCategory, 256},
	{"Country", identity.FieldCountry, 64},
	{"Address.Street", identity.FieldStreet, 256},
	{"Address.StreetNumber", identity.FieldStreetNumber, 64},
	{"Address.Unit", identity.FieldUnit, 256},
	{"Address.State", identity.FieldState, 256},
	{"Address.City", identity.FieldCity, 256},
	{"Address.District", identity.FieldDistrict, 256},
	{"Address.PostalCode", identity.FieldPostalCode, 64},
	{"Address.Country", identity.FieldAddressCountry, 64},
	{"Security.AccessControl.Scopes.Resource", identity.FieldAccessControl, 256},
	{"Security.AccessControl.Scopes.Reference", identity.FieldAccessControl, 256},
	{"Security.AccessControl.Scopes.Permissions", identity.FieldAccessControl, 256},
	{"ExternalID", identity.FieldExternalID, 256},
	{"Bank.AccountNumber", identity.FieldBank, 256},
	{"Bank.Nickname", identity.FieldBank, 256},
	{"Bank.Bank", identity.FieldBank, 256},
	{"Bank.Currency", identity.FieldBank, 256},
	{"Bank.AccountType", identity.FieldBank, 256},
	{"Bank.Holder", identity.FieldBank, 256},
	{"Bank.HolderDocument", identity.FieldBank, 256},
	{"Bank.Country", identity.FieldBank, 256},
	{"Bank.ExternalID", identity.FieldBank, 256},
}

// registryAssignedPath is what the registry writes over.
const registryAssignedPath = "Bank.ID"

func TestEveryTextHasARule(t *testing.T) {
	known := map[string]bool{registryAssignedPath: true}
	for _, tt := range textFields {
		known[tt.path] = true
	}
	for _, path := range textPaths("", reflect.TypeFor[identity.Profile]()) {
		if !known[path] {
			t.Errorf("no row for %s; want known[path]", path)
		}
		delete(known, path)
	}
	for path := range known {
		t.Errorf("the profile has no text %s", path)
	}
}

func TestTextLengthIsLimited(t *testing.T) {
	w := newTestRegistry(t)
	for _, tt := range textFields {
		t.Run(tt.path, func(t *testing.T) {
			for _, fill := range []string{"x", "é", "🙂"} { // one, two and four bytes
				if _, err := w.Create(ctx, draft(profileWithText(tt.path, strings.Repeat(fill, tt.max)))); err != nil {
					t.Errorf("%d times %s: error = %v, want none", tt.max, fill, err)
				}
				_, err := w.Create(ctx, draft(profileWithText(tt.path, strings.Repeat(fill, tt.max+1))))
				wantField(t, err, tt.field, fmt.Sprintf("must have at most %d characters", tt.max))
			}
			_, err := w.Create(ctx, draft(profileWithText(tt.path, "a\x00b")))
			wantField(t, err, tt.field, "must not hold control characters")
		})
	}
}

func TestForbiddenCharactersAreRejected(t *testing.T) {
	const control, bidi, broken = "must not hold control characters",
		"must not hold bidirectional control characters", "must be valid Unicode text"
	tests := []struct{ name, text, reason string }{
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
	}
	w := newTestRegistry(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := w.store.creates
			_, err := w.Create(ctx, draft(identity.Profile{FirstName: tt.text}))
			switch {
			case tt.reason != "":
				wantField(t, err, identity.FieldFirstName, tt.reason)
				if w.store.creates != before {
					t.Error("the store was asked")
				}
			case err != nil:
				t.Errorf("error = %v, want none", err)
			}
		})
	}
}

func TestListLengthIsLimited(t *testing.T) {
	scopes := func(n, permissions int) identity.Profile {
		s := make([]identity.AccessScope, n)
		for i := range s {
			s[i].Permissions = make([]string, permissions)
		}
		return identity.Profile{Security: identity.SecurityOptions{AccessControl: &identity.AccessControl{Scopes: s}}}
	}
	tests := []struct {
		name   string
		p      identity.Profile
		field  identity.Field
		reason string
	}{
		{"100 scopes", scopes(100, 1), "", ""},
		{"101 scopes", scopes(101, 1), identity.FieldAccessControl, "must hold at most 100 scopes"},
		{"100 permissions", scopes(1, 100), "", ""},
		{"101 permissions", scopes(1, 101), identity.FieldAccessControl, "must hold at most 100 permissions a scope"},
	}
	w := newTestRegistry(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := w.Create(ctx, draft(tt.p))
			if tt.field != "" {
				wantField(t, err, tt.field, tt.reason)
			} else if err != nil {
				t.Errorf("error = %v, want none", err)
			}
		})
	}
}

func TestJSONSizeIsLimited(t *testing.T) {
	value := func(bytes int) identity.JSON { return identity.JSON(`"` + strings.Repeat("x", bytes-2) + `"`) }
	long := slices.Repeat([]string{strings.Repeat("🙂", 256)}, 100)
	scopes := slices.Repeat([]identity.AccessScope{{Permissions: long}}, 100)
	const third = 256 << 10 / 3
	tests := []struct {
		name string
		p    identity.Profile
		ok   bool
	}{
		{"256 KB of metadata", identity.Profile{Metadata: value(256 << 10)}, true},
		{"one byte more", identity.Profile{Metadata: value(256<<10 + 1)}, false},
		{"256 KB in three values", identity.Profile{Rules: value(third), ExtendedData: value(third), Metadata: value(third + 1)}, true},
		{"one byte more in three values", identity.Profile{Rules: value(third), ExtendedData: value(third), Metadata: value(third + 2)}, false},
		{"every list full of long texts", identity.Profile{Security: identity.SecurityOptions{AccessControl: &identity.AccessControl{Scopes: scopes}}}, false}, // the table's own limit
	}
	w := newTestRegistry(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := w.Create(ctx, draft(tt.p))
			if tt.ok && err != nil || !tt.ok && !errors.Is(err, identity.ErrTooLarge) {
				t.Errorf("got %v, want ok %v", err, tt.ok)
			}
		})
	}
}

// textPaths lists the texts below a type, by the names of the fields on the way.
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

// profileWithText is a profile that holds one text, under a path of paths.
func profileWithText(path, text string) (p identity.Profile) {
	setText(&p, path, text)
	return p
}

func setText(p *identity.Profile, path, text string) {
	v := reflect.ValueOf(p).Elem()
	for _, name := range strings.Split(path, ".") {
		v = allocate(v).FieldByName(name)
	}
	allocate(v).SetString(text)
}

// allocate makes what a pointer or a slice needs to hold one value, and returns that.
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
