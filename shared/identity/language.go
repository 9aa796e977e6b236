package identity

import (
	"slices"
	"strings"
)

// Languages are the languages that messages to people are written in. The first is the default.
var Languages = []string{"en", "es", "pt"}

// countriesByLanguage lists the countries, by both codes of ISO 3166, where a language other
// than the default is official.
var countriesByLanguage = map[string][]string{
	"es": strings.Fields("ARG AR BOL BO CHL CL COL CO CRI CR CUB CU DOM DO ECU EC ESP ES GNQ GQ GTM GT HND HN MEX MX NIC NI " +
		"PAN PA PER PE PRI PR PRY PY SLV SV URY UY VEN VE"),
	"pt": strings.Fields("AGO AO BRA BR CPV CV GNB GW MOZ MZ PRT PT STP ST TLS TL"),
}

// MessageLanguage returns the language for a message to a person: that of the country if it is
// accepted, otherwise the first one accepted. No accepted languages mean all of them. The
// country is an ISO 3166 code of two or three letters; an unknown one has the default language.
func MessageLanguage(accepted []string, country string) string {
	official := officialLanguage(country)
	if len(accepted) == 0 || slices.Contains(accepted, official) {
		return official
	}
	return accepted[0]
}

func officialLanguage(country string) string {
	code := strings.ToUpper(strings.TrimSpace(country))
	for language, countries := range countriesByLanguage {
		if slices.Contains(countries, code) {
			return language
		}
	}
	return Languages[0]
}
