// Package iso knows the codes of countries and currencies and which telephone
// numbers a country may have. It must not know what they are asked for, nor
// any name in any language.
package iso

import (
	"sort"
	"strings"
)

// Widths of a table's rows in bytes, with the space that ends each.
const (
	countryWidth  = len("CHL56 0911 ")
	currencyWidth = len("CLP ")
	codeWidth     = len("CHL")
)

// IsCountry tells whether code is a country's in ISO 3166-1 alpha-3, upper case,
// or XKX for Kosovo. Codes that were withdrawn are none.
func IsCountry(code string) bool { return findRow(countries, countryWidth, code) != "" }

// IsCurrency tells whether code is in use by ISO 4217, upper case. Funds and
// precious metals are currencies there; XTS (tests) and XXX (no currency), in
// which nothing can be held, are none here.
func IsCurrency(code string) bool { return findRow(currencies, currencyWidth, code) != "" }

// IsCryptocurrency tells whether code is one of the currencies beside ISO 4217: USDC and
// USDT, which Conomy's table of currencies names.
func IsCryptocurrency(code string) bool { return code == "USDC" || code == "USDT" }

// What PhoneMatchesCountry takes beyond the lengths of today's numbering plan. Plans grow,
// Ivory Coast's and Benin's by two digits, and lists keep the older numbers;
// Conomy's own examples are one short of Chile's; Mexico's are still written
// with a 1 more.
const (
	maxMissingDigits = 2
	maxExtraDigits   = 1
)

// PhoneMatchesCountry tells whether a number in the form of E.164 ("+56912345678") can be
// one of the country: it begins with a dial code of the country and is about as
// long as numbers there. Whether it is in use, or an area code exists, is not
// asked: all countries under +1 have the same numbers. No number fits a code
// that is no country's.
func PhoneMatchesCountry(e164, country string) bool {
	digits, plus := strings.CutPrefix(e164, "+")
	if !plus {
		return false
	}
	for rows := findRow(countries, countryWidth, country); strings.HasPrefix(rows, country) && rows != ""; rows = rows[countryWidth:] {
		if matchesRow(digits, rows[codeWidth:countryWidth]) {
			return true
		}
	}
	return false
}

// matchesRow holds the digits against the rest of a row: "56 0911 ".
func matchesRow(digits, row string) bool {
	national, ok := strings.CutPrefix(digits, strings.TrimRight(row[:3], " "))
	shortest, longest := twoDigits(row[3:5]), twoDigits(row[5:7])
	return ok && len(national) >= shortest-maxMissingDigits && len(national) <= longest+maxExtraDigits && isNumeric(national)
}

func twoDigits(two string) int { return int(two[0]-'0')*10 + int(two[1]-'0') }

func isNumeric(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// findRow is the table from the first row that begins with code on, or empty where
// there is none.
func findRow(table string, width int, code string) string {
	if len(code) != codeWidth {
		return ""
	}
	row := sort.Search(len(table)/width, func(i int) bool {
		return table[i*width:i*width+codeWidth] >= code
	})
	if rest := table[row*width:]; strings.HasPrefix(rest, code) {
		return rest
	}
	return ""
}
