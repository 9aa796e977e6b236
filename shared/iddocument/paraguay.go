package iddocument

// rucParaguay judges the RUC of Paraguay's tax authority (SET): up to 8 digits
// and one modulo 11, weights 2, 3, 4 and so on from the right; 10 is written 0.
// Formula compared with python-stdnum, stdnum/py/ruc.py.
func rucParaguay(text string) Result {
	n := len(text) - 1
	if n < 1 || n > 8 || !allDigits(text) {
		return Result{Invalid, "a RUC has up to 8 digits and a check digit"}
	}
	s := 0
	for i := range n {
		s += int(text[n-1-i]-'0') * (2 + i)
	}
	return checkDigitResult(digitChar((11-s%11)%11%10) == text[n])
}
