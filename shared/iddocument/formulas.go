package iddocument

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// The formulas expect numbers of the strict form in the table of rules. Unless they say otherwise, they
// were compared with those of python-stdnum, which has a module for each country.

// matchResult returns the result for a well-formed number with a check digit.
func matchResult(match bool) Result {
	if match {
		return Result{Valid, "the check digit matches"}
	}
	return Result{Invalid, "the check digit does not match"}
}

// unlessMatch returns Valid for a number whose check digit matches, and otherwise Unchecked: numbers without a matching one are
// in use.
func unlessMatch(match bool, reason string) Result {
	if match {
		return matchResult(true)
	}
	return Result{Unchecked, reason}
}

// ifMatch returns Invalid for a number whose check digit does not match, and otherwise Unchecked: the beginning of the number
// is not one that sources name, and may be new.
func ifMatch(r Result) Result {
	if r.Verdict == Valid {
		return Result{Unchecked, "the check digit matches, but no known number begins like this"}
	}
	return r
}

// checkLast checks the last character of a number: the one in digits at the weighted sum of the
// others, modulo the length of digits.
func checkLast(number, digits string, weights ...int) Result {
	return matchResult(lastMatches(number, digits, weights...))
}

func lastMatches(number, digits string, weights ...int) bool {
	last := len(number) - 1
	return digits[weightedSum(number[:last], weights...)%len(digits)] == number[last]
}

// weightedSum returns the sum of the digits, each times its weight; the last weight is that of
// the last digit. Letters count as their distance from '0', as in the CNPJ.
func weightedSum(number string, weights ...int) int {
	s := 0
	for i, w := range weights[len(weights)-len(number):] {
		s += int(number[i]-'0') * w
	}
	return s
}

// luhn reports whether the digits satisfy the formula of ISO/IEC 7812-1, annex B: every
// second digit from the right is doubled, and the digits of all add up to a multiple of ten.
func luhn(number string) bool {
	s := 0
	for i := range len(number) {
		d := int(number[len(number)-1-i] - '0')
		if i%2 == 1 {
			d = d*2/10 + d*2%10
		}
		s += d
	}
	return s%10 == 0
}

// isCalendarDate reports whether the six digits YYMMDD are a day of the century that begins
// with the given year.
func isCalendarDate(yymmdd string, century int) bool {
	two := func(i int) int { return int(yymmdd[i]-'0')*10 + int(yymmdd[i+1]-'0') }
	day := time.Date(century+two(0), time.Month(two(2)), two(4), 0, 0, 0, 0, time.UTC)
	return int(day.Month()) == two(2) && day.Day() == two(4)
}

var cuitPrefixes = []string{"20", "23", "24", "25", "26", "27", "30", "33", "34", "50", "51", "55"}

// cuit checks the CUIT of Argentina's tax authority and the CUIL of its social security,
// which have the same form: a kind of holder, 8 digits (a person's DNI) and one modulo 11. 25 and 26 are given where the
// number of another kind is taken (hibernate/hibernate-validator pull request 2034, read 2026-11-22). If the sum requires 10,
// python-stdnum expects 9, and the wiki of github.com/zeluizr/palta says that no such number is issued.
func cuit(number string) Result {
	result := checkLast(number, "0-987654321", 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
	if result.Verdict == Invalid && number[10] == '9' && lastMatches(number, "09987654321", 5, 4, 3, 2, 7, 6, 5, 4, 3, 2) {
		return Result{Unchecked, "sources disagree on the check digit of this number"}
	}
	if !slices.Contains(cuitPrefixes, number[:2]) {
		return ifMatch(result)
	}
	return result
}

const receitaDigits = "00987654321" // of Brazil's tax authority, Receita Federal

// cpf checks the CPF of Brazil's tax authority: 9 digits and two modulo 11.
// One digit repeated satisfies the formula but is never issued.
func cpf(number string) Result {
	if strings.Count(number, number[:1]) == len(number) {
		return Result{Invalid, "a CPF is not one digit repeated"}
	}
	first := lastMatches(number[:10], receitaDigits, 10, 9, 8, 7, 6, 5, 4, 3, 2)
	return matchResult(first && lastMatches(number, receitaDigits, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2))
}

// cnpj checks the CNPJ of the same authority: 12 digits or, since July 2026, letters, and
// two digits modulo 11. A letter counts as its ASCII code less 48.
func cnpj(number string) Result {
	if number[:12] == "000000000000" {
		return Result{Invalid, "a CNPJ is not all zero"}
	}
	first := lastMatches(number[:13], receitaDigits, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
	return matchResult(first && lastMatches(number, receitaDigits, 6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2))
}

// rut checks the RUT of Chile's tax authority (SII), which is a person's RUN: up to 8 digits
// and one modulo 11; 10 is written K.
func rut(number string) Result { return checkLast(number, "0K987654321", 3, 2, 7, 6, 5, 4, 3, 2) }

// nit checks the NIT of Colombia's tax authority (DIAN): up to 15 digits and one
// modulo 11, whose weights are primes. The check digit is often left out, so a number without a matching one is Unchecked
// unless it can only have one: a company's has 9 digits that begin with 8 or 9, and then the check digit.
func nit(number string) Result {
	number = trimZeros(number)
	if len(number) < 2 {
		return Result{Unchecked, "the check digit is left out"}
	}
	match := lastMatches(number, "01987654321", 71, 67, 59, 53, 47, 43, 41, 37, 29, 23, 19, 17, 13, 7, 3)
	if len(number) > 10 || len(number) == 10 && number[0] >= '8' {
		return matchResult(match)
	}
	return unlessMatch(match, "the check digit does not match, or is left out")
}

const issuedAnyway = "the check digit does not match, as in some numbers in use"

// cedulaDominicana checks the identity card of the Dominican Republic: 11
// digits, the last by ISO/IEC 7812-1. Some cards were issued with a wrong
// one (developersdo/DevelopersDo.DataAnnotations issue 8, read 2026-12-01).
func cedulaDominicana(number string) Result { return unlessMatch(luhn(number), issuedAnyway) }

// rnc checks the RNC that the Dominican tax authority (DGII) gives to companies, 8 digits
// and one modulo 11, from 1 to 9, and a person's, which is the cedula. Some were issued with a wrong one (python-stdnum,
// do.rnc, has a list).
func rnc(number string) Result {
	if len(number) == 11 {
		return cedulaDominicana(number)
	}
	if len(number) != 9 {
		return Result{Invalid, "an RNC has 9 digits, or the 11 of a cedula"}
	}
	return unlessMatch(lastMatches(number, "21987654321", 7, 9, 8, 6, 5, 4, 3, 2), issuedAnyway)
}

// ciEcuador checks the identity card of Ecuador: a province, a third digit up
// to 6, and one digit by ISO/IEC 7812-1.
func ciEcuador(number string) Result {
	result := matchResult(luhn(number))
	if !isProvince(number[:2]) || number[2] > '6' {
		return ifMatch(result)
	}
	return result
}

// rucEcuador checks the RUC of Ecuador's tax authority (SRI). Up to 5 as the third digit it is a person's, whose CI comes
// first. With 6 or 9 it is a foreigner's, a company's or a public body's: the authority says that these are made by no
// algorithm, and new companies have numbers of which none holds (arthurdejong/python-stdnum issue 497 and
// tavo1987/ec-validador-cedula-ruc pull request 16, read 2026-11-22). The last three digits, four of a public body, number
// its establishments and are not all zero.
func rucEcuador(number string) Result {
	asPerson := luhn(number[:10])
	asCompany := weightedSum(number[:10], 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)%11 == 0
	asPublic := number[9:] != "0000" && weightedSum(number[:9], 3, 2, 7, 6, 5, 4, 3, 2, 1)%11 == 0
	if number[10:] == "000" {
		return Result{Invalid, "a RUC does not end with 000"}
	}
	if !isProvince(number[:2]) || number[2] == '7' || number[2] == '8' {
		return ifMatch(matchResult(asPerson || asCompany || asPublic))
	}
	if number[2] < '6' {
		return matchResult(asPerson)
	}
	match := asPublic || number[2] == '9' && asCompany || number[2] == '6' && asPerson
	return unlessMatch(match, "the check digit does not match, as in numbers of new companies")
}

// isProvince accepts the 24 provinces, 30 for those registered abroad, and 50.
func isProvince(two string) bool {
	return "01" <= two && two <= "24" || two == "30" || two == "50"
}

const dniPeruReason = "a DNI has 8 digits and at most one check digit or letter"

// dniPeru checks the DNI of Peru's registry (RENIEC): 8 digits, and on newer
// cards a ninth character modulo 11, which is printed as a digit or as a letter.
func dniPeru(number string) Result {
	if !allOf('9', number[:8]) {
		return Result{Invalid, dniPeruReason}
	}
	if len(number) == 8 {
		return Result{Unchecked, "a DNI of 8 digits has no check digit"}
	}
	s := weightedSum(number[:8], 3, 2, 7, 6, 5, 4, 3, 2) % 11
	return matchResult("65432110987"[s] == number[8] || "KJIHGFEDCBA"[s] == number[8])
}

var rucPeruPrefixes = []string{"10", "15", "16", "17", "20"}

// rucPeru checks the RUC of Peru's tax authority (SUNAT): a kind of holder, 8
// digits (a person's DNI) and one modulo 11.
func rucPeru(number string) Result {
	result := checkLast(number, "10987654321", 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
	if !slices.Contains(rucPeruPrefixes, number[:2]) {
		return ifMatch(result)
	}
	return result
}

// rucParaguay checks the RUC of Paraguay's tax authority (DNIT, earlier SET): up to 8 digits
// and one modulo 11, with weights from 2 to 11; 10 is written 0. A letter counts as the digits of its ASCII code
// (hibernate/hibernate-validator pull request 2034, read 2026-11-22).
func rucParaguay(number string) Result {
	var digits []byte
	for _, c := range []byte(number[:len(number)-1]) {
		if isOf('9', c) {
			digits = append(digits, c)
		} else {
			digits = strconv.AppendInt(digits, int64(c), 10)
		}
	}
	sum := 0
	for i := range digits {
		sum += int(digits[len(digits)-1-i]-'0') * (2 + i%10)
	}
	return matchResult("00987654321"[sum%11] == number[len(number)-1])
}

// ciUruguay checks the identity card of Uruguay: 6 or 7 digits and one modulo
// 10. Formula from the description of the library picandocodigo/ci_uy.
func ciUruguay(number string) Result { return checkLast(number, "0987654321", 2, 9, 8, 7, 6, 3, 4) }

// rutUruguay checks the RUT of Uruguay's tax authority (DGI): a kind of
// registration from 01 to 22, 6 digits, 001 and one digit modulo 11. No number
// is issued if the sum requires 10.
func rutUruguay(number string) Result {
	registration := number[:2]
	result := checkLast(number, "0-987654321", 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
	if registration < "01" || registration > "22" || number[2:8] == "000000" || number[8:11] != "001" {
		return ifMatch(result)
	}
	return result
}

const rifHolders = "VEJPG" // citizen, foreigner, company, passport, government

// rif checks the RIF of Venezuela's tax authority (SENIAT): a letter for the
// holder, which counts as a digit from 1, 8 digits and one modulo 11.
func rif(number string) Result {
	if strings.IndexByte(rifHolders, number[0]) < 0 {
		return Result{Unchecked, "the check digit for this letter is not known"} // C, of communal councils
	}
	holder := string(rune('1' + strings.IndexByte(rifHolders, number[0])))
	return checkLast(holder+number[1:], "00987654321", 4, 3, 2, 7, 6, 5, 4, 3, 2)
}

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
		return Result{Invalid, "the birthday in the CURP is not a valid date"}
	}
	result := matchResult("0987654321"[alphabetSum(number[:17], curpAlphabet)%10] == number[17])
	if !strings.Contains("HMX", number[10:11]) || !slices.Contains(curpStates, number[11:13]) {
		return ifMatch(result)
	}
	return result
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
		return Result{Invalid, "the date in the RFC is not a valid date"}
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
