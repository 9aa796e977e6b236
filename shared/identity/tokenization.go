package identity

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
)

// Cipher encrypts values under data keys that it generates and wraps (encrypts) under a key of the deployment. It
// is safe for concurrent use. Its methods return ErrUnavailable if that key cannot be reached.
type Cipher interface {
	// NewKey returns a new wrapped data key for a tenant's values.
	NewKey(ctx context.Context, tenant string) (wrapped []byte, err error)
	// Encrypt encrypts a value under a tenant's data key. Decrypt needs the same tenant, key and place.
	Encrypt(ctx context.Context, tenant string, wrapped []byte, place, value string) (box []byte, err error)
	// Decrypt returns the value that Encrypt was given.
	Decrypt(ctx context.Context, tenant string, wrapped []byte, place string, box []byte) (value string, err error)
}

// EncryptedField is a tokenized field: its encrypted value. The profile contains a random placeholder of
// the same shape.
type EncryptedField struct {
	Field      Field
	Ciphertext []byte   // from the Cipher, at least 12 bytes, the first 12 random
	LookupKey  string   // index key of the value, for the store
	Former     []string // digests of its earlier placeholders, see RememberPlaceholder
	Plaintext  string   // set only while the field is being encrypted, for the store to compute LookupKey; not stored
}

// TokenID returns a random string that differs each time a value is encrypted.
func (s EncryptedField) TokenID() string { return base64.StdEncoding.EncodeToString(s.Ciphertext[:12]) }

// TokenizableFields lists the fields that can be tokenized, in the order in which they are
// returned.
var TokenizableFields = []Field{
	FieldFirstName, FieldLastName, FieldOtherNames, FieldEmail, FieldPhone, FieldStreet, FieldPostalCode,
}

// The reasons for which a field cannot be tokenized or detokenized, each wrapped in a
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

// Unwrap returns the reason.
func (e *FieldError) Unwrap() error { return e.Err }

// Tokenized returns the tokenization of a field, or nil.
func (i *Identity) Tokenized(f Field) *EncryptedField {
	at := slices.IndexFunc(i.EncryptedFields, func(s EncryptedField) bool { return s.Field == f })
	if at < 0 {
		return nil
	}
	return &i.EncryptedFields[at]
}

// ShowTokenized replaces the values of fields that are tokenized in a newer version by their placeholders there.
func (i *Identity) ShowTokenized(newer *Identity) {
	for _, encrypted := range newer.EncryptedFields {
		if i.Tokenized(encrypted.Field) != nil {
			continue
		}
		*i.TokenizableField(encrypted.Field) = *newer.TokenizableField(encrypted.Field)
		i.EncryptedFields = append(i.EncryptedFields, encrypted)
		for n := range i.Verifications {
			v := &i.Verifications[n]
			if v.Channel.Field() == encrypted.Field {
				v.PendingAddress = newer.Verification(v.Channel).PendingAddress
			}
		}
	}
}

// EncryptionContext returns the place of a field, to which its ciphertext is bound.
func (i *Identity) EncryptionContext(f Field) string { return i.ID + "/" + string(f) }

// PendingEncryptionContext returns the place of a pending address, to which its ciphertext is bound.
func (i *Identity) PendingEncryptionContext(f Field) string {
	return i.EncryptionContext(f) + "/change"
}
