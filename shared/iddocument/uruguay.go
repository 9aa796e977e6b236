package iddocument

// ciUruguay checks the identity card of Uruguay: 6 or 7 digits and one modulo
// 10. Formula from the description of the library picandocodigo/ci_uy.
func ciUruguay(number string) Result {
	n := len(number) - 1
	if n != 6 && n != 7 || !allDigits(number) {
		return Result{Invalid, "a CI has 6 or 7 digits and a check digit"}
	}
	weights := [...]int{2, 9, 8, 7, 6, 3, 4}
	s := weightedSum(number, weights[len(weights)-n:]...)
	return checkDigitResult(digitChar((10-s%10)%10) == number[n])
}

// rutUruguay checks the RUT of Uruguay's tax authority (DGI): a kind of
// registration from 01 to 22, 6 digits, 001 and one digit modulo 11. No number
// is issued if the sum requires 10. Formula compared with python-stdnum,
// stdnum/uy/rut.py.
func rutUruguay(number string) Result {
	if !isNumeric(number, 12) {
		return Result{Invalid, "a RUT has 12 digits"}
	}
	if !isRegistrationUruguay(number[:2]) || number[2:8] == "000000" || number[8:11] != "001" {
		return Result{Invalid, "a RUT begins with 01 to 22, and 001 stands before its check digit"}
	}
	s := weightedSum(number, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
	return checkDigitResult(digitChar((11-s%11)%11) == number[11])
}

func isRegistrationUruguay(two string) bool { return "01" <= two && two <= "22" }
