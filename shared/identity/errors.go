package identity

import (
	"errors"
	"fmt"
)

// Errors of the registry, to be compared with errors.Is. None contains a value that a client
// sent.
var (
	// ErrNotFound: the tenant has no such identity. It does not reveal whether another tenant has.
	ErrNotFound = errors.New("identity not found")
	// ErrVersionMismatch: the identity has another version than the request requires.
	ErrVersionMismatch = errors.New("identity has another version")
	// ErrIdempotencyReused: the idempotency key belongs to a different request.
	ErrIdempotencyReused = errors.New("idempotency key was used with another request")
	// ErrBusy: concurrent requests changed the same identity or key; the client may retry shortly.
	ErrBusy = errors.New("another request on the same resource is running")
	// ErrTooLarge: the identity exceeds the size of a record.
	ErrTooLarge = errors.New("identity is too large")
	// ErrUnavailable: the registry cannot be reached; whether the request had an effect is unknown.
	ErrUnavailable = errors.New("registry is unavailable")
)

// Invalid is returned if a field is not valid.
type Invalid struct {
	Field  Field
	Reason string // the end of a sentence that begins with the field: "must be ..."
}

// Error names the field and the rule, never the value.
func (e *Invalid) Error() string { return fmt.Sprintf("%s %s", e.Field, e.Reason) }

// StateError is returned if the state of the identity does not allow the change.
type StateError struct{ Reason string } // a sentence without values

// Error returns the reason.
func (e *StateError) Error() string { return e.Reason }

// DanglingReference is returned if a field refers to an identity that does not exist.
type DanglingReference struct{ Field Field }

// Error names the field, never the id.
func (e *DanglingReference) Error() string { return fmt.Sprintf("%s names no identity", e.Field) }

// MissingField is returned if a required field is absent or empty.
type MissingField struct{ Field Field }

// Error names the field.
func (e *MissingField) Error() string { return fmt.Sprintf("%s is required", e.Field) }

// Conflict is returned if another identity of the tenant has the same id or the same
// claim.
type Conflict struct {
	Fields     []Field
	ExistingID string // the id of the other identity; never shown to clients
}

// Error names the fields, never the value or the holder.
func (e *Conflict) Error() string {
	return fmt.Sprintf("an identity with the same %v exists", e.Fields)
}

// ErrPreconditionFailed is an ErrVersionMismatch that must not be retried: the client's own condition on
// the version is not met.
var ErrPreconditionFailed = fmt.Errorf("%w: refused by the caller", ErrVersionMismatch)

// Unreadable is returned with the other results of a call if stored records cannot be decoded: they are damaged, or of a
// format that this release does not know.
type Unreadable struct {
	IDs []string // of the identities
	Err error    // the reason for the first
}

// Error counts the records and returns the reason, without the ids.
func (e *Unreadable) Error() string {
	return fmt.Sprintf("%d identity records cannot be read: %s", len(e.IDs), e.Err)
}

// Unwrap returns the reason.
func (e *Unreadable) Unwrap() error { return e.Err }

// Join returns the records of both errors, each of which may be nil.
func (e *Unreadable) Join(other *Unreadable) *Unreadable {
	if e == nil {
		return other
	}
	if other != nil {
		e.IDs = append(e.IDs, other.IDs...)
	}
	return e
}
