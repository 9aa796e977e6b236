package iddocument

import "time"

// weightedSum returns the sum of the digits of number, each times its weight. Letters count
// as their distance from '0', as in the CNPJ.
func weightedSum(number string, weights ...int) int {
	s := 0
	for i, w := range weights {
		s += int(number[i]-'0') * w
	}
	return s
}

// digitChar returns n as a character, or invalidChar if n has two digits.
func digitChar(n int) byte {
	if n > 9 {
		return invalidChar
	}
	return '0' + byte(n)
}

// luhn reports whether the digits satisfy the formula of ISO/IEC 7812-1, annex B: every
// second digit from the right is doubled, and the digits of all add up to a multiple of ten.
func luhn(number string) bool {
	s := 0
	for i := range len(number) {
		d := int(number[len(number)-1-i] - '0')
		if i%2 == 1 {
			d = d*2/10 + d*2%10
		}
		s += d
	}
	return s%10 == 0
}

// isCalendarDate reports whether the six digits YYMMDD are a day of the century that begins
// with the given year.
func isCalendarDate(yymmdd string, century int) bool {
	two := func(i int) int { return int(yymmdd[i]-'0')*10 + int(yymmdd[i+1]-'0') }
	day := time.Date(century+two(0), time.Month(two(2)), two(4), 0, 0, 0, 0, time.UTC)
	return int(day.Month()) == two(2) && day.Day() == two(4)
}
