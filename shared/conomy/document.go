package conomy

import (
	"cedula/shared/iddocument"
	"cedula/shared/identity"
	"cedula/shared/iso"
)

// checkReferenceData compares a new identity's facts with the world's registers. A
// lenient client's document number must have the look of its type and its
// phone a dial code of its country; a strict client's must be right as far as
// that can be computed, and its codes must exist.
func (c *createRequest) checkReferenceData(strict bool) error {
	if err := checkDialCode(c.Phone, c.Country); err != nil {
		return err
	}
	if !iddocument.PlausibleFormat(c.DocumentType, c.Country, c.DocumentNumber) {
		return &identity.Invalid{Field: identity.FieldDocumentNumber, Reason: "must have the form of its documentType"}
	}
	if !strict {
		return nil
	}
	if err := checkISOCodes(c.Country, c.BankAccount.bankAccount()); err != nil {
		return err
	}
	return c.checkDocument()
}

// checkDocument refuses a type that is not known or not for this type of
// identity, and a number that no document of the type can have.
func (c *createRequest) checkDocument() error {
	user, organization, known := iddocument.HolderTypes(c.DocumentType)
	if !known {
		return &identity.Invalid{Field: identity.FieldDocumentType, Reason: "must be a known type of document"}
	}
	if c.Type == typeOrganization && !organization || c.Type != typeOrganization && !user {
		return &identity.Invalid{Field: identity.FieldDocumentType, Reason: "is not for this type of identity"}
	}
	if r := iddocument.Check(c.DocumentType, c.Country, c.DocumentNumber); r.Verdict == iddocument.Invalid {
		return &identity.Invalid{Field: identity.FieldDocumentNumber, Reason: "is no valid number: " + r.Reason}
	}
	return nil
}

// checkISOCodes refuses countries and currencies that do not exist.
func checkISOCodes(country string, b *identity.BankAccount) error {
	if country != "" && !iso.IsCountry(country) {
		return errCountry
	}
	if b == nil {
		return nil
	}
	if !iso.IsCountry(b.Country) {
		return &identity.Invalid{Field: "bankAccount.country", Reason: errCountry.Reason}
	}
	if !iso.IsCurrency(b.Currency) && !iso.IsCryptocurrency(b.Currency) {
		return &identity.Invalid{Field: "bankAccount.currency", Reason: "must be a code of ISO 4217, USDC or USDT"}
	}
	return nil
}

// documentCheck judges an identity's document as its answer shows it. An identity of
// another dialect has none.
func documentCheck(p *identity.Profile) iddocument.Result {
	if p.DocumentNumber == "" {
		return iddocument.Result{Verdict: iddocument.Unchecked, Reason: "the identity has no document"}
	}
	return iddocument.Check(p.DocumentType, p.Country, p.DocumentNumber)
}
