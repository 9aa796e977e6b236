package iddocument

// nit judges the NIT of Colombia's tax authority (DIAN): 7 to 15 digits and one
// modulo 11, whose weights are primes from the right. Formula compared with
// python-stdnum, stdnum/co/nit.py.
func nit(text string) Result {
	n := len(text) - 1
	if n < 7 || n > 15 || !allDigits(text) {
		return Result{Invalid, "a NIT has 7 to 15 digits and a check digit"}
	}
	weights := [...]int{3, 7, 13, 17, 19, 23, 29, 37, 41, 43, 47, 53, 59, 67, 71}
	s := 0
	for i := range n {
		s += int(text[n-1-i]-'0') * weights[i]
	}
	return checkDigitResult("01987654321"[s%11] == text[n])
}

// cedulaColombia judges the number of a citizen's card.
func cedulaColombia(text string) Result {
	return syntaxResult(len(text) >= 5 && len(text) <= 12 && allDigits(text), "a citizen's card has 5 to 12 digits")
}

// cedulaExtranjeria judges the number of a foreigner's card in Colombia.
func cedulaExtranjeria(text string) Result {
	return syntaxResult(len(text) >= 6 && len(text) <= 12 && allDigits(text), "a foreigner's card has 6 to 12 digits")
}
