package iddocument

// rut judges the RUT of Chile's tax authority (SII), which is a person's RUN:
// 7 or 8 digits and one modulo 11, weights 2 to 7 over and over from the right;
// 10 is written K. Formula compared with python-stdnum, stdnum/cl/rut.py.
func rut(text string) Result {
	n := len(text) - 1
	if n != 7 && n != 8 || !allDigits(text[:n]) || !isDigit(text[n]) && text[n] != 'K' {
		return Result{Invalid, "a RUT has 7 or 8 digits and a check digit or K"}
	}
	s := 0
	for i := range n {
		s += int(text[n-1-i]-'0') * (2 + i%6)
	}
	return checkDigitResult("0K987654321"[s%11] == text[n])
}
