package iddocument

// dniPeru judges the DNI of Peru's registry (RENIEC): 8 digits, and on newer
// cards a ninth character modulo 11, which is printed as a digit or as a letter.
// Formula compared with python-stdnum, stdnum/pe/cui.py.
func dniPeru(text string) Result {
	if isNumeric(text, 8) {
		return Result{Unchecked, "a DNI of 8 digits has no check digit"}
	}
	if len(text) != 9 || !allDigits(text[:8]) || !isDigit(text[8]) && !isLetter(text[8]) {
		return Result{Invalid, "a DNI has 8 digits and at most one check digit or letter"}
	}
	s := weightedSum(text, 3, 2, 7, 6, 5, 4, 3, 2) % 11
	return checkDigitResult("65432110987"[s] == text[8] || "KJIHGFEDCBA"[s] == text[8])
}

// carneExtranjeria judges the number of a foreigner's card in Peru.
func carneExtranjeria(text string) Result {
	return syntaxResult(isNumeric(text, 9), "a foreigner's card has 9 digits")
}

// rucPeru judges the RUC of Peru's tax authority (SUNAT): a kind of holder, 8
// digits (a person's DNI) and one modulo 11. Formula compared with
// python-stdnum, stdnum/pe/ruc.py.
func rucPeru(text string) Result {
	if !isNumeric(text, 11) {
		return Result{Invalid, "a RUC has 11 digits"}
	}
	if !containsWord("10 15 17 20", text[:2]) {
		return Result{Invalid, "no RUC begins with these two digits"}
	}
	s := weightedSum(text, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
	return checkDigitResult(digitChar((11-s%11)%10) == text[10])
}
