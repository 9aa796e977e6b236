package identity

import (
	"slices"
	"strconv"
	"strings"
)

// languages are those that messages are written in.
var languages = []string{"es", "pt", "en"}

// countriesByLanguage are the countries, in both of ISO 3166's codes, where one of them other
// than English is official.
var countriesByLanguage = map[string][]string{
	"es": strings.Fields("ARG AR BOL BO CHL CL COL CO CRI CR CUB CU DOM DO ECU EC ESP ES GNQ GQ GTM GT HND HN MEX MX NIC NI " +
		"PAN PA PER PE PRI PR PRY PY SLV SV URY UY VEN VE"),
	"pt": strings.Fields("AGO AO BRA BR CPV CV GNB GW MOZ MZ PRT PT STP ST TLS TL"),
}

// NegotiateLanguage is the language to write to a person in, "es", "pt" or "en": the one
// that an Accept-Language header (RFC 9110, section 12.5.4) likes best, whatever
// its region, or else that of the country, given by its ISO 3166 code of two or
// three letters, unless the header refuses that one.
func NegotiateLanguage(acceptLanguage, country string) string {
	best, most := "", 0.0
	var refused []string
	for entry := range strings.SplitSeq(acceptLanguage, ",") {
		name, weight := parsePreference(entry)
		switch {
		case name == "*" && weight > most:
			best, most = "", weight // any: the country's is as good
		case !slices.Contains(languages, name):
		case weight == 0:
			refused = append(refused, name)
		case weight > most:
			best, most = name, weight
		}
	}
	if best != "" {
		return best
	}
	if spoken := countryLanguage(country); !slices.Contains(refused, spoken) {
		return spoken
	}
	return "en"
}

func countryLanguage(country string) string {
	code := strings.ToUpper(strings.TrimSpace(country))
	for language, countries := range countriesByLanguage {
		if slices.Contains(countries, code) {
			return language
		}
	}
	return "en"
}

// parsePreference reads one entry of the header, "es-419;q=0.8", as a language without
// its region and its weight. An entry that is none has an empty language.
func parsePreference(entry string) (language string, weight float64) {
	tag, parameters, weighed := strings.Cut(entry, ";")
	language, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
	if !weighed {
		return language, 1
	}
	name, value, _ := strings.Cut(strings.TrimSpace(parameters), "=")
	weight, err := strconv.ParseFloat(value, 64)
	if !strings.EqualFold(name, "q") || err != nil || !(weight >= 0 && weight <= 1) {
		return "", 0
	}
	return language, weight
}
