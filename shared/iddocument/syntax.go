package iddocument

import "strings"

// The compact form of a number is upper case and without separators, one byte a
// character: ASCII, enye for Ñ, and invalidChar for what no number contains.
const (
	enye        = 0xD1
	invalidChar = 0xFF
)

// maxNormalizedLength exceeds the longest number of any type: a longer number is invalid
// in any case, so the rest is cut off.
const maxNormalizedLength = 24

// normalize returns the compact form of a number. It does not allocate if number is compact.
func normalize(number string) string {
	if allOf('*', number) {
		return number
	}
	compact := make([]byte, 0, maxNormalizedLength)
	for _, c := range number {
		if isSeparator(c) {
			continue
		}
		if len(compact) == maxNormalizedLength {
			break
		}
		compact = append(compact, upper(c))
	}
	return string(compact)
}

func isSeparator(c rune) bool { return c == ' ' || c == '.' || c == '-' || c == '/' }

func upper(c rune) byte {
	if c >= 'a' && c <= 'z' {
		return byte(c) - 'a' + 'A'
	}
	if c > ' ' && c < 0x7F {
		return byte(c)
	}
	if c == 'ñ' || c == 'Ñ' {
		return enye
	}
	return invalidChar
}

// isOf reports whether a character of a compact number is of a class: 9 a digit, A a letter,
// * a letter or digit, N a letter, Ñ or &, K a digit or K, R a letter of a RIF, and + any of
// digits and N.
func isOf(class, c byte) bool {
	digit := c >= '0' && c <= '9'
	letter := c >= 'A' && c <= 'Z'
	nameLetter := letter || c == enye || c == '&'
	switch class {
	case '9':
		return digit
	case 'A':
		return letter
	case '*':
		return digit || letter
	case 'N':
		return nameLetter
	case 'K':
		return digit || c == 'K'
	case 'R':
		return strings.IndexByte(rifHolders, c) >= 0
	default: // '+'
		return digit || nameLetter
	}
}

func allOf(class byte, number string) bool {
	for i := range len(number) {
		if !isOf(class, number[i]) {
			return false
		}
	}
	return true
}

// form is what the compact numbers of a type look like.
type form struct {
	min     int    // length
	pattern string // the classes of the characters; a shorter number lacks the first ones
}

func (f form) matches(number string) bool {
	if len(number) < f.min || len(number) > len(f.pattern) {
		return false
	}
	classes := f.pattern[len(f.pattern)-len(number):]
	for i := range len(number) {
		if !isOf(classes[i], number[i]) {
			return false
		}
	}
	return true
}

// maxUnknownLength bounds a number of an unknown type.
const maxUnknownLength = 64

// plausibleUnknown reports whether a number of an unknown type can be one: ASCII letters,
// digits and separators, but not separators alone.
func plausibleUnknown(number string) bool {
	notAllowed := func(c rune) bool { return c >= 0x80 || !isSeparator(c) && !isOf('*', upper(c)) }
	separatorsOnly := strings.TrimFunc(number, isSeparator) == ""
	return len(number) <= maxUnknownLength && !separatorsOnly && !strings.ContainsFunc(number, notAllowed)
}
