package identity

import (
	"errors"
	"fmt"
)

// Errors of the service, to be compared with errors.Is. None holds a value
// that a client sent.
var (
	// ErrNotFound: the tenant has no such identity. Another tenant's identity
	// and one that never was are the same.
	ErrNotFound = errors.New("identity not found")
	// ErrVersionMismatch: the identity is of another version than the request asks for.
	ErrVersionMismatch = errors.New("identity has another version")
	// ErrIdempotencyReused: the idempotency key came before with another request.
	ErrIdempotencyReused = errors.New("idempotency key was used with another request")
	// ErrBusy: other requests hold the same identity or key; try again shortly.
	ErrBusy = errors.New("another request on the same resource is running")
	// ErrTooLarge: the identity as a whole passes what one record can hold.
	ErrTooLarge = errors.New("identity is too large")
	// ErrUnavailable: the registry cannot answer now; nothing is known to have changed.
	ErrUnavailable = errors.New("registry is unavailable")
)

// Invalid says that a field breaks a rule.
type Invalid struct {
	Field  Field
	Reason string // what the rule asks for, as the end of a sentence: "must be ..."
}

// Error names the field and the rule, never the value.
func (e *Invalid) Error() string { return fmt.Sprintf("%s %s", e.Field, e.Reason) }

// StateError says that the identity is not in a state that allows the change.
type StateError struct{ Reason string } // a sentence without values

// Error is the reason.
func (e *StateError) Error() string { return e.Reason }

// DanglingReference says that a field names an identity that the tenant does not have.
type DanglingReference struct{ Field Field }

// Error names the field, never the id.
func (e *DanglingReference) Error() string { return fmt.Sprintf("%s names no identity", e.Field) }

// MissingField says that a field that the dialect requires was not sent.
type MissingField struct{ Field Field }

// Error names the field.
func (e *MissingField) Error() string { return fmt.Sprintf("%s is required", e.Field) }

// Conflict says that another identity of the tenant has the same id, or holds
// the same unique claim.
type Conflict struct {
	Fields     []Field
	ExistingID string // the id of the other identity: never to be shown
}

// Error names the fields, never the value or the holder.
func (e *Conflict) Error() string {
	return fmt.Sprintf("an identity with the same %v exists", e.Fields)
}

// ErrPreconditionFailed is the ErrVersionMismatch of a caller whose own condition on the version
// does not hold: not to be tried again.
var ErrPreconditionFailed = fmt.Errorf("%w: refused by the caller", ErrVersionMismatch)
