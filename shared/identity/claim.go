package identity

import "strings"

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

// NormalizeDocument is the form in which two document numbers are compared:
// upper case, without the separators that people write.
func NormalizeDocument(number string) string {
	return strings.ToUpper(separators.Replace(number))
}

var separators = strings.NewReplacer(" ", "", ".", "", "-", "", "/", "")

// NormalizeEmail is the form in which two addresses are compared. Case is
// folded in the local part too: no large mail host tells cases apart.
func NormalizeEmail(address string) string { return strings.ToLower(address) }
