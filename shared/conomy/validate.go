package conomy

import (
	"cedula/shared/iddocument"
	"cedula/shared/identity"
	"cedula/shared/iso"
)

// The two values of an identity's type on the wire.
const (
	typeUser         = "USER"
	typeOrganization = "ORGANIZATION"
)

const countryReason = "must be three capital letters of ISO 3166-1, such as CHL"

// checkType accepts an identity's type, or none.
func checkType(text string) error {
	if text != "" && text != typeUser && text != typeOrganization {
		return invalidField("type", "must be USER or ORGANIZATION")
	}
	return nil
}

// checkCountry accepts what looks like a country, or none.
func checkCountry(text string) error {
	if text == "" || len(text) == 3 && isUpper(text[0]) && isUpper(text[1]) && isUpper(text[2]) {
		return nil
	}
	return invalidField("country", countryReason)
}

func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' }

func checkDocumentNumber(text string) error {
	if identity.NormalizeDocument(text) == "" {
		return invalidField("documentNumber", "must hold letters or digits")
	}
	return nil
}

// checkReferenceData compares a new identity's facts with the world's registers. A
// lenient client's document number must have the look of its type and its
// phone a dial code of its country; a strict client's must be right as far as
// that can be computed, and its codes must exist.
func checkReferenceData(p *identity.Profile, strict bool) error {
	if err := checkDialCode(p.Phone, p.Country); err != nil {
		return err
	}
	if !iddocument.PlausibleFormat(p.DocumentType, p.Country, p.DocumentNumber) {
		return invalidField("documentNumber", "must have the form of its documentType")
	}
	if !strict {
		return nil
	}
	if err := checkISOCodes(p.Country, p.Bank); err != nil {
		return err
	}
	return checkDocument(p)
}

// checkDialCode asks for a phone of the country, if that is one.
func checkDialCode(phone, country string) error {
	if err := identity.CheckPhone(phone); err != nil {
		return err
	}
	if iso.IsCountry(country) && !iso.PhoneMatchesCountry(phone, country) {
		return invalidField("phone", "must have a dial code of the country and a length that is used there")
	}
	return nil
}

// checkISOCodes rejects countries and currencies that do not exist.
func checkISOCodes(country string, b *identity.BankAccount) error {
	if country != "" && !iso.IsCountry(country) {
		return invalidField("country", countryReason)
	}
	if b == nil {
		return nil
	}
	if !iso.IsCountry(b.Country) {
		return invalidField("bankAccount.country", countryReason)
	}
	if !iso.IsCurrency(b.Currency) && !iso.IsCryptocurrency(b.Currency) {
		return invalidField("bankAccount.currency", "must be a code of ISO 4217, USDC or USDT")
	}
	return nil
}

// checkDocument rejects a type that is not known or not for this kind of
// identity, and a number that no document of the type can have.
func checkDocument(p *identity.Profile) error {
	user, organization, known := iddocument.HolderTypes(p.DocumentType)
	if !known {
		return invalidField("documentType", "must be a known type of document")
	}
	allowed := user
	if p.Kind == identity.Organization {
		allowed = organization
	}
	if !allowed {
		return invalidField("documentType", "is not for this type of identity")
	}
	if r := documentCheck(p); r.Verdict == iddocument.Invalid {
		return invalidField("documentNumber", "is no valid number: "+r.Reason)
	}
	return nil
}

// documentCheck checks the number of an identity's document. An identity of another API has
// none.
func documentCheck(p *identity.Profile) iddocument.Result {
	if p.DocumentNumber == "" {
		return iddocument.Result{Verdict: iddocument.Unchecked, Reason: "the identity has no document"}
	}
	return iddocument.Check(p.DocumentType, p.Country, p.DocumentNumber)
}
