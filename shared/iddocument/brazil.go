package iddocument

// cpf judges the CPF of Brazil's tax authority (Receita Federal): 9 digits and
// two modulo 11. A row of equal digits passes the formula and is nobody's.
// Formula compared with python-stdnum, stdnum/br/cpf.py.
func cpf(text string) Result {
	if !isNumeric(text, 11) {
		return Result{Invalid, "a CPF has 11 digits"}
	}
	if allBytes(text, func(c byte) bool { return c == text[0] }) {
		return Result{Invalid, "a CPF is not one digit repeated"}
	}
	first := weightedSum(text, 10, 9, 8, 7, 6, 5, 4, 3, 2)
	second := weightedSum(text, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2)
	return checkDigitResult(receitaCheckDigit(first) == text[9] && receitaCheckDigit(second) == text[10])
}

// cnpj judges the CNPJ of the same authority: 12 digits or, since July 2026,
// letters, and two digits modulo 11. A letter counts as its ASCII code less 48.
// Formula compared with python-stdnum, stdnum/br/cnpj.py.
func cnpj(text string) Result {
	if len(text) != 14 || !allBytes(text[:12], func(c byte) bool { return isDigit(c) || isLetter(c) }) || !allDigits(text[12:]) {
		return Result{Invalid, "a CNPJ has 12 letters or digits and two check digits"}
	}
	if text[:12] == "000000000000" {
		return Result{Invalid, "a CNPJ is not all zero"}
	}
	first := weightedSum(text, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
	second := weightedSum(text, 6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
	return checkDigitResult(receitaCheckDigit(first) == text[12] && receitaCheckDigit(second) == text[13])
}

// receitaCheckDigit is the check digit for a weighted sum.
func receitaCheckDigit(sum int) byte { return "00987654321"[sum%11] }
