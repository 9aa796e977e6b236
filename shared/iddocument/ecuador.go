package iddocument

// ciEcuador judges the identity card of Ecuador: a province, a third digit up
// to 6, and one digit as ISO/IEC 7812-1 has it. Formula compared with
// python-stdnum, stdnum/ec/ci.py.
func ciEcuador(text string) Result {
	if !isNumeric(text, 10) {
		return Result{Invalid, "a CI has 10 digits"}
	}
	if !isProvince(text[:2]) || text[2] > '6' {
		return Result{Invalid, "no CI begins with these three digits"}
	}
	return checkDigitResult(luhn(text))
}

// rucEcuador judges the RUC of Ecuador's tax authority (SRI). The third digit
// tells the holder: up to 6 a person, whose CI comes first, 9 a company; a public
// body has 6, or 9. The last three digits, four of a public body, number its
// places and are not all zero. Formula compared with python-stdnum,
// stdnum/ec/ruc.py.
func rucEcuador(text string) Result {
	if !isNumeric(text, 13) {
		return Result{Invalid, "a RUC has 13 digits"}
	}
	if !isProvince(text[:2]) || text[2] == '7' || text[2] == '8' {
		return Result{Invalid, "no RUC begins with these three digits"}
	}
	company := text[10:] != "000" && weightedSum(text, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)%11 == 0
	public := text[9:] != "0000" && weightedSum(text, 3, 2, 7, 6, 5, 4, 3, 2, 1)%11 == 0
	person := text[10:] != "000" && luhn(text[:10])
	switch text[2] {
	case '9':
		return checkDigitResult(company || public)
	case '6':
		return checkDigitResult(person || public)
	}
	return checkDigitResult(person)
}

// isProvince: 24 provinces, 30 for those registered abroad, 50.
func isProvince(two string) bool {
	return two >= "01" && two <= "24" || two == "30" || two == "50"
}
