package registry

import (
	"context"
	"errors"
	"slices"

	"cedula/shared/identity"
)

// Tokenize replaces the values of fields by random placeholders of the same shape and stores the values encrypted, all
// fields or none. Replays of earlier requests show the placeholders from then on. It ignores c.Apply. It returns a
// *FieldError with ErrNotTokenizable or ErrAlreadyTokenized, and the errors of Update.
func (r *Registry) Tokenize(ctx context.Context, c Change, fields ...identity.Field) (identity.WriteResult, error) {
	c.Apply = func(i *identity.Identity) error {
		for _, f := range fields {
			if i.TokenizableField(f) == nil {
				return &identity.FieldError{Field: f, Err: identity.ErrNotTokenizable}
			}
		}
		for n, f := range fields {
			if slices.Contains(fields[:n], f) {
				continue
			}
			if i.Tokenized(f) != nil {
				return &identity.FieldError{Field: f, Err: identity.ErrAlreadyTokenized}
			}
			i.EncryptedFields = append(i.EncryptedFields, identity.EncryptedField{Field: f})
		}
		return nil
	}
	return r.Update(ctx, c)
}

// Detokenize returns the values of the named tokenized fields, or of all if none is named. It returns ErrNotFound, or
// a *FieldError with ErrNotTokenizable or ErrNotTokenized.
func (r *Registry) Detokenize(ctx context.Context, tenant, id string, fields ...identity.Field) (map[identity.Field]string, error) {
	i, err := r.Get(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	if len(fields) == 0 {
		for _, sealed := range i.EncryptedFields {
			fields = append(fields, sealed.Field)
		}
	}
	values := make(map[identity.Field]string, len(fields))
	for _, f := range fields {
		sealed := i.Tokenized(f)
		if i.TokenizableField(f) == nil {
			return nil, &identity.FieldError{Field: f, Err: identity.ErrNotTokenizable}
		}
		if sealed == nil {
			return nil, &identity.FieldError{Field: f, Err: identity.ErrNotTokenized}
		}
		values[f], err = r.decryptField(ctx, &i, sealed)
		if err != nil {
			return nil, err
		}
	}
	return values, nil
}

func (r *Registry) decryptField(ctx context.Context, i *identity.Identity, sealed *identity.EncryptedField) (string, error) {
	return r.decrypt(ctx, i, i.EncryptionContext(sealed.Field), sealed.Ciphertext)
}

func (r *Registry) decrypt(ctx context.Context, i *identity.Identity, place string, box []byte) (string, error) {
	if r.Cipher == nil {
		return "", errNoCipher
	}
	return r.Cipher.Decrypt(ctx, i.Tenant, i.WrappedKey, place, box)
}

var errNoCipher = errors.New("identity: a tokenized field and no cipher")

// encryptFields encrypts every tokenized field that has a new value, and its pending
// address.
func (r *Registry) encryptFields(ctx context.Context, before, after *identity.Identity) (err error) {
	for n := range after.EncryptedFields {
		sealed := &after.EncryptedFields[n]
		text := after.TokenizableField(sealed.Field)
		if sealed.Ciphertext != nil && *text == *before.TokenizableField(sealed.Field) {
			continue
		}
		if sealed.Ciphertext != nil {
			sealed.RememberPlaceholder(*before.TokenizableField(sealed.Field))
		}
		sealed.Plaintext = *text
		sealed.Ciphertext, err = r.encryptText(ctx, after, after.EncryptionContext(sealed.Field), text)
		if err != nil {
			return err
		}
	}
	return r.encryptPendingAddresses(ctx, after)
}

func (r *Registry) encryptPendingAddresses(ctx context.Context, i *identity.Identity) error {
	for n := range i.Verifications {
		p := &i.Verifications[n]
		if p.PendingAddress == "" || p.PendingCiphertext != "" || i.Tokenized(p.Channel.Field()) == nil {
			continue
		}
		box, err := r.encryptText(ctx, i, i.PendingEncryptionContext(p.Channel.Field()), &p.PendingAddress)
		if err != nil {
			return err
		}
		p.PendingCiphertext = string(box)
	}
	return nil
}

// encryptText encrypts a string and replaces it by a placeholder.
func (r *Registry) encryptText(ctx context.Context, i *identity.Identity, place string, text *string) (box []byte, err error) {
	if r.Cipher == nil {
		return nil, errNoCipher
	}
	if i.WrappedKey == nil {
		i.WrappedKey, err = r.Cipher.NewKey(ctx, i.Tenant)
		if err != nil {
			return nil, err
		}
	}
	box, err = r.Cipher.Encrypt(ctx, i.Tenant, i.WrappedKey, place, *text)
	if err != nil {
		return nil, err
	}
	*text, err = newPlaceholder(*text, r.Random)
	return box, err
}

// HasValue reports whether the email or phone of an identity, tokenized or not, equals
// value.
func (r *Registry) HasValue(i *identity.Identity, f identity.Field, value string) bool {
	sealed := i.Tokenized(f)
	if sealed != nil {
		return sealed.LookupKey != "" && slices.Contains(r.Store.LookupKeys(i.Tenant, f, value), sealed.LookupKey)
	}
	sameEmail := f == identity.FieldEmail && identity.NormalizeEmail(i.Email) == identity.NormalizeEmail(value)
	return sameEmail || f == identity.FieldPhone && i.Phone == value
}
