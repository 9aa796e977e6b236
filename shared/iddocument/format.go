package iddocument

// lenientFormat is the minimum that a compact number of a type must satisfy.
type lenientFormat struct {
	charset  charset
	min, max int // length
}

type charset uint8

const (
	digits       charset = iota
	digitsOrK            // digits, the last may be a K
	alphanumeric         // digits, letters from A to Z, Ñ and &
)

func (l lenientFormat) matches(number string) bool {
	if len(number) < l.min || len(number) > l.max {
		return false
	}
	if l.charset == alphanumeric {
		return allBytes(number, func(c byte) bool { return isDigit(c) || isNameLetter(c) })
	}
	last := len(number) - 1
	if l.charset == digitsOrK && number[last] == 'K' {
		number = number[:last]
	}
	return allDigits(number)
}

// maxUnknownLength bounds a number of an unknown type.
const maxUnknownLength = 64

// plausibleUnknown reports whether a number of an unknown type can be one: ASCII letters,
// digits and separators, but not separators alone.
func plausibleUnknown(number string) bool {
	if len(number) > maxUnknownLength {
		return false
	}
	separatorsOnly := true
	for _, c := range []byte(number) {
		if isSeparator(rune(c)) {
			continue
		}
		if !isDigit(c) && !isLetter(c&^0x20) {
			return false
		}
		separatorsOnly = false
	}
	return !separatorsOnly
}
