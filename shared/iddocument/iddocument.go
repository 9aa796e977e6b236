// Package iddocument checks the numbers of identity documents: their syntax and, where the
// type has one, their check digit.
// It imports nothing of this module: it does not know identities or who asks how strictly.
package iddocument

import "slices"

// Verdict says how far a number could be checked. Clients see its text.
type Verdict string

// The verdicts.
const (
	Valid     Verdict = "valid"     // the check digit matches
	Invalid   Verdict = "invalid"   // no document of the type has this number
	Unchecked Verdict = "unchecked" // well formed, but without a check digit or a known rule
)

// Result is a verdict with its reason: a phrase that never contains the number.
type Result struct {
	Verdict Verdict
	Reason  string
}

// Check checks a number of a type, such as "RUT", in a country: its ISO 3166-1 alpha-3 code,
// or empty if unknown. The case of the type does not matter, and all spellings of a number that
// Canonical makes equal have the same result.
//
// A type that several countries have means the country's own document. Without a country it
// means the one that Conomy means; DNI, which Peru and Argentina have, gets the more lenient
// result of both. A number without a known rule is Unchecked, like a well-formed one without
// check digit.
func Check(kind, country, number string) Result {
	if len(rules[typeName(kind)]) == 0 {
		return Result{Unchecked, "the type of document is not known"}
	}
	applicable := rulesFor(kind, country)
	if len(applicable) == 0 {
		return Result{Unchecked, "no rule is known for this type of document in this country"}
	}
	compact := normalize(number)
	best := applicable[0].check(compact)
	for _, r := range applicable[1:] {
		best = moreLenient(best, r.check(compact))
	}
	return best
}

// moreLenient returns the better of two results: Valid, then Unchecked, then Invalid.
func moreLenient(a, b Result) Result {
	if a.Verdict == Valid || b.Verdict == Invalid {
		return a
	}
	return b
}

// PlausibleFormat reports whether a number looks roughly like its type: it has only
// characters that occur in such numbers, and a length that is not absurd. It accepts what
// Conomy's sandbox accepts, including numbers with a wrong check digit and the RUT 123125.
// Type and country are those of Check. Without a known rule, PlausibleFormat accepts up to 64
// visible characters with a letter or digit among them.
func PlausibleFormat(kind, country, number string) bool {
	applicable := rulesFor(kind, country)
	if len(applicable) == 0 {
		return plausibleUnknown(number)
	}
	compact := normalize(number)
	return slices.ContainsFunc(applicable, func(r rule) bool { return r.lenient.matches(r.fit(compact)) })
}

// Canonical returns the form in which two spellings of one document's number are equal: without separators (spaces,
// hyphens, dots, slashes and parentheses), with capital letters and, where the number is a number, without leading zeros.
// Other characters remain: in Sweden 121212+1212 is not 121212-1212. Type and country are those of Check.
func Canonical(kind, country, number string) string {
	compact := Compact(number)
	for _, r := range rulesFor(kind, country) {
		if r.zeros == meaningless {
			return trimZeros(compact)
		}
	}
	return compact
}

// CanonicalForms returns every result that Canonical has for a number, whatever its type: one, or two for a number with
// leading zeros. It returns nothing for a number of separators alone.
func CanonicalForms(number string) []string {
	compact := Compact(number)
	if compact == "" {
		return nil
	}
	if trimmed := trimZeros(compact); trimmed != compact {
		return []string{compact, trimmed}
	}
	return []string{compact}
}

// HolderTypes reports who can hold a type of document: Conomy's table for its twelve types,
// the law of the country for the others. known is false for an unknown type.
func HolderTypes(kind string) (user, organization, known bool) {
	list := rules[typeName(kind)]
	if len(list) == 0 {
		return false, false, false
	}
	return list[0].holder != company, list[0].holder != person, true
}
