package iddocument

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

const (
	reasonMatch        = "the check digit matches"
	reasonMismatch     = "the check digit does not match"
	reasonNoCheckDigit = "this type of document has no check digit"
)

// checkDigitResult returns the result for a well-formed number with a check digit.
func checkDigitResult(match bool) Result {
	if match {
		return Result{Valid, reasonMatch}
	}
	return Result{Invalid, reasonMismatch}
}

// syntaxResult returns the result for a type without check digit; must is the reason if the
// number is not well formed.
func syntaxResult(ok bool, must string) Result {
	if ok {
		return Result{Unchecked, reasonNoCheckDigit}
	}
	return Result{Invalid, must}
}

// moreLenient returns the better of two results: Valid, then Unchecked, then Invalid.
func moreLenient(a, b Result) Result {
	if a.Verdict == Valid || b.Verdict == Invalid {
		return a
	}
	return b
}
