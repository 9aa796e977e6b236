package iddocument

// The compact form of a number is upper case and without separators, one byte a
// character: ASCII, enye for Ñ, and other for whatever no number holds.
const (
	enye        = 0xD1
	invalidChar = 0xFF
)

// maxNormalizedLength is more than the longest number of any type. What follows after as
// many characters is cut off: the number is too long in any case.
const maxNormalizedLength = 24

// normalize is the number itself, and nothing is allocated, if that is compact.
func normalize(number string) string {
	if allBytes(number, func(c byte) bool { return isDigit(c) || isLetter(c) }) {
		return number
	}
	text := make([]byte, 0, maxNormalizedLength)
	for _, c := range number {
		if isSeparator(c) {
			continue
		}
		if len(text) == maxNormalizedLength {
			break
		}
		text = append(text, upper(c))
	}
	return string(text)
}

func upper(c rune) byte {
	switch {
	case c >= 'a' && c <= 'z':
		return byte(c) - 'a' + 'A'
	case c > ' ' && c < 0x7F:
		return byte(c)
	case c == 'ñ' || c == 'Ñ':
		return enye
	}
	return invalidChar
}

func isSeparator(c rune) bool { return c == ' ' || c == '.' || c == '-' || c == '/' }
func isDigit(c byte) bool     { return c >= '0' && c <= '9' }
func isLetter(c byte) bool    { return c >= 'A' && c <= 'Z' }

func allBytes(text string, is func(byte) bool) bool {
	for i := range len(text) {
		if !is(text[i]) {
			return false
		}
	}
	return true
}

func allDigits(text string) bool  { return allBytes(text, isDigit) }
func allLetters(text string) bool { return allBytes(text, isLetter) }
