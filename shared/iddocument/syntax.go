package iddocument

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

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

// isSeparator reports characters that people write between the parts of a number, which may be those of a word processor.
func isSeparator(c rune) bool {
	return strings.ContainsRune(" .-/()\u00ad\u2212", c) || unicode.In(c, unicode.Zs, unicode.Pd)
}

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

// typeName returns the name of a type in the table. Names have no letters outside ASCII.
func typeName(kind string) string { return strings.Map(capital, kind) }

// capital returns the capital of a letter of ASCII, or of ñ. Other letters stay: ſ is not S, and ı is not I.
func capital(c rune) rune {
	if c >= 'a' && c <= 'z' || c == 'ñ' {
		return unicode.ToUpper(c)
	}
	return c
}

// Compact returns a number without separators, with capital letters of ASCII and in normalization form C.
func Compact(number string) string {
	return norm.NFC.String(strings.Map(func(c rune) rune {
		if isSeparator(c) {
			return -1
		}
		return capital(c)
	}, number))
}

// trimZeros removes the zeros before the digits of a number, which may follow one letter and end with another character. It
// keeps a last zero.
func trimZeros(compact string) string {
	first := 0
	if compact != "" && isOf('A', compact[0]) {
		first = 1
	}
	digits := compact[first:]
	if len(digits) < 2 || !allOf('9', digits[:len(digits)-1]) {
		return compact
	}
	rest := strings.TrimLeft(digits, "0")
	if rest == "" {
		rest = "0"
	}
	return compact[:first] + rest
}

// maxPadding is how many zeros are added to a number from which, for example, a spreadsheet has removed them.
const maxPadding = 3

// fit returns a compact number in the strict form, by removing or adding leading zeros where they are meaningless. It returns
// the number unchanged if it cannot.
func (r rule) fit(number string) string {
	if r.zeros != meaningless || number == "" || r.strict.matches(number) {
		return number
	}
	trimmed := trimZeros(number)
	missing := r.strict.min - len(trimmed)
	fixed := r.strict.min == len(r.strict.pattern)
	if !fixed || missing <= 0 || missing > maxPadding {
		return trimmed
	}
	first := 0
	if isOf('A', trimmed[0]) {
		first = 1
	}
	return trimmed[:first] + strings.Repeat("0", missing) + trimmed[first:]
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

// plausibleUnknown reports whether a number of an unknown type can be one, in any script: official spellings have
// parentheses, as in Hong Kong, and other signs, as in Sweden.
func plausibleUnknown(number string) bool {
	notVisible := func(c rune) bool { return c != ' ' && !unicode.IsPrint(c) }
	return utf8.RuneCountInString(number) <= maxUnknownLength && utf8.ValidString(number) &&
		strings.ContainsFunc(number, func(c rune) bool { return unicode.In(c, unicode.L, unicode.Nd) }) && !strings.ContainsFunc(number, notVisible)
}
