package conomy

import (
	"cedula/shared/document"
	"cedula/shared/identity"
	"cedula/shared/iso"
)

// checkFacts compares a new identity's facts with the world's registers. A
// lenient client's document number must have the look of its type and its
// phone a dial code of its country; a strict client's must be right as far as
// that can be computed, and its codes must exist.
func (c *createRequest) checkFacts(strict bool) error {
	if err := checkDialCode(c.Phone, c.Country); err != nil {
		return err
	}
	if !document.Fits(c.DocumentType, c.Country, c.DocumentNumber) {
		return &identity.Invalid{Field: identity.FieldDocumentNumber, Reason: "must have the form of its documentType"}
	}
	if !strict {
		return nil
	}
	if err := checkCodes(c.Country, c.BankAccount.account()); err != nil {
		return err
	}
	return c.checkDocument()
}

// checkDocument refuses a type that is not known or not for this type of
// identity, and a number that no document of the type can have.
func (c *createRequest) checkDocument() error {
	user, organization, known := document.For(c.DocumentType)
	if !known {
		return &identity.Invalid{Field: identity.FieldDocumentType, Reason: "must be a known type of document"}
	}
	if c.Type == typeOrganization && !organization || c.Type != typeOrganization && !user {
		return &identity.Invalid{Field: identity.FieldDocumentType, Reason: "is not for this type of identity"}
	}
	if r := document.Check(c.DocumentType, c.Country, c.DocumentNumber); r.Verdict == document.Invalid {
		return &identity.Invalid{Field: identity.FieldDocumentNumber, Reason: "is no valid number: " + r.Reason}
	}
	return nil
}

// checkCodes refuses countries and currencies that do not exist.
func checkCodes(country string, b *identity.BankAccount) error {
	if country != "" && !iso.Country(country) {
		return errCountry
	}
	if b == nil {
		return nil
	}
	if !iso.Country(b.Country) {
		return &identity.Invalid{Field: "bankAccount.country", Reason: errCountry.Reason}
	}
	if !iso.Currency(b.Currency) && !iso.Crypto(b.Currency) {
		return &identity.Invalid{Field: "bankAccount.currency", Reason: "must be a code of ISO 4217, USDC or USDT"}
	}
	return nil
}

// verdict judges an identity's document as its answer shows it. An identity of
// another dialect has none.
func verdict(p *identity.Profile) document.Result {
	if p.DocumentNumber == "" {
		return document.Result{Verdict: document.Unchecked, Reason: "the identity has no document"}
	}
	return document.Check(p.DocumentType, p.Country, p.DocumentNumber)
}
