package iddocument

// ciUruguay judges the identity card of Uruguay: 6 or 7 digits and one modulo
// 10. Formula from the description of the library picandocodigo/ci_uy.
func ciUruguay(text string) Result {
	n := len(text) - 1
	if n != 6 && n != 7 || !allDigits(text) {
		return Result{Invalid, "a CI has 6 or 7 digits and a check digit"}
	}
	weights := [...]int{2, 9, 8, 7, 6, 3, 4}
	s := weightedSum(text, weights[len(weights)-n:]...)
	return checkDigitResult(digitChar((10-s%10)%10) == text[n])
}

// rutUruguay judges the RUT of Uruguay's tax authority (DGI): a kind of
// registration from 01 to 22, 6 digits, 001 and one digit modulo 11. A sum that
// asks for 10 has no digit. Formula compared with python-stdnum,
// stdnum/uy/rut.py.
func rutUruguay(text string) Result {
	if !isNumeric(text, 12) {
		return Result{Invalid, "a RUT has 12 digits"}
	}
	if text[:2] < "01" || text[:2] > "22" || text[2:8] == "000000" || text[8:11] != "001" {
		return Result{Invalid, "a RUT begins with 01 to 22, and 001 stands before its check digit"}
	}
	s := weightedSum(text, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
	return checkDigitResult(digitChar((11-s%11)%11) == text[11])
}
