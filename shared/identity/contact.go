package identity

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"
)

// CheckEmail returns an *Invalid unless s is one plain address (the addr-spec
// of RFC 5322 without comments or display name), within the lengths of RFC
// 5321, section 4.5.3.1, and with a dotted host.
func CheckEmail(s string) error {
	at := strings.LastIndexByte(s, '@')
	a, err := mail.ParseAddress(s)
	ok := err == nil && a.Address == s && a.Name == "" && !strings.ContainsFunc(s, invisible) &&
		len(s) <= 254 && at <= 64 && dottedHost(s[at+1:])
	if !ok {
		return &Invalid{FieldEmail, "must be an email address such as name@example.com"}
	}
	return nil
}

// invisible reports spaces and characters without a visible form, such as a zero-width space: two
// addresses that look alike must be equal.
func invisible(c rune) bool { return c == ' ' || !unicode.IsPrint(c) }

// dottedHost reports whether host has at least two labels of RFC 1123, section 2.1, which may
// contain letters outside ASCII (RFC 6531).
func dottedHost(host string) bool {
	labels := strings.Split(host, ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' {
			return false
		}
		for _, c := range l {
			if c < 0x80 && !asciiAlphanumeric(c) && c != '-' {
				return false
			}
		}
	}
	return len(labels) >= 2
}

func asciiAlphanumeric(c rune) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// CheckPhone returns an *Invalid unless s is a number in the international
// form of ITU-T E.164: "+", then 7 to 15 digits that do not begin with 0.
func CheckPhone(s string) error {
	digits, plus := strings.CutPrefix(s, "+")
	ok := plus && len(digits) >= 7 && len(digits) <= 15 && digits[0] != '0' && allDigits(digits)
	if !ok {
		return &Invalid{FieldPhone, "must be an international number such as +56912345678"}
	}
	return nil
}

func allDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// CheckDeliverable rejects an address that cannot receive a code: a malformed one, which
// the Blnk API accepts, and an email with letters outside ASCII. A mailbox has several
// spellings of such an email, each of which would have a rate limit of its own, and Amazon
// SES does not accept them; a host is written as in DNS, xn--... (RFC 5890). It returns
// nil or a *StateError.
func (c Channel) CheckDeliverable(address string) error {
	if c.CheckAddress(address) != nil {
		return &StateError{"cannot send a code: the " + string(c) + " is not valid"}
	}
	if c == ChannelEmail && strings.ContainsFunc(address, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return &StateError{"cannot send a code: the email contains characters outside ASCII; write its host as xn--..."}
	}
	return nil
}
