package iddocument

// lenientFormat is the look that a number of a type has at least: which characters may
// stand in it, and how many without the separators.
type lenientFormat struct {
	charset  charset
	min, max int
}

type charset uint8

const (
	digits       charset = iota
	digitsOrK            // digits, the last may be a K
	alphanumeric         // digits, letters from A to Z, Ñ and &
)

func (l lenientFormat) matches(text string) bool {
	if len(text) < l.min || len(text) > l.max {
		return false
	}
	switch l.charset {
	case alphanumeric:
		return allBytes(text, func(c byte) bool { return isDigit(c) || isLetter(c) || c == enye || c == '&' })
	case digitsOrK:
		if last := len(text) - 1; text[last] == 'K' {
			text = text[:last]
		}
	}
	return allDigits(text)
}

// maxUnknownLength bounds a number of which nothing is known.
const maxUnknownLength = 64

// plausibleUnknown tells whether a number of which nothing is known may be one: ASCII
// letters, digits and separators, not separators alone.
func plausibleUnknown(number string) bool {
	if len(number) > maxUnknownLength {
		return false
	}
	some := false
	for _, c := range []byte(number) {
		switch {
		case isDigit(c) || isLetter(c&^0x20):
			some = true
		case !isSeparator(rune(c)):
			return false
		}
	}
	return some
}
