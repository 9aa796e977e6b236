package identity

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
)

// Vault encrypts single values under data keys, which it makes and which are
// themselves encrypted, "wrapped", under a key of the deployment.
type Vault interface {
	// NewKey returns a wrapped data key for a tenant's values.
	NewKey(ctx context.Context, tenant string) (wrapped []byte, err error)
	// Seal encrypts a value under a tenant's data key. The box can be opened
	// only with the same tenant, key and place.
	Seal(ctx context.Context, tenant string, wrapped []byte, place, value string) (box []byte, err error)
	// Open returns what Seal was given.
	Open(ctx context.Context, tenant string, wrapped []byte, place string, box []byte) (value string, err error)
}

// Sealed is a tokenized field: its value is encrypted, and where the value was
// stands a random text of its shape.
type Sealed struct {
	Field Field
	Box   []byte // from the Vault, at least 12 bytes, the first 12 random
	Held  string // kept for the store, which finds the identity by it
	Value string // set only in a change that seals it: for the store to look up, not to keep
}

// Reference is a random text that is another one each time a value is sealed.
func (s Sealed) Reference() string { return base64.StdEncoding.EncodeToString(s.Box[:12]) }

// Tokenizable lists the fields that can be tokenized, in the order in which
// they are told.
var Tokenizable = []Field{
	FieldFirstName, FieldLastName, FieldOtherNames, FieldEmail, FieldPhone, FieldStreet, FieldPostalCode,
}

// What stands in the way of tokenizing a field, or of reading it, each within a
// *FieldError.
var (
	ErrTokenized    = errors.New("is tokenized already")
	ErrNotTokenized = errors.New("is not tokenized")
	ErrNeverToken   = errors.New("cannot be tokenized")
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
func (i *Identity) Tokenized(f Field) *Sealed {
	at := slices.IndexFunc(i.Sealed, func(s Sealed) bool { return s.Field == f })
	if at < 0 {
		return nil
	}
	return &i.Sealed[at]
}

// text is a tokenizable field's place in a profile, or nil.
func (p *Profile) text(f Field) *string {
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

// Shown is what stands in a tokenizable field: its value or, if it is tokenized,
// the text in its place. It returns false for another field.
func (p *Profile) Shown(f Field) (string, bool) {
	if text := p.text(f); text != nil {
		return *text, true
	}
	return "", false
}

// Tokenize replaces the values of fields by random texts of their shape, all or
// none, and keeps them encrypted. What is remembered of answers to earlier
// requests loses them too. The Apply of c is not called. It returns a *FieldError
// with ErrNeverToken or ErrTokenized, and what Change returns.
func (s *Service) Tokenize(ctx context.Context, c Change, fields ...Field) (Changed, error) {
	c.Apply = func(i *Identity) error {
		for _, f := range fields {
			if i.text(f) == nil {
				return &FieldError{f, ErrNeverToken}
			}
		}
		for n, f := range fields {
			switch {
			case slices.Contains(fields[:n], f):
			case i.Tokenized(f) != nil:
				return &FieldError{f, ErrTokenized}
			default:
				i.Sealed = append(i.Sealed, Sealed{Field: f})
			}
		}
		return nil
	}
	changed, err := s.Change(ctx, c)
	if err != nil && !errors.Is(err, ErrTokenized) {
		return Changed{}, err
	}
	// Also if it was tokenized before: whoever did that may have been cut short.
	if forgotten := s.forget(ctx, c.Tenant, c.ID); forgotten != nil {
		return Changed{}, forgotten
	}
	return changed, err
}

func (s *Service) forget(ctx context.Context, tenant, id string) error {
	newest, err := s.Get(ctx, tenant, id)
	if err != nil {
		return err
	}
	return s.Store.Forget(ctx, newest)
}

// Detokenize returns the values of tokenized fields: of those named, or of all
// if none is. It returns a *FieldError with ErrNeverToken or ErrNotTokenized.
func (s *Service) Detokenize(ctx context.Context, tenant, id string, fields ...Field) (map[Field]string, error) {
	i, err := s.Get(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	if len(fields) == 0 {
		for _, sealed := range i.Sealed {
			fields = append(fields, sealed.Field)
		}
	}
	values := make(map[Field]string, len(fields))
	for _, f := range fields {
		sealed := i.Tokenized(f)
		switch {
		case i.text(f) == nil:
			return nil, &FieldError{f, ErrNeverToken}
		case sealed == nil:
			return nil, &FieldError{f, ErrNotTokenized}
		}
		if values[f], err = s.open(ctx, &i, sealed); err != nil {
			return nil, err
		}
	}
	return values, nil
}

func (s *Service) open(ctx context.Context, i *Identity, sealed *Sealed) (string, error) {
	return s.openBox(ctx, i, i.place(sealed.Field), sealed.Box)
}

func (s *Service) openBox(ctx context.Context, i *Identity, place string, box []byte) (string, error) {
	if s.Vault == nil {
		return "", errNoVault
	}
	return s.Vault.Open(ctx, i.Tenant, i.DataKey, place, box)
}

var errNoVault = errors.New("identity: a tokenized field, and no vault")

// place is what a box is bound to besides its tenant and key.
func (i *Identity) place(f Field) string { return i.ID + "/" + string(f) }

// placeOfChange is likewise that of an address that waits to be proven.
func (i *Identity) placeOfChange(f Field) string { return i.place(f) + "/change" }

// seal encrypts every tokenized field that has a new value, and what waits to take
// its place.
func (s *Service) seal(ctx context.Context, before, after *Identity) (err error) {
	for n := range after.Sealed {
		sealed := &after.Sealed[n]
		text := after.text(sealed.Field)
		if sealed.Box != nil && *text == *before.text(sealed.Field) {
			continue
		}
		sealed.Value = *text
		if sealed.Box, err = s.sealText(ctx, after, after.place(sealed.Field), text); err != nil {
			return err
		}
	}
	return s.sealChanges(ctx, after)
}

func (s *Service) sealChanges(ctx context.Context, i *Identity) error {
	for n := range i.Proofs {
		p := &i.Proofs[n]
		if p.Change == "" || p.Box != "" || i.Tokenized(p.Channel.Field()) == nil {
			continue
		}
		box, err := s.sealText(ctx, i, i.placeOfChange(p.Channel.Field()), &p.Change)
		if err != nil {
			return err
		}
		p.Box = string(box)
	}
	return nil
}

// sealText encrypts a text and puts another of its shape in its place.
func (s *Service) sealText(ctx context.Context, i *Identity, place string, text *string) (box []byte, err error) {
	if s.Vault == nil {
		return nil, errNoVault
	}
	if i.DataKey == nil {
		if i.DataKey, err = s.Vault.NewKey(ctx, i.Tenant); err != nil {
			return nil, err
		}
	}
	if box, err = s.Vault.Seal(ctx, i.Tenant, i.DataKey, place, *text); err != nil {
		return nil, err
	}
	*text, err = standIn(*text, s.Random)
	return box, err
}

// Holds tells whether the email or the phone of an identity is a value, be it
// tokenized or not.
func (s *Service) Holds(i *Identity, f Field, value string) bool {
	sealed := i.Tokenized(f)
	switch {
	case sealed != nil:
		return sealed.Held != "" && value != "" && sealed.Held == s.Store.LookUp(i.Tenant, f, value)
	case f == FieldEmail:
		return NormalizeEmail(i.Email) == NormalizeEmail(value)
	case f == FieldPhone:
		return i.Phone == value
	}
	return false
}
