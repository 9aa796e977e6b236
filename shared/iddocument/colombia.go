package iddocument

// nit checks the NIT of Colombia's tax authority (DIAN): 7 to 15 digits and one
// modulo 11, whose weights are primes from the right. Formula compared with
// python-stdnum, stdnum/co/nit.py.
func nit(number string) Result {
	n := len(number) - 1
	if n < 7 || n > 15 || !allDigits(number) {
		return Result{Invalid, "a NIT has 7 to 15 digits and a check digit"}
	}
	weights := [...]int{3, 7, 13, 17, 19, 23, 29, 37, 41, 43, 47, 53, 59, 67, 71}
	s := 0
	for i := range n {
		s += int(number[n-1-i]-'0') * weights[i]
	}
	return checkDigitResult("01987654321"[s%11] == number[n])
}

// cedulaColombia checks the number of a citizen's card.
func cedulaColombia(number string) Result {
	return syntaxResult(len(number) >= 5 && len(number) <= 12 && allDigits(number), "a citizen's card has 5 to 12 digits")
}

// cedulaExtranjeria checks the number of a foreigner's card in Colombia.
func cedulaExtranjeria(number string) Result {
	return syntaxResult(len(number) >= 6 && len(number) <= 12 && allDigits(number), "a foreigner's card has 6 to 12 digits")
}
