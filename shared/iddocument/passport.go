package iddocument

// passport judges a passport's number by nothing but its look: ICAO 9303 gives
// it up to 9 letters and digits, and countries add to it.
func passport(text string) Result {
	ok := len(text) >= 5 && len(text) <= 20 && allBytes(text, func(c byte) bool { return isDigit(c) || isLetter(c) })
	return syntaxResult(ok, "a passport's number has 5 to 20 letters and digits")
}
