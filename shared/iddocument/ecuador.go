package iddocument

// ciEcuador checks the identity card of Ecuador: a province, a third digit up
// to 6, and one digit by ISO/IEC 7812-1. Formula compared with
// python-stdnum, stdnum/ec/ci.py.
func ciEcuador(number string) Result {
	if !isNumeric(number, 10) {
		return Result{Invalid, "a CI has 10 digits"}
	}
	if !isProvince(number[:2]) || number[2] > '6' {
		return Result{Invalid, "no CI begins with these three digits"}
	}
	return checkDigitResult(luhn(number))
}

// rucEcuador checks the RUC of Ecuador's tax authority (SRI). The third digit
// says who holds it: up to 6 a person, whose CI comes first; 9 a company; 6 or 9 a
// public body. The last three digits, four of a public body, number its
// establishments and are not all zero. Formula compared with python-stdnum,
// stdnum/ec/ruc.py.
func rucEcuador(number string) Result {
	if !isNumeric(number, 13) {
		return Result{Invalid, "a RUC has 13 digits"}
	}
	if !isProvince(number[:2]) || number[2] == '7' || number[2] == '8' {
		return Result{Invalid, "no RUC begins with these three digits"}
	}
	asCompany := number[10:] != "000" && weightedSum(number, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)%11 == 0
	asPublic := number[9:] != "0000" && weightedSum(number, 3, 2, 7, 6, 5, 4, 3, 2, 1)%11 == 0
	asPerson := number[10:] != "000" && luhn(number[:10])
	switch number[2] {
	case '9':
		return checkDigitResult(asCompany || asPublic)
	case '6':
		return checkDigitResult(asPerson || asPublic)
	}
	return checkDigitResult(asPerson)
}

// isProvince accepts the 24 provinces, 30 for those registered abroad, and 50.
func isProvince(two string) bool {
	return "01" <= two && two <= "24" || two == "30" || two == "50"
}
