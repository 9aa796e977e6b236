package iddocument

// rut checks the RUT of Chile's tax authority (SII), which is a person's RUN: 7 or 8 digits
// and one modulo 11, with weights 2 to 7 repeated from the right; 10 is written K. Formula
// compared with python-stdnum, stdnum/cl/rut.py.
func rut(number string) Result {
	if !hasPattern(number, "9999999K") && !hasPattern(number, "99999999K") {
		return Result{Invalid, "a RUT has 7 or 8 digits and a check digit or K"}
	}
	n := len(number) - 1
	s := 0
	for i := range n {
		s += int(number[n-1-i]-'0') * (2 + i%6)
	}
	return checkDigitResult("0K987654321"[s%11] == number[n])
}
