package identity

import (
	"slices"
	"strings"

	"cedula/shared/iddocument"
)

// Claim reserves a combination of values for one identity of a tenant. As long as it exists, no other identity
// can have an equal claim.
type Claim struct {
	Kind   string     // namespace, such as "user"
	Values []string   // compared exactly, so they must be normalized
	Fields []Field    // named in a *Conflict
	Former [][]string // values that v0.1.0 stored for the same combination only, reserved as well
}

// UniquenessClaim returns the claim that makes an identity unique in its tenant: an organisation by document
// number, a person by document number, email and phone together.
func (p *Profile) UniquenessClaim() Claim {
	document := p.DocumentForm()
	if p.Kind == Organization {
		c := Claim{Kind: "organization", Values: []string{document}, Fields: []Field{FieldDocumentNumber}}
		if stored := p.storedDocument(document); stored != document {
			c.Former = [][]string{{stored}}
		}
		return c
	}
	c := Claim{
		Kind:   "user",
		Values: []string{document, NormalizeEmail(p.Email), p.Phone},
		Fields: []Field{FieldDocumentNumber, FieldEmail, FieldPhone},
	}
	stored := p.storedDocument(document)
	if stored == document && hasOneForm(p.Email) {
		return c
	}
	for _, email := range append(EmailForms(p.Email), c.Values[1]) {
		if NormalizeEmail(email) != c.Values[1] {
			continue // what v0.1.0 stored is another mailbox, whose owner must not be refused
		}
		c.Former = append(c.Former, []string{document, email, p.Phone}, []string{stored, email, p.Phone})
	}
	slices.SortFunc(c.Former, slices.Compare)
	c.Former = slices.CompactFunc(c.Former, slices.Equal)
	c.Former = slices.DeleteFunc(c.Former, func(f []string) bool { return slices.Equal(f, c.Values) })
	return c
}

// DocumentForm returns the form in which the document numbers of two identities are compared.
func (p *Profile) DocumentForm() string {
	return iddocument.Canonical(p.DocumentType, p.Country, p.DocumentNumber)
}

// HasDocument reports whether a spelling of the document number is the identity's.
func (p *Profile) HasDocument(number string) bool {
	return p.DocumentForm() == iddocument.Canonical(p.DocumentType, p.Country, number)
}

// DocumentForms returns the forms under which identities with a document number of any type are found, those that v0.1.0
// stored last. It returns nothing for a number of separators alone.
func DocumentForms(number string) []string {
	forms := iddocument.CanonicalForms(number)
	stored := storedDocument(number)
	if forms != nil && !slices.Contains(forms, stored) {
		forms = append(forms, stored)
	}
	return forms
}

// storedDocument returns the form that v0.1.0 compared, given the form of today, which is usually the same. It returns the form
// of today if the other one is another document's.
func (p *Profile) storedDocument(form string) string {
	kept := 0
	usual := !strings.ContainsFunc(p.DocumentNumber, func(c rune) bool {
		isSeparator := strings.ContainsRune(" .-/", c)
		if !isSeparator {
			kept++
		}
		return !isSeparator && !asciiAlphanumeric(c)
	})
	if usual && kept == len(form) {
		return form
	}
	stored := storedDocument(p.DocumentNumber)
	if !p.HasDocument(stored) {
		return form // another document, whose owner must not be refused
	}
	return stored
}

// storedDocument is the form of a document number that v0.1.0 compared.
func storedDocument(number string) string { return strings.ToUpper(oldSeparators.Replace(number)) }

var oldSeparators = strings.NewReplacer(" ", "", ".", "", "-", "", "/", "")
