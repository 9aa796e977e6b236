package identity

import (
	"net/mail"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// CheckEmail returns an *Invalid unless s is one plain address (the addr-spec
// of RFC 5322 without comments or display name), within the lengths of RFC
// 5321, section 4.5.3.1, and with a dotted host that DNS can have (RFC 5890).
func CheckEmail(s string) error {
	at := strings.LastIndexByte(s, '@')
	a, err := mail.ParseAddress(s)
	ok := err == nil && a.Address == s && a.Name == "" && !strings.ContainsFunc(s, invisible) &&
		len(s) <= 254 && at <= 64
	if !ok || !dottedHost(s[at+1:]) {
		return &Invalid{FieldEmail, "must be an email address such as name@example.com"}
	}
	return nil
}

// dottedHost reports whether host, as in DNS, has at least two labels of RFC 1123, section 2.1.
func dottedHost(host string) bool {
	host, err := asciiHost(host)
	labels := strings.Split(host, ".")
	return err == nil && len(labels) >= 2 && !slices.ContainsFunc(labels, func(l string) bool { return !hostLabel(l) })
}

func hostLabel(l string) bool {
	if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' {
		return false
	}
	return !strings.ContainsFunc(l, func(c rune) bool { return !asciiAlphanumeric(c) && c != '-' })
}

func asciiAlphanumeric(c rune) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// asciiHost returns a host in the form of DNS: bücher.example is xn--bcher-kva.example (UTS 46, nontransitional).
func asciiHost(host string) (string, error) {
	if isASCII(host) {
		return strings.ToLower(host), nil
	}
	return idna.Lookup.ToASCII(host)
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return c >= utf8.RuneSelf })
}

// NormalizeEmail returns the form in which email addresses are compared; two addresses are one mailbox if it is equal. The
// host is in the form of DNS. In the local part, letters of ASCII are lower-cased, because no large mail provider
// distinguishes their case, and others are in normalization form C: U+0130 and U+017F are not i and s. A string that is not
// an address, which the Blnk API accepts, is treated as a local part.
func NormalizeEmail(address string) string {
	if isASCII(address) {
		return strings.ToLower(address)
	}
	at := strings.LastIndexByte(address, '@')
	host, err := asciiHost(address[at+1:])
	if at < 0 || err != nil {
		return foldASCII(norm.NFC.String(address))
	}
	return foldASCII(norm.NFC.String(address[:at+1])) + host
}

func foldASCII(s string) string {
	return strings.Map(func(c rune) rune {
		if c >= 'A' && c <= 'Z' {
			return c + 'a' - 'A'
		}
		return c
	}, s)
}

// EmailForms returns the forms under which identities with an email address are found: NormalizeEmail first and, if the
// address has letters outside ASCII or its host in the form of DNS, those that v0.1.0 stored. It returns nothing for an
// empty address.
func EmailForms(address string) []string {
	if address == "" {
		return nil
	}
	forms := []string{NormalizeEmail(address)}
	if hasOneForm(address) {
		return forms
	}
	at := strings.LastIndexByte(address, '@')
	stored := []string{strings.ToLower(address)}
	host, err := idna.ToUnicode(forms[0][strings.LastIndexByte(forms[0], '@')+1:])
	if err == nil && at >= 0 {
		stored = append(stored, strings.ToLower(norm.NFC.String(address[:at+1]))+host)
	}
	for _, form := range stored {
		if !slices.Contains(forms, form) {
			forms = append(forms, form)
		}
	}
	return forms
}

// hasOneForm reports whether v0.1.0 stored an address as it is stored today.
func hasOneForm(address string) bool {
	return isASCII(address) && !strings.Contains(strings.ToLower(address), "xn--")
}

// deliverableEmail returns an address as mail services accept it, with its host in the form of DNS. It returns a
// *StateError for letters outside ASCII in the local part (RFC 6531), which Amazon SES does not accept.
func deliverableEmail(address string) (string, error) {
	at := strings.LastIndexByte(address, '@')
	host, err := asciiHost(address[at+1:])
	if err != nil || !isASCII(address[:at+1]) {
		return "", &StateError{"cannot send a code: the email contains characters outside ASCII before the @"}
	}
	if isASCII(address) {
		return address, nil
	}
	return address[:at+1] + host, nil
}
