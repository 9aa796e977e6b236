package auth

import "errors"

// IsRefusal tells whether err is a decision against the caller. Any other
// error means that none could be made: refuse, and let the caller try again.
func IsRefusal(err error) bool {
	for _, refusal := range []error{ErrMissing, ErrInvalid, ErrExpired, ErrMismatch, ErrSuspended, ErrTooMany} {
		if errors.Is(err, refusal) {
			return true
		}
	}
	return false
}
