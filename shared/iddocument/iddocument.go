// Package iddocument tells whether the number of an identity document can be
// right: its syntax and, where the type has one, its check digit. It must not
// know what an identity is, nor who asks and how strictly.
package iddocument

import "slices"

// Verdict says how far a number could be checked. Its text is what clients see.
type Verdict string

// The verdicts.
const (
	Valid     Verdict = "valid"     // the check digit matches
	Invalid   Verdict = "invalid"   // no document of that type has the number
	Unchecked Verdict = "unchecked" // it may be right: nothing in it proves so
)

// Result is a verdict with its reason, a phrase that never holds the number.
type Result struct {
	Verdict Verdict
	Reason  string
}

// Check judges a number of a type, such as "RUT", of a country: alpha-3, or
// empty where it is not known. Separators, which are space, dot, hyphen and
// slash, and the case of the number's letters do not matter.
//
// A name that several countries use means the country's own document. Without a
// country it means the one that Conomy means; DNI, which is Peru's and
// Argentina's, is judged by the kinder of both. Where no rule is known the
// number is Unchecked, and so is a well-formed one without check digit.
func Check(kind, country, number string) Result {
	rules, known := rulesFor(kind, country)
	if !known {
		return Result{Unchecked, "the type of document is not known"}
	}
	if len(rules) == 0 {
		return Result{Unchecked, "no rule is known for this type of document in this country"}
	}
	text := normalize(number)
	best := rules[0].check(text)
	for _, r := range rules[1:] {
		best = moreLenient(best, r.check(text))
	}
	return best
}

func moreLenient(a, b Result) Result {
	if a.Verdict == Valid || b.Verdict == Invalid {
		return a
	}
	return b
}

// PlausibleFormat tells whether a number has about the look of its type: the characters
// that occur in it and a length that is not absurd. It takes what Conomy's
// sandbox was seen to take, numbers with a wrong check digit and the RUT 123125
// among them. Type and country mean the same as in Check; where no rule is
// known, 1 to 64 ASCII letters, digits and separators fit.
func PlausibleFormat(kind, country, number string) bool {
	rules, _ := rulesFor(kind, country)
	if len(rules) == 0 {
		return plausibleUnknown(number)
	}
	text := normalize(number)
	return slices.ContainsFunc(rules, func(r rule) bool { return r.format.matches(text) })
}

// HolderTypes tells whose the type of document is: Conomy's table for its twelve types,
// and the law of the country for the others. A type that is not known is nobody's.
func HolderTypes(kind string) (user, organization, known bool) {
	list := rulesOfKind(kind)
	if len(list) == 0 {
		return false, false, false
	}
	return list[0].holder != company, list[0].holder != person, true
}
