// Package iso knows the codes of countries (ISO 3166-1) and currencies (ISO 4217) and the
// telephone numbers that a country's numbering plan allows.
// It imports nothing of this module and holds no names, in any language.
package iso

import "strings"

// IsCountry reports whether code is an ISO 3166-1 alpha-3 code in upper case, or XKX for
// Kosovo. It rejects withdrawn codes.
func IsCountry(code string) bool {
	_, ok := countries[code]
	return ok
}

// IsCurrency reports whether code is in use by ISO 4217, in upper case. Funds and precious
// metals are currencies there. IsCurrency rejects XTS (tests) and XXX (no currency), in
// which no balance can be held.
func IsCurrency(code string) bool { return currencies[code] }

// IsCryptocurrency reports whether code is USDC or USDT: the currencies in Conomy's table
// that ISO 4217 lacks.
func IsCryptocurrency(code string) bool { return code == "USDC" || code == "USDT" }

// PhoneMatchesCountry reports whether a number in E.164 form ("+56912345678") can belong to
// the country: whether it begins with a dial code of the country and has about the length of
// its numbers. It checks neither whether the number is in use nor area codes, so all
// countries under +1 accept the same numbers. It returns false for an unknown country.
func PhoneMatchesCountry(e164, country string) bool {
	digits, ok := strings.CutPrefix(e164, "+")
	if !ok || strings.Trim(digits, "0123456789") != "" {
		return false
	}
	for _, plan := range countries[country] {
		if plan.matches(digits) {
			return true
		}
	}
	return false
}

// numberingPlan is a dial code of a country and how many digits its national numbers have.
type numberingPlan struct {
	dialCode          string
	shortest, longest int
}

// matches accepts numbers that are a little shorter or longer than today's plan. Plans grow
// (those of Ivory Coast and Benin by two digits) and lists keep the older numbers; Conomy's own
// examples are one digit short of Chile's plan; Mexican numbers are still written with an
// additional 1.
func (p numberingPlan) matches(digits string) bool {
	const maxMissing, maxExtra = 2, 1
	national, ok := strings.CutPrefix(digits, p.dialCode)
	return ok && len(national) >= p.shortest-maxMissing && len(national) <= p.longest+maxExtra
}
