package identity

import (
	"context"
	"slices"
	"strings"
)

// Claim reserves a combination of values for one identity of a tenant: while
// it lives, no other identity can be created with an equal claim.
type Claim struct {
	Kind   string   // a namespace of its own, such as "user"
	Values []string // compared exactly: normalise them first
	Fields []Field  // what to name when the claim is taken
}

// UniquenessClaim is the claim of an identity that is to be unique in its tenant: an
// organisation by its document, anybody else by document, email and phone
// together.
func (p *Profile) UniquenessClaim() Claim {
	document := NormalizeDocument(p.DocumentNumber)
	if p.Kind == Organization {
		return Claim{Kind: "organization", Values: []string{document}, Fields: []Field{FieldDocumentNumber}}
	}
	return Claim{
		Kind:   "user",
		Values: []string{document, NormalizeEmail(p.Email), p.Phone},
		Fields: []Field{FieldDocumentNumber, FieldEmail, FieldPhone},
	}
}

// changedClaims returns the claim that a change makes of one that the identity holds;
// nil if there is none, or if it stays.
func (s *Service) changedClaims(ctx context.Context, before, after *Identity) ([]Claim, error) {
	was, is := before.UniquenessClaim(), after.UniquenessClaim()
	if len(before.StoreState.ClaimKeys) == 0 || was.Kind == is.Kind && slices.Equal(was.Values, is.Values) {
		return nil, nil
	}
	known := after.Profile
	for n := range after.EncryptedFields {
		sealed := &after.EncryptedFields[n]
		text := known.tokenizableField(sealed.Field)
		if sealed.Ciphertext == nil || *text != *before.tokenizableField(sealed.Field) {
			continue // a new value, in clear
		}
		value, err := s.decryptField(ctx, after, sealed)
		if err != nil {
			return nil, err
		}
		*text = value
	}
	return []Claim{known.UniquenessClaim()}, nil
}

// Idempotency makes a request take effect once. The zero value means that the
// client sent no key.
type Idempotency struct {
	Key         string   // at most MaxIdempotencyKeyLength bytes
	Fingerprint [32]byte // of the whole request; equal requests have equal ones
}

// MaxIdempotencyKeyLength bounds the key that a client chooses, in bytes.
const MaxIdempotencyKeyLength = 255

// check returns an *Invalid for a key that is too long or not printable ASCII.
func (i Idempotency) check() error {
	if len(i.Key) > MaxIdempotencyKeyLength {
		return &Invalid{FieldIdempotencyKey, "must have at most 255 characters"}
	}
	for _, c := range []byte(i.Key) {
		if c < ' ' || c > '~' {
			return &Invalid{FieldIdempotencyKey, "must be printable ASCII"}
		}
	}
	return nil
}

// NormalizeDocument is the form in which two document numbers are compared:
// upper case, without the separators that people write.
func NormalizeDocument(number string) string {
	return strings.ToUpper(separators.Replace(number))
}

var separators = strings.NewReplacer(" ", "", ".", "", "-", "", "/", "")

// NormalizeEmail is the form in which two addresses are compared. Case is
// folded in the local part too: no large mail host tells cases apart.
func NormalizeEmail(address string) string { return strings.ToLower(address) }
