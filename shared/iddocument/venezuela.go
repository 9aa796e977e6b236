package iddocument

import "strings"

// rif checks the RIF of Venezuela's tax authority (SENIAT): a letter for the
// holder, 8 digits and one modulo 11. Formula compared with python-stdnum,
// stdnum/ve/rif.py.
func rif(number string) Result {
	const holders = "VEJPG" // citizen, foreigner, company, passport, government
	if len(number) != 10 || !allDigits(number[1:]) || strings.IndexByte(holders, number[0]) < 0 {
		return Result{Invalid, "a RIF has one of the letters V, E, J, P, G and 9 digits"}
	}
	s := 4 * (1 + strings.IndexByte(holders, number[0]))
	s += weightedSum(number[1:], 3, 2, 7, 6, 5, 4, 3, 2)
	return checkDigitResult("00987654321"[s%11] == number[9])
}
