package iddocument

import "strings"

// cpf checks the CPF of Brazil's tax authority (Receita Federal): 9 digits and two modulo 11.
// One digit repeated satisfies the formula but is never issued. Formula compared with
// python-stdnum, stdnum/br/cpf.py.
func cpf(number string) Result {
	if !isNumeric(number, 11) {
		return Result{Invalid, "a CPF has 11 digits"}
	}
	if strings.Count(number, number[:1]) == len(number) {
		return Result{Invalid, "a CPF is not one digit repeated"}
	}
	first := weightedSum(number, 10, 9, 8, 7, 6, 5, 4, 3, 2)
	second := weightedSum(number, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2)
	return checkDigitResult(receitaCheckDigit(first) == number[9] && receitaCheckDigit(second) == number[10])
}

// cnpj checks the CNPJ of the same authority: 12 digits or, since July 2026, letters, and
// two digits modulo 11. A letter counts as its ASCII code less 48. Formula compared with
// python-stdnum, stdnum/br/cnpj.py.
func cnpj(number string) Result {
	if !hasPattern(number, "************99") {
		return Result{Invalid, "a CNPJ has 12 letters or digits and two check digits"}
	}
	if number[:12] == "000000000000" {
		return Result{Invalid, "a CNPJ is not all zero"}
	}
	first := weightedSum(number, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
	second := weightedSum(number, 6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
	return checkDigitResult(receitaCheckDigit(first) == number[12] && receitaCheckDigit(second) == number[13])
}

// receitaCheckDigit returns the check digit for a weighted sum.
func receitaCheckDigit(sum int) byte { return "00987654321"[sum%11] }
