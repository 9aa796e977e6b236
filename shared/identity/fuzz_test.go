package identity_test

import (
	"net/mail"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"cedula/shared/identity"
)

// FuzzEmail checks that a valid email is one address exactly as written, and that errors do not repeat it.
func FuzzEmail(f *testing.F) {
	const want = "email must be an email address such as name@example.com"
	f.Fuzz(func(t *testing.T, s string) {
		if err := identity.CheckEmail(s); err != nil {
			if err.Error() != want {
				t.Errorf("CheckEmail(%q) = %v, want %q", s, err, want)
			}
			return
		}
		if a, err := mail.ParseAddress(s); err != nil || a.Address != s || strings.ContainsFunc(s, unicode.IsControl) || !utf8.ValidString(s) {
			t.Errorf("CheckEmail(%q) accepts it, want it rejected: it is read as %v, %v", s, a, err)
		}
		wantStable(t, identity.NormalizeEmail, s)
	})
}

func wantStable(t *testing.T, normalize func(string) string, s string) {
	t.Helper()
	once := normalize(s)
	if again := normalize(once); again != once {
		t.Errorf("the normal form of %q is %q, and that of the normal form is %q, want the same", s, once, again)
	}
}

// FuzzPhone checks that exactly "+" and 7 to 15 ASCII digits without a leading zero are valid.
func FuzzPhone(f *testing.F) {
	for _, s := range []string{
		"+56912345674", "+5691111111", "+1234567", "+123456789012345", // Chile has nine national digits
		"", "+", "56912345674", "0056912345674", "++56912345674", "+56 912345674", "+56-912345674", "+(56)912345674",
		" +56912345674", "+5691234567x", "+5691234567٣", "＋56912345674", "+56912345674;ext=1", "tel:+56912345674",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want := len(s) >= 8 && len(s) <= 16 && s[0] == '+' && s[1] != '0' && strings.Trim(s[1:], "0123456789") == ""
		wantCheck(t, identity.CheckPhone, s, want, "phone must be an international number such as +56912345678")
	})
}

// FuzzDate checks that a date is written as it was read.
func FuzzDate(f *testing.F) {
	f.Fuzz(func(t *testing.T, s string) {
		d, ok := identity.ParseDate(s)
		if !ok {
			return
		}
		if again, ok := identity.ParseDate(d.String()); !ok || again != d || !strings.HasPrefix(s, d.String()) {
			t.Errorf("ParseDate(%q) = %v, which is read as %v, %v, want the same date and a prefix of the text", s, d, again, ok)
		}
	})
}

// FuzzDocumentNumber checks that the normal form of a number does not depend on its separators.
func FuzzDocumentNumber(f *testing.F) {
	f.Fuzz(func(t *testing.T, s string) {
		normalize := func(s string) string {
			return (&identity.Profile{DocumentType: "RUT", Country: "CHL", DocumentNumber: s}).DocumentForm()
		}
		wantStable(t, normalize, s)
		dashed := strings.Join(strings.Split(s, ""), "-")
		if got, want := normalize(dashed), normalize(s); utf8.ValidString(s) && got != want {
			t.Errorf("form of %q = %q, want %q as without dashes", dashed, got, want)
		}
	})
}
