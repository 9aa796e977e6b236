package iddocument

import "slices"

// dniPeru checks the DNI of Peru's registry (RENIEC): 8 digits, and on newer
// cards a ninth character modulo 11, which is printed as a digit or as a letter.
// Formula compared with python-stdnum, stdnum/pe/cui.py.
func dniPeru(number string) Result {
	if isNumeric(number, 8) {
		return Result{Unchecked, "a DNI of 8 digits has no check digit"}
	}
	if !hasPattern(number, "99999999*") {
		return Result{Invalid, "a DNI has 8 digits and at most one check digit or letter"}
	}
	s := weightedSum(number, 3, 2, 7, 6, 5, 4, 3, 2) % 11
	return checkDigitResult("65432110987"[s] == number[8] || "KJIHGFEDCBA"[s] == number[8])
}

// carneExtranjeria checks the number of a foreigner's card in Peru.
func carneExtranjeria(number string) Result {
	return syntaxResult(isNumeric(number, 9), "a foreigner's card has 9 digits")
}

var rucPeruPrefixes = []string{"10", "15", "17", "20"}

// rucPeru checks the RUC of Peru's tax authority (SUNAT): a kind of holder, 8
// digits (a person's DNI) and one modulo 11. Formula compared with
// python-stdnum, stdnum/pe/ruc.py.
func rucPeru(number string) Result {
	if !isNumeric(number, 11) {
		return Result{Invalid, "a RUC has 11 digits"}
	}
	if !slices.Contains(rucPeruPrefixes, number[:2]) {
		return Result{Invalid, "no RUC begins with these two digits"}
	}
	s := weightedSum(number, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
	return checkDigitResult(digitChar((11-s%11)%10) == number[10])
}
