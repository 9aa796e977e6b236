package identity

import (
	"strings"
	"unicode"
)

// invisible reports spaces and characters without a visible form, such as a zero-width space: two
// addresses that look alike must be equal.
func invisible(c rune) bool { return c == ' ' || !unicode.IsPrint(c) }

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

// Deliverable returns an address as services that send messages accept it. It returns a *StateError for one that cannot
// receive a code: a malformed one, which the Blnk API accepts, or an email whose local part has letters outside ASCII.
func (c Channel) Deliverable(address string) (string, error) {
	if c.CheckAddress(address) != nil {
		return "", &StateError{"cannot send a code: the " + string(c) + " is not valid"}
	}
	if c == ChannelEmail {
		return deliverableEmail(address)
	}
	return address, nil
}
