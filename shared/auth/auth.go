// Package auth tells who calls: it turns API keys, client secrets and bearer
// tokens into a Caller with a tenant and scopes.
// It knows nothing of HTTP, of either dialect's wire format, of how a table
// keeps its items, nor of AWS.
package auth

import (
	"errors"
	"time"
)

// Caller is whoever passed a Guard. It holds no credential.
type Caller struct {
	Tenant, Client string
	Key            string // the id of the API key that was shown
	Scopes         Scopes
	Strict         bool      // the client's setting
	TestMode       bool      // likewise
	Policy         Policy    // likewise
	Expires        time.Time // zero: the credential does not expire
	// UsagePlanKey is the client's, for the authorizer's answer to the gateway
	// only: handlers never see it. Empty: the client is in no usage plan.
	UsagePlanKey string
}

// Why a caller was refused, to be compared with errors.Is. An error that is
// none of these means that nothing could be decided: refuse, and let the caller
// try again. No error's text holds a credential or any part of one.
var (
	// ErrMissing: a credential that the call needs is absent.
	ErrMissing = errors.New("auth: credential missing")
	// ErrInvalid: malformed, unknown, a wrong secret, or a token not to be trusted.
	ErrInvalid = errors.New("auth: credential invalid")
	// ErrExpired: the token or the key is past its time, or the key is revoked.
	ErrExpired = errors.New("auth: credential expired")
	// ErrMismatch: each credential may be good, but they belong to different
	// clients or tenants, or the key is of another API.
	ErrMismatch = errors.New("auth: credentials do not match")
	// ErrSuspended: the credentials are good, the client is not to be served.
	ErrSuspended = errors.New("auth: client suspended")
	// ErrThrottled: too many logins of the client failed. It comes as a *Slowed.
	ErrThrottled = errors.New("auth: too many failed logins")
	// ErrUnavailable: the Store or a KeySource does not answer.
	ErrUnavailable = errors.New("auth: unavailable")
	// ErrBusy: a Store could not write because others keep writing to the same client or key.
	ErrBusy = errors.New("auth: another request on the same resource is running")
	// ErrVersionMismatch: a Store holds another version of what was to be replaced.
	ErrVersionMismatch = errors.New("auth: version mismatch")
	// ErrNotFound: a Store or a KeySource holds nothing under that id.
	ErrNotFound = errors.New("auth: unknown")
	// ErrAlreadyExists: a Store already holds a client or a key of that id.
	ErrAlreadyExists = errors.New("auth: exists")
	// ErrEscalation: a key would do what the key that makes it may not.
	ErrEscalation = errors.New("auth: more than the caller may grant")
	// ErrTooManyKeys: the client has as many keys as it may have.
	ErrTooManyKeys = errors.New("auth: too many keys")
)

// currentTime asks a clock, which may be nil: time.Now.
func currentTime(clock func() time.Time) time.Time {
	if clock == nil {
		return time.Now()
	}
	return clock()
}

// earliest returns the first of the times given, zero meaning never.
func earliest(times ...time.Time) time.Time {
	var first time.Time
	for _, t := range times {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	return first
}

// deadlinePassed tells whether deadline is set and not after now.
func deadlinePassed(deadline, now time.Time) bool {
	return !deadline.IsZero() && !now.Before(deadline)
}
