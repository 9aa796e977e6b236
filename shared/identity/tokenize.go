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
	Ciphertext []byte // from the Vault, at least 12 bytes, the first 12 random
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

// tokenizableField is a tokenizable field's place in a profile, or nil.
func (p *Profile) tokenizableField(f Field) *string {
	switch f {
	case FieldFirstName:
		return &p.FirstName
	case FieldLastName:
		return &p.LastName
	case FieldOtherNames:
		return &p.OtherNames
	case FieldEmail:
		return &p.Email
	case FieldPhone:
		return &p.Phone
	case FieldStreet:
		return &p.Address.Street
	case FieldPostalCode:
		return &p.Address.PostalCode
	}
	return nil
}

// DisplayValue is what stands in a tokenizable field: its value or, if it is tokenized,
// the text in its place. It returns false for another field.
func (p *Profile) DisplayValue(f Field) (string, bool) {
	if text := p.tokenizableField(f); text != nil {
		return *text, true
	}
	return "", false
}

// Tokenize replaces the values of fields by random texts of their shape, all or
// none, and keeps them encrypted. What is remembered of answers to earlier
// requests loses them too. The Apply of c is not called. It returns a *FieldError
// with ErrNotTokenizable or ErrAlreadyTokenized, and what Change returns.
func (s *Service) Tokenize(ctx context.Context, c Change, fields ...Field) (WriteResult, error) {
	c.Apply = func(i *Identity) error {
		for _, f := range fields {
			if i.tokenizableField(f) == nil {
				return &FieldError{f, ErrNotTokenizable}
			}
		}
		for n, f := range fields {
			switch {
			case slices.Contains(fields[:n], f):
			case i.Tokenized(f) != nil:
				return &FieldError{f, ErrAlreadyTokenized}
			default:
				i.EncryptedFields = append(i.EncryptedFields, EncryptedField{Field: f})
			}
		}
		return nil
	}
	changed, err := s.Update(ctx, c)
	if err != nil && !errors.Is(err, ErrAlreadyTokenized) {
		return WriteResult{}, err
	}
	// Also if it was tokenized before: whoever did that may have been cut short.
	if forgotten := s.rewriteReplays(ctx, c.Tenant, c.ID); forgotten != nil {
		return WriteResult{}, forgotten
	}
	return changed, err
}

func (s *Service) rewriteReplays(ctx context.Context, tenant, id string) error {
	newest, err := s.Get(ctx, tenant, id)
	if err != nil {
		return err
	}
	return s.Store.RewriteReplays(ctx, newest)
}

// Detokenize returns the values of tokenized fields: of those named, or of all
// if none is. It returns a *FieldError with ErrNotTokenizable or ErrNotTokenized.
func (s *Service) Detokenize(ctx context.Context, tenant, id string, fields ...Field) (map[Field]string, error) {
	i, err := s.Get(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	if len(fields) == 0 {
		for _, sealed := range i.EncryptedFields {
			fields = append(fields, sealed.Field)
		}
	}
	values := make(map[Field]string, len(fields))
	for _, f := range fields {
		sealed := i.Tokenized(f)
		switch {
		case i.tokenizableField(f) == nil:
			return nil, &FieldError{f, ErrNotTokenizable}
		case sealed == nil:
			return nil, &FieldError{f, ErrNotTokenized}
		}
		if values[f], err = s.decryptField(ctx, &i, sealed); err != nil {
			return nil, err
		}
	}
	return values, nil
}

func (s *Service) decryptField(ctx context.Context, i *Identity, sealed *EncryptedField) (string, error) {
	return s.decrypt(ctx, i, i.encryptionContext(sealed.Field), sealed.Ciphertext)
}

func (s *Service) decrypt(ctx context.Context, i *Identity, place string, box []byte) (string, error) {
	if s.Cipher == nil {
		return "", errNoCipher
	}
	return s.Cipher.Decrypt(ctx, i.Tenant, i.WrappedKey, place, box)
}

var errNoCipher = errors.New("identity: a tokenized field, and no vault")

// encryptionContext is what a box is bound to besides its tenant and key.
func (i *Identity) encryptionContext(f Field) string { return i.ID + "/" + string(f) }

// pendingEncryptionContext is likewise that of an address that waits to be proven.
func (i *Identity) pendingEncryptionContext(f Field) string {
	return i.encryptionContext(f) + "/change"
}

// encryptFields encrypts every tokenized field that has a new value, and what waits to take
// its place.
func (s *Service) encryptFields(ctx context.Context, before, after *Identity) (err error) {
	for n := range after.EncryptedFields {
		sealed := &after.EncryptedFields[n]
		text := after.tokenizableField(sealed.Field)
		if sealed.Ciphertext != nil && *text == *before.tokenizableField(sealed.Field) {
			continue
		}
		sealed.Plaintext = *text
		if sealed.Ciphertext, err = s.encryptText(ctx, after, after.encryptionContext(sealed.Field), text); err != nil {
			return err
		}
	}
	return s.encryptPendingAddresses(ctx, after)
}

func (s *Service) encryptPendingAddresses(ctx context.Context, i *Identity) error {
	for n := range i.Verifications {
		p := &i.Verifications[n]
		if p.PendingAddress == "" || p.PendingCiphertext != "" || i.Tokenized(p.Channel.Field()) == nil {
			continue
		}
		box, err := s.encryptText(ctx, i, i.pendingEncryptionContext(p.Channel.Field()), &p.PendingAddress)
		if err != nil {
			return err
		}
		p.PendingCiphertext = string(box)
	}
	return nil
}

// encryptText encrypts a text and puts another of its shape in its place.
func (s *Service) encryptText(ctx context.Context, i *Identity, place string, text *string) (box []byte, err error) {
	if s.Cipher == nil {
		return nil, errNoCipher
	}
	if i.WrappedKey == nil {
		if i.WrappedKey, err = s.Cipher.NewKey(ctx, i.Tenant); err != nil {
			return nil, err
		}
	}
	if box, err = s.Cipher.Encrypt(ctx, i.Tenant, i.WrappedKey, place, *text); err != nil {
		return nil, err
	}
	*text, err = newPlaceholder(*text, s.Random)
	return box, err
}

// HasValue tells whether the email or the phone of an identity is a value, be it
// tokenized or not.
func (s *Service) HasValue(i *Identity, f Field, value string) bool {
	sealed := i.Tokenized(f)
	switch {
	case sealed != nil:
		return sealed.LookupKey != "" && value != "" && sealed.LookupKey == s.Store.LookupKey(i.Tenant, f, value)
	case f == FieldEmail:
		return NormalizeEmail(i.Email) == NormalizeEmail(value)
	case f == FieldPhone:
		return i.Phone == value
	}
	return false
}
