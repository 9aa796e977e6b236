package iso

import "strings"

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
