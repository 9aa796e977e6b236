package auth

import (
	"errors"
	"slices"
	"time"
)

// The reasons for which credentials are rejected. No error's text holds a credential or any part of one.
var (
	// ErrMissing means that a required credential is absent.
	ErrMissing = errors.New("auth: credential missing")
	// ErrInvalid means that a credential is malformed, unknown, wrong, or a token that is not trustworthy.
	ErrInvalid = errors.New("auth: credential invalid")
	// ErrExpired means that the token or the key has expired, or the key is revoked.
	ErrExpired = errors.New("auth: credential expired")
	// ErrMismatch means that the credentials belong to different clients or tenants, or the key to another API.
	ErrMismatch = errors.New("auth: credentials do not match")
	// ErrSuspended means that the credentials are valid, but the client is suspended.
	ErrSuspended = errors.New("auth: client suspended")
	// ErrThrottled means that too many logins of the client failed. It comes as a *Throttled.
	ErrThrottled = errors.New("auth: too many failed logins")
)

// Other errors.
var (
	// ErrUnavailable means that the Store or a KeySource does not respond.
	ErrUnavailable = errors.New("auth: unavailable")
	// ErrBusy means that a Store could not write, because others keep writing to the same client or key.
	ErrBusy = errors.New("auth: another request on the same resource is running")
	// ErrNotFound means that a Store or a KeySource has nothing with that id.
	ErrNotFound = errors.New("auth: unknown")
	// ErrAlreadyExists means that a Store has a client or a key with that id.
	ErrAlreadyExists = errors.New("auth: exists")
	// ErrVersionMismatch means that a Store has another version of what was to be replaced.
	ErrVersionMismatch = errors.New("auth: version mismatch")
	// ErrEscalation means that a new key would allow what the key that creates it does not.
	ErrEscalation = errors.New("auth: more than the caller may grant")
	// ErrTooManyKeys means that the client has the maximum number of keys.
	ErrTooManyKeys = errors.New("auth: too many keys")
	// ErrInvalidOverlap means that the overlap of a rotation is not between 0 and MaxOverlap.
	ErrInvalidOverlap = errors.New("auth: overlap must be between 0 and 7 days")
)

// IsDenial reports whether err is a decision against the caller. Any other error means that no decision could be made:
// reject the request and let the client try again.
func IsDenial(err error) bool {
	denials := []error{ErrMissing, ErrInvalid, ErrExpired, ErrMismatch, ErrSuspended, ErrThrottled}
	return slices.ContainsFunc(denials, func(denial error) bool { return errors.Is(err, denial) })
}

// Throttled is ErrThrottled with the time to wait.
type Throttled struct{ RetryAfter time.Duration }

// Error implements error.
func (s *Throttled) Error() string { return ErrThrottled.Error() }

// Unwrap returns ErrThrottled.
func (s *Throttled) Unwrap() error { return ErrThrottled }

// RotationConflict means that a rotation would end a credential earlier than an earlier rotation promised.
type RotationConflict struct{ Until time.Time }

// Error implements error.
func (p *RotationConflict) Error() string { return "auth: an earlier rotation promised a later end" }

// InvalidClientError says which field of ClientParams is invalid. Its text holds no value.
type InvalidClientError struct {
	Field  string // "name", "tenant", "scope", "rate", "burst" or "quota"
	Reason string // the end of a sentence: "must not be blank"
}

// Error implements error.
func (e *InvalidClientError) Error() string { return "auth: client: " + e.Field + " " + e.Reason }

// InvalidKeyError says which field of KeyParams is invalid. Its text holds no value.
type InvalidKeyError struct {
	Field  string // "name", "owner", "scopes", "scopes.1", "expires", "use" or an API's own
	Reason string // the end of a sentence: "must be in the future"
}

// Error implements error.
func (e *InvalidKeyError) Error() string { return "auth: key: " + e.Field + " " + e.Reason }
