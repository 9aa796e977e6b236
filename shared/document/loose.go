package document

// loose is the look that a number of a type has at least: which characters may
// stand in it, and how many without the separators.
type loose struct {
	class    class
	min, max int
}

type class uint8

const (
	digits    class = iota
	digitsOrK       // digits, the last may be a K
	letters         // digits, letters from A to Z, Ñ and &
)

func (l loose) fits(text string) bool {
	if len(text) < l.min || len(text) > l.max {
		return false
	}
	switch l.class {
	case letters:
		return all(text, func(c byte) bool { return isDigit(c) || isLetter(c) || c == enye || c == '&' })
	case digitsOrK:
		if last := len(text) - 1; text[last] == 'K' {
			text = text[:last]
		}
	}
	return allDigits(text)
}

// maxNumber bounds a number of which nothing is known.
const maxNumber = 64

// anyNumber tells whether a number of which nothing is known may be one: ASCII
// letters, digits and separators, not separators alone.
func anyNumber(number string) bool {
	if len(number) > maxNumber {
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
