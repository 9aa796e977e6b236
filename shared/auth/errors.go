package auth

import "errors"

// IsDenial tells whether err is a decision against the caller. Any other
// error means that none could be made: refuse, and let the caller try again.
func IsDenial(err error) bool {
	for _, refusal := range []error{ErrMissing, ErrInvalid, ErrExpired, ErrMismatch, ErrSuspended, ErrThrottled} {
		if errors.Is(err, refusal) {
			return true
		}
	}
	return false
}
