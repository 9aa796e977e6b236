package conomy

import (
	"fmt"

	"cedula/shared/identity"
	"cedula/shared/strictjson"
)

// profileRequest holds the fields that a client may send for a new identity and change later. Null clears a field.
type profileRequest struct {
	Name            strictjson.Optional[string]                                   `json:"name"`
	Nickname        strictjson.Optional[string]                                   `json:"nickname"`
	Lastname        strictjson.Optional[string]                                   `json:"lastname"`
	Country         strictjson.Optional[string]                                   `json:"country"`
	ExternalID      strictjson.Optional[string]                                   `json:"externalId"`
	Gender          strictjson.Optional[string]                                   `json:"gender"`
	BirthDate       strictjson.Optional[string]                                   `json:"birthDate"`
	Nationality     strictjson.Optional[string]                                   `json:"nationality"`
	Rules           strictjson.Optional[strictjson.Value]                         `json:"rules"`
	ExtendedData    strictjson.Optional[strictjson.Array]                         `json:"extendedData"`
	Metadata        strictjson.Optional[strictjson.Object]                        `json:"metadata"`
	SecurityOptions strictjson.Optional[securityRequest]                          `json:"securityOptions"`
	Address         strictjson.Optional[addressJSON[strictjson.Optional[string]]] `json:"address"`
	BankAccount     strictjson.Optional[bankAccountRequest]                       `json:"bankAccount"`
	Children        strictjson.Optional[[]childRequest]                           `json:"children"`
}

// applyTo applies the fields that were sent, except free-form JSON, which a create stores unchanged and an update
// merges. The profile's kind must be set: it decides whether the name is a person's or an organization's.
func (u *profileRequest) applyTo(p *identity.Profile) error {
	name := &p.FirstName
	if p.Kind == identity.Organization {
		name = &p.OrganizationName
	}
	u.Name.ApplyTo(name)
	u.Nickname.ApplyTo(&p.Nickname)
	u.Lastname.ApplyTo(&p.LastName)
	u.Country.ApplyTo(&p.Country)
	u.ExternalID.ApplyTo(&p.ExternalID)
	u.Gender.ApplyTo(&p.Gender)
	u.Nationality.ApplyTo(&p.Nationality)
	if u.BirthDate.Sent {
		p.BirthDate, _ = identity.ParseDate(u.BirthDate.Value)
	}
	u.applySecurity(&p.Security)
	u.applyAddress(&p.Address)
	return u.applyBankAccount(p)
}

// checkFormats checks the fields that do not depend on the stored identity.
func (u *profileRequest) checkFormats() error {
	if err := checkCountry(u.Country.Value); err != nil {
		return err
	}
	if _, ok := identity.ParseDate(u.BirthDate.Value); u.BirthDate.Value != "" && !ok {
		return invalidField("birthDate", "must be a date such as 1990-01-15")
	}
	for n, child := range u.Children.Value {
		if child.ID == "" {
			return &identity.MissingField{Field: identity.Field(fmt.Sprintf("children.%d.id", n))}
		}
	}
	control := u.SecurityOptions.Value.AccessControl.Value
	if control == nil {
		return nil
	}
	if control.Scopes == nil {
		return &identity.MissingField{Field: "securityOptions.accessControl.scopes"}
	}
	return checkScopes(control.Scopes, "securityOptions.accessControl.scopes.")
}

// childRequest is a child. Its name and email are ignored: responses show those of the child's identity.
type childRequest struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Email string `json:"email"`
}

func (u *profileRequest) childIDs() []string {
	var ids []string
	for _, child := range u.Children.Value {
		ids = append(ids, child.ID)
	}
	return ids
}

// securityRequest has the two-factor field of Conomy's schema, which wins, and that of its examples.
type securityRequest struct {
	TwoFactorAuth          strictjson.Optional[bool]               `json:"twoFactorAuth"`
	TwoFactorEnabled       strictjson.Optional[bool]               `json:"twoFactorEnabled"`
	SignTrx                strictjson.Optional[bool]               `json:"signTrx"`
	SignAccountsOperations strictjson.Optional[bool]               `json:"signAccountsOperations"`
	AccessControl          strictjson.Optional[*accessControlJSON] `json:"accessControl"`
}

func (u *profileRequest) applySecurity(o *identity.SecurityOptions) {
	if u.SecurityOptions.Null() {
		*o = identity.SecurityOptions{}
		return
	}
	s := u.SecurityOptions.Value
	s.TwoFactorEnabled.ApplyTo(&o.TwoFactor)
	s.TwoFactorAuth.ApplyTo(&o.TwoFactor)
	s.SignTrx.ApplyTo(&o.SignTransactions)
	s.SignAccountsOperations.ApplyTo(&o.SignAccountOperations)
	if s.AccessControl.Sent {
		o.AccessControl = s.AccessControl.Value.accessControl()
	}
}

// addressJSON holds the fields of an address: strictjson.Optional[string] in requests, string in responses.
type addressJSON[T any] struct {
	AdministrativeAreaLevel1 T `json:"administrativeAreaLevel1"`
	AdministrativeAreaLevel2 T `json:"administrativeAreaLevel2"`
	AdministrativeAreaLevel3 T `json:"administrativeAreaLevel3"`
	Street                   T `json:"street"`
	StreetNumber             T `json:"streetNumber"`
	OptionalAddress          T `json:"optionalAddress"`
	Country                  T `json:"country"`
	Zipcode                  T `json:"zipcode"`
}

func (u *profileRequest) applyAddress(a *identity.Address) {
	if u.Address.Null() {
		*a = identity.Address{}
		return
	}
	s := u.Address.Value
	s.AdministrativeAreaLevel1.ApplyTo(&a.State)
	s.AdministrativeAreaLevel2.ApplyTo(&a.City)
	s.AdministrativeAreaLevel3.ApplyTo(&a.District)
	s.Street.ApplyTo(&a.Street)
	s.StreetNumber.ApplyTo(&a.StreetNumber)
	s.OptionalAddress.ApplyTo(&a.Unit)
	s.Country.ApplyTo(&a.Country)
	s.Zipcode.ApplyTo(&a.PostalCode)
}

func (u *profileRequest) applyBankAccount(p *identity.Profile) error {
	if !u.BankAccount.Sent {
		return nil
	}
	if u.BankAccount.Null() {
		p.Bank = nil
		return nil
	}
	if p.Bank == nil {
		p.Bank = &identity.BankAccount{}
	}
	return u.BankAccount.Value.applyTo(p.Bank, "bankAccount.")
}
