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
	SandboxRight = "000000"
	SandboxWrong = "999999"
)

// script is what happens at an address.
type script uint8

const (
	unscripted script = iota
	verifies
	fails
	lost
)

var scripts = []struct {
	tag, digits string
	script
}{
	{"+verifies", "000001", verifies},
	{"+fails", "000002", fails},
	{"+lost", "000003", lost},
}

// scripted is what happens at an address of an identity for whoever asks: a live
// client, too, sees real codes only.
func (i *Identity) scripted(c Channel, address string, test bool) script {
	if !i.Test || !test {
		return unscripted
	}
	local, _, _ := strings.Cut(address, "@")
	for _, s := range scripts {
		if c == ByEmail && strings.HasSuffix(local, s.tag) || c == ByPhone && strings.HasSuffix(address, s.digits) {
			return s.script
		}
	}
	return unscripted
}
