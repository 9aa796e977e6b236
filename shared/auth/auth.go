// Package auth authenticates and authorizes: it turns API keys, client secrets and bearer tokens into a Caller with a
// tenant and scopes, and manages clients and their keys. It must not import an API, a table or an AWS client, and knows
// nothing of HTTP.
package auth

import "time"

// Caller is an authenticated client. It holds no credential.
type Caller struct {
	Tenant, Client string
	Key            string // the id of the API key that authenticated it
	Scopes         Scopes
	Expires        time.Time // of the credential; zero: never

	// Settings of the client.
	Strict   bool
	TestMode bool
	Policy   Policy
	// UsagePlanKey is for the authorizer's response to API Gateway; operations never see it. Empty: no usage plan.
	UsagePlanKey string
}

// currentTime calls a clock; nil stands for time.Now.
func currentTime(clock func() time.Time) time.Time {
	if clock == nil {
		return time.Now()
	}
	return clock()
}

// earliest returns the first of the times; zero stands for never.
func earliest(times ...time.Time) time.Time {
	var first time.Time
	for _, t := range times {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	return first
}

// deadlinePassed reports whether deadline is set and not after now.
func deadlinePassed(deadline, now time.Time) bool {
	return !deadline.IsZero() && !now.Before(deadline)
}
