package iddocument

// cuit judges the CUIT of Argentina's tax authority and the CUIL of its social
// security, which are built alike: a kind of holder, 8 digits (a person's DNI)
// and one modulo 11. A sum that asks for 10 is given 9; others say that such a
// number is issued under another kind instead. Formula compared with
// python-stdnum, stdnum/ar/cuit.py.
func cuit(text string) Result {
	if !isNumeric(text, 11) {
		return Result{Invalid, "a CUIT or CUIL has 11 digits"}
	}
	if !containsWord("20 23 24 27 30 33 34 50 51 55", text[:2]) {
		return Result{Invalid, "no CUIT or CUIL begins with these two digits"}
	}
	s := weightedSum(text, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
	return checkDigitResult("09987654321"[s%11] == text[10])
}

// dniArgentina judges the number of Argentina's identity card.
func dniArgentina(text string) Result {
	return syntaxResult(isNumeric(text, 7) || isNumeric(text, 8), "a DNI has 7 or 8 digits")
}
