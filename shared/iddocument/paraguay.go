package iddocument

// rucParaguay checks the RUC of Paraguay's tax authority (SET): up to 8 digits
// and one modulo 11, weights 2, 3, 4 and so on from the right; 10 is written 0.
// Formula compared with python-stdnum, stdnum/py/ruc.py.
func rucParaguay(number string) Result {
	n := len(number) - 1
	if n < 1 || n > 8 || !allDigits(number) {
		return Result{Invalid, "a RUC has up to 8 digits and a check digit"}
	}
	s := 0
	for i := range n {
		s += int(number[n-1-i]-'0') * (2 + i)
	}
	return checkDigitResult(digitChar((11-s%11)%11%10) == number[n])
}
