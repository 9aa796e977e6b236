package identity_test

import (
	"net/mail"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"cedula/shared/identity"
)

// FuzzEmail: what passes is one address that reads as it is written, and its
// normal form is one too.
func FuzzEmail(f *testing.F) {
	f.Fuzz(func(t *testing.T, s string) {
		if err := identity.CheckEmail(s); err != nil {
			if strings.Contains(err.Error(), s) && len(s) > 3 && !strings.Contains("email must be an email address such as name@example.com", s) {
				t.Errorf(`the error repeats %q: %v; want (not strings.Contains(err.Error(), s) or len(s) <= 3) or strings.Contains("email must be an email address such as name@example.com", s)`, s, err)
			}
			return
		}
		if a, err := mail.ParseAddress(s); err != nil || a.Address != s || strings.ContainsFunc(s, unicode.IsControl) || !utf8.ValidString(s) {
			t.Errorf("%q passed: %v; want no error and a.Address == s and not strings.ContainsFunc(s, unicode.IsControl) and utf8.ValidString(s)", s, err)
		}
		normal := identity.NormalizeEmail(s)
		if again := identity.NormalizeEmail(normal); again != normal {
			t.Errorf("%q is normally %q, and that %q; want again == normal", s, normal, again)
		}
	})
}

// FuzzPhone: what passes is "+" and digits, all of ASCII.
func FuzzPhone(f *testing.F) {
	f.Fuzz(func(t *testing.T, s string) {
		ok := len(s) >= 8 && len(s) <= 16 && s[0] == '+' && s[1] != '0' && strings.Trim(s[1:], "0123456789") == ""
		if got := identity.CheckPhone(s) == nil; got != ok {
			t.Errorf("%q: %v; want got == ok", s, got)
		}
	})
}

// FuzzDate: what is read is a day that is read again from how it is written.
func FuzzDate(f *testing.F) {
	f.Fuzz(func(t *testing.T, s string) {
		d, ok := identity.ParseDate(s)
		if !ok {
			return
		}
		if again, ok := identity.ParseDate(d.String()); !ok || again != d || !strings.HasPrefix(s, d.String()) {
			t.Errorf("%q is %v, and that %v; want ok and again == d and strings.HasPrefix(s, d.String())", s, d, again)
		}
	})
}

// FuzzDocumentNumber: the normal form is its own, whatever stands between.
func FuzzDocumentNumber(f *testing.F) {
	f.Fuzz(func(t *testing.T, s string) {
		normal := identity.NormalizeDocument(s)
		if again := identity.NormalizeDocument(normal); again != normal {
			t.Errorf("%q is normally %q, and that %q; want again == normal", s, normal, again)
		}
		if spread := identity.NormalizeDocument(strings.Join(strings.Split(s, ""), "-")); utf8.ValidString(s) && spread != normal {
			t.Errorf("%q is %q, and with dashes %q; want not utf8.ValidString(s) or spread == normal", s, normal, spread)
		}
	})
}
