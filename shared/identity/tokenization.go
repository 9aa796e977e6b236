package identity

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
)

// Cipher encrypts single values under data keys, which it makes and which are
// themselves encrypted, "wrapped", under a key of the deployment.
type Cipher interface {
	// NewKey returns a wrapped data key for a tenant's values.
	NewKey(ctx context.Context, tenant string) (wrapped []byte, err error)
	// Encrypt encrypts a value under a tenant's data key. The box can be opened
	// only with the same tenant, key and place.
	Encrypt(ctx context.Context, tenant string, wrapped []byte, place, value string) (box []byte, err error)
	// Decrypt returns what Seal was given.
	Decrypt(ctx context.Context, tenant string, wrapped []byte, place string, box []byte) (value string, err error)
}

// EncryptedField is a tokenized field: its value is encrypted, and where the value was
// stands a random text of its shape.
type EncryptedField struct {
	Field      Field
	Ciphertext []byte // from the Cipher, at least 12 bytes, the first 12 random
	LookupKey  string // kept for the store, which finds the identity by it
	Plaintext  string // set only in a change that seals it: for the store to look up, not to keep
}

// TokenID is a random text that is another one each time a value is sealed.
func (s EncryptedField) TokenID() string { return base64.StdEncoding.EncodeToString(s.Ciphertext[:12]) }

// TokenizableFields lists the fields that can be tokenized, in the order in which
// they are told.
var TokenizableFields = []Field{
	FieldFirstName, FieldLastName, FieldOtherNames, FieldEmail, FieldPhone, FieldStreet, FieldPostalCode,
}

// What stands in the way of tokenizing a field, or of reading it, each within a
// *FieldError.
var (
	ErrAlreadyTokenized = errors.New("is tokenized already")
	ErrNotTokenized     = errors.New("is not tokenized")
	ErrNotTokenizable   = errors.New("cannot be tokenized")
)

// FieldError is an error about a field.
type FieldError struct {
	Field Field
	Err   error
}

// Error names the field.
func (e *FieldError) Error() string { return fmt.Sprintf("%s %s", e.Field, e.Err) }

// Unwrap is what is wrong with it.
func (e *FieldError) Unwrap() error { return e.Err }

// Tokenized returns the tokenization of a field, or nil.
func (i *Identity) Tokenized(f Field) *EncryptedField {
	at := slices.IndexFunc(i.EncryptedFields, func(s EncryptedField) bool { return s.Field == f })
	if at < 0 {
		return nil
	}
	return &i.EncryptedFields[at]
}

// EncryptionContext is what a box is bound to besides its tenant and key.
func (i *Identity) EncryptionContext(f Field) string { return i.ID + "/" + string(f) }

// PendingEncryptionContext is likewise that of an address that waits to be proven.
func (i *Identity) PendingEncryptionContext(f Field) string {
	return i.EncryptionContext(f) + "/change"
}
