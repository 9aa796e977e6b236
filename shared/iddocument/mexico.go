package iddocument

import (
	"slices"
	"strings"
)

const curpAlphabet = "0123456789ABCDEFGHIJKLMN\xD1OPQRSTUVWXYZ" // \xD1 is enye

// curpStates are the states of Mexico, the Federal District under its old code, and NE for
// those born abroad.
var curpStates = []string{
	"AS", "BC", "BS", "CC", "CH", "CL", "CM", "CS", "DF", "DG", "GR", "GT", "HG", "JC", "MC", "MN", "MS",
	"NE", "NL", "NT", "OC", "PL", "QR", "QT", "SL", "SP", "SR", "TC", "TL", "TS", "VZ", "YN", "ZS",
}

// curp checks the CURP as the order of 23 October 2009 in Mexico's official gazette (DOF)
// defines it: letters of the name, birthday, sex (X for neither since 2022), state,
// consonants, a character against duplicates (a digit for those born before 2000, else a
// letter), and a digit modulo 10 with weights 18 down to 2. It does not look for the words
// that the order tells the registry to avoid. Formula compared with python-stdnum,
// stdnum/mx/curp.py.
func curp(number string) Result {
	if !hasPattern(number, "AAAA999999AAAAAA*9") {
		return Result{Invalid, "a CURP has 4 letters, 6 digits, 6 letters, a letter or digit and a check digit"}
	}
	century := 2000
	if isDigit(number[16]) {
		century = 1900
	}
	if !isCalendarDate(number[4:10], century) {
		return Result{Invalid, "the birthday in the CURP is no day of the calendar"}
	}
	if !strings.Contains("HMX", number[10:11]) || !slices.Contains(curpStates, number[11:13]) {
		return Result{Invalid, "the sex or the state in the CURP does not exist"}
	}
	s := 0
	for i := range 17 {
		s += strings.IndexByte(curpAlphabet, number[i]) * (18 - i)
	}
	return checkDigitResult(digitChar((10-s%10)%10) == number[17])
}

const rfcAlphabet = "0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ \xD1"

// rfc checks the RFC of Mexico's tax authority (SAT): letters of the name (3 of a company,
// 4 of a person), the day it was founded or born, two characters against duplicates (the
// first up to V, neither 0) and one modulo 11, with weights 13 down to 2; 10 is written A.
// More than one in a hundred numbers in use has other characters there, such as the generic
// XAXX010101000, so a mismatch is Unchecked. Formula compared with python-stdnum,
// stdnum/mx/rfc.py.
func rfc(number string) Result {
	if !hasPattern(number, "NNN999999***") && !hasPattern(number, "NNNN999999***") {
		return Result{Invalid, "an RFC has 3 or 4 letters, 6 digits and 3 letters or digits"}
	}
	name := len(number) - 9
	if !isCalendarDate(number[name:name+6], 2000) { // the century is not in the number; only 1900 would differ
		return Result{Invalid, "the date in the RFC is no day of the calendar"}
	}
	if !rfcSuffixMatches(number) {
		return Result{Unchecked, "the last three characters do not match, as in some RFCs in use"}
	}
	return Result{Valid, reasonMatch}
}

// rfcSuffixMatches checks the last three characters of an RFC. The check digit is computed
// over 12 characters: a company's 11 are preceded by a space.
func rfcSuffixMatches(number string) bool {
	last := len(number) - 1
	body := number[:last]
	suffix := number[last-2:]
	if suffix[0] == '0' || suffix[0] > 'V' || suffix[1] == '0' {
		return false
	}
	s := 0
	if len(body) == 11 {
		s = strings.IndexByte(rfcAlphabet, ' ') * 13
	}
	for i := range len(body) {
		s += strings.IndexByte(rfcAlphabet, body[i]) * (len(body) + 1 - i)
	}
	return "0A987654321"[s%11] == suffix[2]
}
