package iddocument

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
	if allBytes(number, isAlphanumeric) {
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

// hasPattern reports whether each character of a compact number is of the class at its place
// in pattern: 9 a digit, A a letter, * a letter or digit, N a letter, Ñ or &, K a digit or K.
func hasPattern(number, pattern string) bool {
	if len(number) != len(pattern) {
		return false
	}
	for i := range len(number) {
		if !inClass(number[i], pattern[i]) {
			return false
		}
	}
	return true
}

func inClass(c, class byte) bool {
	switch class {
	case '9':
		return isDigit(c)
	case 'A':
		return isLetter(c)
	case '*':
		return isAlphanumeric(c)
	case 'N':
		return isNameLetter(c)
	default: // 'K'
		return isDigit(c) || c == 'K'
	}
}

func isSeparator(c rune) bool    { return c == ' ' || c == '.' || c == '-' || c == '/' }
func isDigit(c byte) bool        { return c >= '0' && c <= '9' }
func isLetter(c byte) bool       { return c >= 'A' && c <= 'Z' }
func isAlphanumeric(c byte) bool { return isDigit(c) || isLetter(c) }
func isNameLetter(c byte) bool   { return isLetter(c) || c == enye || c == '&' }

func allBytes(number string, is func(byte) bool) bool {
	for i := range len(number) {
		if !is(number[i]) {
			return false
		}
	}
	return true
}

func allDigits(number string) bool { return allBytes(number, isDigit) }

// isNumeric reports whether number has that many digits and nothing else.
func isNumeric(number string, length int) bool { return len(number) == length && allDigits(number) }
