package iddocument

import "strings"

const curpAlphabet = "0123456789ABCDEFGHIJKLMN\xD1OPQRSTUVWXYZ" // \xD1 is enye

// curpStates are the states of Mexico, the Federal District under its old code,
// and NE for those born abroad.
const curpStates = "AS BC BS CC CH CL CM CS DF DG GR GT HG JC MC MN MS NE NL NT OC PL QR QT SL SP SR TC TL TS VZ YN ZS"

// curp judges the CURP as the order of 23 October 2009 in Mexico's official
// gazette (DOF) makes it: letters of the name, birthday, sex (X for neither since
// 2022), state, consonants, a character against doubles (a digit for those born
// before 2000, else a letter), and a digit modulo 10 with weights 18 down to 2.
// Words that the order tells the registry to avoid are not looked for. Formula
// compared with python-stdnum, stdnum/mx/curp.py.
func curp(text string) Result {
	if len(text) != 18 || !allLetters(text[:4]) || !allDigits(text[4:10]) || !allLetters(text[10:16]) ||
		!isDigit(text[16]) && !isLetter(text[16]) || !isDigit(text[17]) {
		return Result{Invalid, "a CURP has 4 letters, 6 digits, 6 letters, a letter or digit and a check digit"}
	}
	century := 2000
	if isDigit(text[16]) {
		century = 1900
	}
	if !isCalendarDate(text[4:10], century) {
		return Result{Invalid, "the birthday in the CURP is no day of the calendar"}
	}
	if text[10] != 'H' && text[10] != 'M' && text[10] != 'X' || !containsWord(curpStates, text[11:13]) {
		return Result{Invalid, "the sex or the state in the CURP does not exist"}
	}
	s := 0
	for i := range 17 {
		s += strings.IndexByte(curpAlphabet, text[i]) * (18 - i)
	}
	return checkDigitResult(digitChar((10-s%10)%10) == text[17])
}

// containsWord looks a word up in a list of words of its length, one space between.
func containsWord(list, word string) bool {
	for ; len(list) > len(word); list = list[len(word)+1:] {
		if list[:len(word)] == word {
			return true
		}
	}
	return list == word
}

const rfcAlphabet = "0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ \xD1"

// rfc judges the RFC of Mexico's tax authority (SAT): letters of the name (3 of
// a company, 4 of a person), the day it was founded or born, two characters
// against doubles (the first up to V, neither 0) and one modulo 11, weights 13
// down to 2, 10 written A. More than one in a hundred numbers in use has other
// characters there, the generic XAXX010101000 among them, so that a mismatch
// proves nothing. Formula compared with python-stdnum, stdnum/mx/rfc.py.
func rfc(text string) Result {
	name := len(text) - 9
	if name != 3 && name != 4 || !allBytes(text[:name], isNameLetter) || !allDigits(text[name:name+6]) ||
		!allBytes(text[name+6:], func(c byte) bool { return isDigit(c) || isLetter(c) }) {
		return Result{Invalid, "an RFC has 3 or 4 letters, 6 digits and 3 letters or digits"}
	}
	if !isCalendarDate(text[name:name+6], 2000) { // of the century nothing is said: 1900 alone would differ
		return Result{Invalid, "the date in the RFC is no day of the calendar"}
	}
	body := text[:len(text)-1]
	if body[name+6] == '0' || body[name+6] > 'V' || body[name+7] == '0' || rfcCheckDigit(body) != lastChar(text) {
		return Result{Unchecked, "the last three characters do not match, as in some RFCs in use"}
	}
	return Result{Valid, reasonMatch}
}

func isNameLetter(c byte) bool { return isLetter(c) || c == enye || c == '&' }

// rfcCheckDigit computes over 12 characters: before a company's 11 stands a space.
func rfcCheckDigit(body string) byte {
	s := 0
	if len(body) == 11 {
		s = strings.IndexByte(rfcAlphabet, ' ') * 13
	}
	for i := range len(body) {
		s += strings.IndexByte(rfcAlphabet, body[i]) * (len(body) + 1 - i)
	}
	return "0A987654321"[s%11]
}
