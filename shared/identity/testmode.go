package identity

import "strings"

// What a test client's tests can count on, for identities that a test client
// made: addresses and codes whose outcome is known beforehand.
//
//	email, before the "@"   phone, last digits   what happens
//	...+verifies            000001               the code is 000000
//	...+fails               000002               no code is right
//	...+lost                000003               the code never arrives
//
// Nothing is sent to any of them. At every other address of such an identity
// the code 000000 is always right and 999999 always wrong.
const (
	TestModeValidCode   = "000000"
	TestModeInvalidCode = "999999"
)

// TestOutcome is what happens at an address.
type TestOutcome uint8

// The outcomes.
const (
	TestOutcomeNone TestOutcome = iota // an address like any other
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

// TestOutcome is what happens at an address of an identity for whoever asks: a live
// client, too, sees real codes only.
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
