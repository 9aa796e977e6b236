package identity

import "strings"

// Claim reserves a combination of values for one identity of a tenant. As long as it exists, no other identity
// can have an equal claim.
type Claim struct {
	Kind   string     // namespace, such as "user"
	Values []string   // compared exactly, so they must be normalized
	Fields []Field    // named in a *Conflict
	Former [][]string // values that v0.1.0 stored for the same combination, reserved as well
}

// UniquenessClaim returns the claim that makes an identity unique in its tenant: an organisation by document
// number, a person by document number, email and phone together.
func (p *Profile) UniquenessClaim() Claim {
	document := NormalizeDocument(p.DocumentNumber)
	if p.Kind == Organization {
		return Claim{Kind: "organization", Values: []string{document}, Fields: []Field{FieldDocumentNumber}}
	}
	c := Claim{
		Kind:   "user",
		Values: []string{document, NormalizeEmail(p.Email), p.Phone},
		Fields: []Field{FieldDocumentNumber, FieldEmail, FieldPhone},
	}
	for _, email := range EmailForms(p.Email)[min(1, len(p.Email)):] {
		c.Former = append(c.Former, []string{document, email, p.Phone})
	}
	return c
}

// NormalizeDocument returns the form in which document numbers are compared: upper case, without
// separators.
func NormalizeDocument(number string) string {
	return strings.ToUpper(separators.Replace(number))
}

var separators = strings.NewReplacer(" ", "", ".", "", "-", "", "/", "")
