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
// that the order tells the registry to avoid.
func curp(number string) Result {
	century := 2000
	if isOf('9', number[16]) {
		century = 1900
	}
	if !isCalendarDate(number[4:10], century) {
		return Result{Invalid, "the birthday in the CURP is no day of the calendar"}
	}
	if !strings.Contains("HMX", number[10:11]) || !slices.Contains(curpStates, number[11:13]) {
		return Result{Invalid, "the sex or the state in the CURP does not exist"}
	}
	return matchResult("0987654321"[alphabetSum(number[:17], curpAlphabet)%10] == number[17])
}

// alphabetSum returns the sum of the places of the characters in an alphabet, with weights that
// go down to 2.
func alphabetSum(number, alphabet string) int {
	s := 0
	for i := range len(number) {
		s += strings.IndexByte(alphabet, number[i]) * (len(number) + 1 - i)
	}
	return s
}

const rfcAlphabet = "0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ \xD1"

// rfc checks the RFC of Mexico's tax authority (SAT): letters of the name (3 of a company,
// 4 of a person), the day it was founded or born, two characters against duplicates (the
// first up to V, neither 0) and one modulo 11, with weights 13 down to 2; 10 is written A.
// More than one in a hundred numbers in use has other characters there, such as the generic
// XAXX010101000, so a mismatch is Unchecked.
func rfc(number string) Result {
	name := len(number) - 9
	if !isCalendarDate(number[name:name+6], 2000) { // the century is not in the number; only 1900 would differ
		return Result{Invalid, "the date in the RFC is no day of the calendar"}
	}
	if !rfcSuffixMatches(number) {
		return Result{Unchecked, "the last three characters do not match, as in some RFCs in use"}
	}
	return matchResult(true)
}

// rfcSuffixMatches checks the last three characters of an RFC. The check digit is computed
// over 12 characters: a company's 11 are preceded by a space.
func rfcSuffixMatches(number string) bool {
	if len(number) == 12 {
		number = " " + number
	}
	suffix := number[10:]
	if suffix[0] == '0' || suffix[0] > 'V' || suffix[1] == '0' {
		return false
	}
	return "0A987654321"[alphabetSum(number[:12], rfcAlphabet)%11] == suffix[2]
}
