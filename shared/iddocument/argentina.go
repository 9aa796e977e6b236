package iddocument

import "slices"

var cuitPrefixes = []string{"20", "23", "24", "27", "30", "33", "34", "50", "51", "55"}

// cuit checks the CUIT of Argentina's tax authority and the CUIL of its social security,
// which have the same form: a kind of holder, 8 digits (a person's DNI) and one modulo 11.
// If the sum requires 10, the digit is 9; other sources say that such a number is issued
// under another kind instead. Formula compared with python-stdnum, stdnum/ar/cuit.py.
func cuit(number string) Result {
	if !isNumeric(number, 11) {
		return Result{Invalid, "a CUIT or CUIL has 11 digits"}
	}
	if !slices.Contains(cuitPrefixes, number[:2]) {
		return Result{Invalid, "no CUIT or CUIL begins with these two digits"}
	}
	s := weightedSum(number, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
	return checkDigitResult("09987654321"[s%11] == number[10])
}

// dniArgentina checks the number of Argentina's identity card.
func dniArgentina(number string) Result {
	return syntaxResult(isNumeric(number, 7) || isNumeric(number, 8), "a DNI has 7 or 8 digits")
}
