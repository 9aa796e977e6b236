package gateway

import (
	"slices"
	"strconv"
	"strings"
)

// AcceptedLanguages returns which of the supported languages, given without region, the client
// accepts by its Accept-Language header (RFC 9110, section 12.5.4): the one that it prefers or,
// if it prefers none of them, all that it does not exclude. It returns nil if the client accepts
// all of them alike. The first supported language is the fallback and never excluded.
func (r *Request) AcceptedLanguages(supported []string) []string {
	preferred := ""
	highest := 0.0
	var excluded []string
	for entry := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		language, weight := parseLanguageRange(entry)
		if language == "*" && weight > highest {
			preferred = ""
			highest = weight
		}
		if !slices.Contains(supported, language) {
			continue
		}
		if weight == 0 {
			excluded = append(excluded, language)
		}
		if weight > highest {
			preferred = language
			highest = weight
		}
	}
	if preferred != "" {
		return []string{preferred}
	}
	if len(excluded) == 0 {
		return nil
	}
	accepted := supported[:1:1]
	for _, language := range supported[1:] {
		if !slices.Contains(excluded, language) {
			accepted = append(accepted, language)
		}
	}
	return accepted
}

// parseLanguageRange parses an entry of the header, such as "es-419;q=0.8", into the language
// without its region and the weight. The language of an invalid entry is empty.
func parseLanguageRange(entry string) (language string, weight float64) {
	tag, parameters, hasParameters := strings.Cut(entry, ";")
	language, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
	if !hasParameters {
		return language, 1
	}
	name, value, _ := strings.Cut(strings.TrimSpace(parameters), "=")
	weight, err := strconv.ParseFloat(value, 64)
	inRange := weight >= 0 && weight <= 1 // false for NaN
	if err != nil || !inRange || !strings.EqualFold(name, "q") {
		return "", 0
	}
	return language, weight
}
