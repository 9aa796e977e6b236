package identity

import "strings"

// Addresses and codes with a fixed outcome, for test clients and identities that a test client
// created.
//
//	email, before the "@"   phone, last digits   outcome
//	...+verifies            000001               the code is 000000
//	...+fails               000002               every code is wrong
//	...+lost                000003               the code never arrives
//
// Nothing is sent to these addresses. At any other address of such an identity 000000 is always correct
// and 999999 always wrong.
const (
	TestModeValidCode   = "000000"
	TestModeInvalidCode = "999999"
)

// TestOutcome is the fixed outcome of an address.
type TestOutcome uint8

// The outcomes.
const (
	TestOutcomeNone TestOutcome = iota // no fixed outcome
	TestOutcomeVerifies
	TestOutcomeFails
	TestOutcomeLost
)

var testAddresses = []struct {
	tag, digits string
	TestOutcome
}{
	{"+verifies", "000001", TestOutcomeVerifies},
	{"+fails", "000002", TestOutcomeFails},
	{"+lost", "000003", TestOutcomeLost},
}

// TestOutcome returns the fixed outcome of an address of the identity: TestOutcomeNone for
// live clients.
func (i *Identity) TestOutcome(c Channel, address string, test bool) TestOutcome {
	if !i.TestMode || !test {
		return TestOutcomeNone
	}
	local, _, _ := strings.Cut(address, "@")
	for _, s := range testAddresses {
		if c == ChannelEmail && strings.HasSuffix(local, s.tag) || c == ChannelPhone && strings.HasSuffix(address, s.digits) {
			return s.TestOutcome
		}
	}
	return TestOutcomeNone
}
