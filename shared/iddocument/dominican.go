package iddocument

// cedulaDominicana checks the identity card of the Dominican Republic: 11
// digits, the last as ISO/IEC 7812-1 has it. Some cards were issued with a wrong
// one: they are Invalid here, since a list of them would name people. Formula
// compared with python-stdnum, stdnum/do/cedula.py.
func cedulaDominicana(number string) Result {
	if !isNumeric(number, 11) {
		return Result{Invalid, "a cedula has 11 digits"}
	}
	return checkDigitResult(luhn(number))
}

// rnc checks the RNC that the tax authority (DGII) gives to companies: 8 digits
// and one modulo 11, from 1 to 9. Some were issued with a wrong one and are
// Invalid here. Formula compared with python-stdnum, stdnum/do/rnc.py.
func rnc(number string) Result {
	if !isNumeric(number, 9) {
		return Result{Invalid, "an RNC has 9 digits"}
	}
	s := weightedSum(number, 7, 9, 8, 6, 5, 4, 3, 2)
	return checkDigitResult(digitChar((10-s%11)%9+1) == number[8])
}
