package iddocument

import "time"

const (
	reasonMatch        = "the check digit matches"
	reasonMismatch     = "the check digit does not match"
	reasonNoCheckDigit = "this type of document has no check digit"
)

// checkDigitResult is the verdict on a number whose syntax is right.
func checkDigitResult(match bool) Result {
	if match {
		return Result{Valid, reasonMatch}
	}
	return Result{Invalid, reasonMismatch}
}

// syntaxResult is the verdict on a number of a type without check digit.
func syntaxResult(ok bool, must string) Result {
	if ok {
		return Result{Unchecked, reasonNoCheckDigit}
	}
	return Result{Invalid, must}
}

// isNumeric tells whether text is all digits and that many.
func isNumeric(text string, length int) bool { return len(text) == length && allDigits(text) }

// weightedSum is the sum of the digits of text, each times its weight. Letters count
// as their distance from '0', as the CNPJ has it.
func weightedSum(text string, weights ...int) int {
	s := 0
	for i, w := range weights {
		s += int(text[i]-'0') * w
	}
	return s
}

// digitChar is n as a character; ten and more is none that a number may hold.
func digitChar(n int) byte {
	if n > 9 {
		return invalidChar
	}
	return '0' + byte(n)
}

func lastChar(text string) byte { return text[len(text)-1] }

// luhn tells whether the digits pass the formula of ISO/IEC 7812-1, annex B:
// every second one from the right is doubled, and the digits of all add up to
// a multiple of ten.
func luhn(text string) bool {
	s := 0
	for i := range len(text) {
		d := int(text[len(text)-1-i] - '0')
		if i%2 == 1 {
			d = d*2/10 + d*2%10
		}
		s += d
	}
	return s%10 == 0
}

// isCalendarDate tells whether the six digits YYMMDD are a day of the century that
// begins with that year.
func isCalendarDate(yymmdd string, century int) bool {
	two := func(i int) int { return int(yymmdd[i]-'0')*10 + int(yymmdd[i+1]-'0') }
	day := time.Date(century+two(0), time.Month(two(2)), two(4), 0, 0, 0, 0, time.UTC)
	return int(day.Month()) == two(2) && day.Day() == two(4)
}
