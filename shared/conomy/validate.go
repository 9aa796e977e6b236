package conomy

import (
	"cmp"
	"strings"

	"cedula/shared/iddocument"
	"cedula/shared/identity"
	"cedula/shared/iso"
)

// The values of an identity's type in requests and responses.
const (
	typeUser         = "USER"
	typeOrganization = "ORGANIZATION"
)

const countryReason = "must be three capital letters of ISO 3166-1, such as CHL"

// require returns an error about a field, by its name in the request, unless ok.
func require(ok bool, name, reason string) error {
	if ok {
		return nil
	}
	return invalidField(name, reason)
}

func checkType(text string) error {
	return require(text == "" || text == typeUser || text == typeOrganization, "type", "must be USER or ORGANIZATION")
}

// checkCountry accepts three capital letters or "".
func checkCountry(text string) error {
	capitals := strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
	return require(text == "" || len(text) == 3 && capitals, "country", countryReason)
}

func checkDocumentNumber(text string) error {
	return require(identity.DocumentForms(text) != nil, "documentNumber", "must hold letters or digits")
}

// checkReferenceData checks that the phone matches the country and the document number has the form of its type. For a
// strict client it also checks that codes exist and that the document number is valid.
func checkReferenceData(p *identity.Profile, strict bool) error {
	plausible := iddocument.PlausibleFormat(p.DocumentType, p.Country, p.DocumentNumber)
	err := cmp.Or(
		checkDialCode(p.Phone, p.Country),
		require(plausible, "documentNumber", "must have the form of its documentType"),
	)
	if err != nil || !strict {
		return err
	}
	return cmp.Or(checkISOCodes(p.Country, p.Bank), checkDocument(p))
}

// checkDialCode checks that a phone number in the form that identity.CheckPhone accepts is one of the country.
func checkDialCode(phone, country string) error {
	ok := !iso.IsCountry(country) || iso.PhoneMatchesCountry(phone, country)
	return require(ok, "phone", "must have a dial code of the country and a length that is used there")
}

func checkISOCodes(country string, b *identity.BankAccount) error {
	err := require(country == "" || iso.IsCountry(country), "country", countryReason)
	if err != nil || b == nil {
		return err
	}
	currency := iso.IsCurrency(b.Currency) || iso.IsCryptocurrency(b.Currency)
	return cmp.Or(
		require(iso.IsCountry(b.Country), "bankAccount.country", countryReason),
		require(currency, "bankAccount.currency", "must be a code of ISO 4217, USDC or USDT"),
	)
}

func checkDocument(p *identity.Profile) error {
	user, organization, known := iddocument.HolderTypes(p.DocumentType)
	allowed := user
	if p.Kind == identity.Organization {
		allowed = organization
	}
	check := documentCheck(p)
	return cmp.Or(
		require(known, "documentType", "must be a known type of document"),
		require(allowed, "documentType", "is not for this type of identity"),
		require(check.Verdict != iddocument.Invalid, "documentNumber", "is no valid number: "+check.Reason),
	)
}

// documentCheck checks the document number. Identities of other APIs may have none.
func documentCheck(p *identity.Profile) iddocument.Result {
	if p.DocumentNumber == "" {
		return iddocument.Result{Verdict: iddocument.Unchecked, Reason: "the identity has no document"}
	}
	return iddocument.Check(p.DocumentType, p.Country, p.DocumentNumber)
}
