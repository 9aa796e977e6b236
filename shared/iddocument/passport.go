package iddocument

// passport checks a passport's number by nothing but its look: ICAO 9303 gives
// it up to 9 letters and digits, and countries add to it.
func passport(number string) Result {
	ok := len(number) >= 5 && len(number) <= 20 && allBytes(number, func(c byte) bool { return isDigit(c) || isLetter(c) })
	return syntaxResult(ok, "a passport's number has 5 to 20 letters and digits")
}
