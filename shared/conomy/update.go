package conomy

import (
	"cmp"

	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/iso"
	"cedula/shared/registry"
	"cedula/shared/strictjson"
)

// updateRequest is a merge patch (RFC 7396) of what a client may change. Null
// clears a field.
type updateRequest struct {
	Name            strictjson.Optional[string]            `json:"name"`
	Nickname        strictjson.Optional[string]            `json:"nickname"`
	Lastname        strictjson.Optional[string]            `json:"lastname"`
	Country         strictjson.Optional[string]            `json:"country"`
	ExternalID      strictjson.Optional[string]            `json:"externalId"`
	Gender          strictjson.Optional[string]            `json:"gender"`
	BirthDate       strictjson.Optional[string]            `json:"birthDate"`
	Nationality     strictjson.Optional[string]            `json:"nationality"`
	Rules           strictjson.Optional[strictjson.Value]  `json:"rules"`
	ExtendedData    strictjson.Optional[strictjson.Array]  `json:"extendedData"`
	Metadata        strictjson.Optional[strictjson.Object] `json:"metadata"`
	SecurityOptions strictjson.Optional[securityPatch]     `json:"securityOptions"`
	Address         strictjson.Optional[addressPatch]      `json:"address"`
	BankAccount     strictjson.Optional[bankAccountPatch]  `json:"bankAccount"`
	Children        strictjson.Optional[[]childRequest]    `json:"children"`

	// What never changes: dropped, or refused for a strict client.
	ID             strictjson.Optional[strictjson.Value] `json:"id"`
	Type           strictjson.Optional[strictjson.Value] `json:"type"`
	DocumentType   strictjson.Optional[strictjson.Value] `json:"documentType"`
	DocumentNumber strictjson.Optional[strictjson.Value] `json:"documentNumber"`
	IDV            strictjson.Optional[strictjson.Value] `json:"idv"`

	// What changes only where it may: see applyStatusAndContacts.
	Email  strictjson.Optional[strictjson.Value] `json:"email"`
	Phone  strictjson.Optional[strictjson.Value] `json:"phone"`
	Status strictjson.Optional[strictjson.Value] `json:"status"`
}

// UpdateIdentity serves PATCH /identities/{id}.
func (a *API) UpdateIdentity(r *gateway.Request) (gateway.Response, error) {
	var body updateRequest
	if err := decode(r, &body); err != nil {
		return gateway.Response{}, err
	}
	if err := body.check(r.Caller.Strict); err != nil {
		return gateway.Response{}, err
	}
	change := registry.Change{Apply: func(i *identity.Identity) error {
		if err := body.apply(i); err != nil {
			return err
		}
		if err := body.applyStatusAndContacts(i, r.Caller, a.Identities.TenantNow(i.Tenant)); err != nil || !r.Caller.Strict {
			return err
		}
		return checkISOCodes(i.Country, i.Bank)
	}}
	if body.Children.Sent {
		change.Children = &registry.ChildrenUpdate{Children: childIDs(body.Children.Value), Mode: registry.ReplaceChildren}
	}
	return a.changeIdentity(r, change)
}

// check applies what needs no identity to be known.
func (u *updateRequest) check(strict bool) error {
	if u.Name.Sent && u.Name.Value == "" {
		return &identity.Invalid{Field: "name", Reason: "must not be cleared"}
	}
	if c := u.Country.Value; c != "" && !isAlpha3(c) {
		return errCountry
	}
	if _, ok := identity.ParseDate(u.BirthDate.Value); u.BirthDate.Value != "" && !ok {
		return errBirthDate
	}
	if err := u.SecurityOptions.Value.AccessControl.Value.check(accessControlPath); err != nil {
		return err
	}
	if err := checkChildren(u.Children.Value); err != nil {
		return err
	}
	if strict {
		return u.checkImmutable()
	}
	return nil
}

// checkImmutable refuses a field that never changes.
func (u *updateRequest) checkImmutable() error {
	for _, f := range []struct {
		name identity.Field
		strictjson.Optional[strictjson.Value]
	}{
		{"id", u.ID},
		{"type", u.Type},
		{"documentType", u.DocumentType},
		{"documentNumber", u.DocumentNumber},
		{"idv", u.IDV},
	} {
		if f.Sent {
			return &identity.Invalid{Field: f.name, Reason: "cannot be changed"}
		}
	}
	return nil
}

func (u *updateRequest) apply(i *identity.Identity) error {
	p := &i.Profile
	if err := u.checkPhone(i); err != nil {
		return err
	}
	if err := u.checkPlaceholders(i); err != nil {
		return err
	}
	if u.Name.Sent {
		setName(p, u.Name.Value)
	}
	u.Nickname.ApplyTo(&p.Nickname)
	u.Lastname.ApplyTo(&p.LastName)
	u.Country.ApplyTo(&p.Country)
	u.ExternalID.ApplyTo(&p.ExternalID)
	u.Gender.ApplyTo(&p.Gender)
	u.Nationality.ApplyTo(&p.Nationality)
	if u.BirthDate.Sent {
		p.BirthDate, _ = identity.ParseDate(u.BirthDate.Value)
	}
	mergeJSON(&p.Rules, u.Rules.Sent, u.Rules.Value)
	mergeJSON(&p.ExtendedData, u.ExtendedData.Sent, u.ExtendedData.Value.Value)
	mergeJSON(&p.Metadata, u.Metadata.Sent, u.Metadata.Value.Value)
	u.applySecurity(&p.Security)
	u.applyAddress(&p.Address)
	return u.applyBankAccount(p)
}

// checkPhone refuses a new country that the identity's phone is not of: the one that
// waits to be proven, if there is one that is not taken back. Of one that is
// tokenized nobody here knows what it is of.
func (u *updateRequest) checkPhone(i *identity.Identity) error {
	c := u.Country.Value
	if c == i.Country || !iso.IsCountry(c) || i.Tokenized(identity.FieldPhone) != nil {
		return nil
	}
	phone := cmp.Or(i.Verification(identity.ChannelPhone).PendingAddress, i.Phone)
	if u.Phone.Sent && i.RequiresVerification() {
		var sent string
		if err := strictjson.DecodeString(u.Phone.Value, &sent); err == nil && sent == i.Phone {
			phone = sent
		} else {
			phone = "" // another one is compared with the new country, or refused
		}
	}
	if identity.CheckPhone(phone) == nil && !iso.PhoneMatchesCountry(phone, c) {
		return &identity.Invalid{Field: identity.FieldCountry, Reason: "must be the one of the phone's dial code"}
	}
	return nil
}

func (u *updateRequest) applySecurity(o *identity.SecurityOptions) {
	if !u.SecurityOptions.Sent {
		return
	}
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

func (u *updateRequest) applyAddress(a *identity.Address) {
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

// applyBankAccount merges into the account or makes one; either way the outcome must
// have what an account needs.
func (u *updateRequest) applyBankAccount(p *identity.Profile) error {
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
	b, s := p.Bank, u.BankAccount.Value
	s.AccountNumber.ApplyTo(&b.AccountNumber)
	s.Nickname.ApplyTo(&b.Nickname)
	s.Bank.ApplyTo(&b.Bank)
	s.Currency.ApplyTo(&b.Currency)
	s.TypeAccount.ApplyTo(&b.AccountType)
	s.AccountHolder.ApplyTo(&b.Holder)
	s.AccountHolderDni.ApplyTo(&b.HolderDocument)
	s.Country.ApplyTo(&b.Country)
	s.ExternalID.ApplyTo(&b.ExternalID)
	return checkBankAccount("bankAccount.", b)
}
