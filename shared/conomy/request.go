package conomy

import (
	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/registry"
	"cedula/shared/strictjson"
)

// decode reads a body whose Content-Type, if there is one, says JSON. A strict
// client's may have no member that the operation does not know.
func decode(r *gateway.Request, into any) error {
	switch media, err := r.MediaType(); {
	case err != nil:
		return err
	case media != "" && media != "application/json":
		return &gateway.HeaderError{Name: "Content-Type", Reason: "must be application/json"}
	}
	if r.Caller.Strict {
		return strictjson.DecodeDisallowUnknown(r.Body, into)
	}
	return strictjson.Decode(r.Body, into)
}

// createRequest is what a client may say of a new identity. Status is honoured
// only for a client that is trusted with it.
type createRequest struct {
	Type            string              `json:"type"`
	Name            string              `json:"name"`
	Nickname        string              `json:"nickname"`
	Lastname        string              `json:"lastname"`
	Email           string              `json:"email"`
	Phone           string              `json:"phone"`
	DocumentType    string              `json:"documentType"`
	DocumentNumber  string              `json:"documentNumber"`
	IDV             string              `json:"idv"`
	Status          string              `json:"status"`
	Country         string              `json:"country"`
	SecurityOptions securityRequest     `json:"securityOptions"`
	Children        []childRequest      `json:"children"`
	ExternalID      string              `json:"externalId"`
	BankAccount     *bankAccountRequest `json:"bankAccount"`
	Rules           strictjson.Value    `json:"rules"`
	Gender          string              `json:"gender"`
	BirthDate       string              `json:"birthDate"`
	Nationality     string              `json:"nationality"`
	ExtendedData    strictjson.Array    `json:"extendedData"`
	Metadata        strictjson.Object   `json:"metadata"`
	Address         addressJSON         `json:"address"`
}

// securityRequest takes both spellings of the two-factor switch: the schema's
// and the one that Conomy's examples send. The schema's wins.
type securityRequest struct {
	TwoFactorAuth          *bool              `json:"twoFactorAuth"`
	TwoFactorEnabled       bool               `json:"twoFactorEnabled"`
	SignTrx                bool               `json:"signTrx"`
	SignAccountsOperations bool               `json:"signAccountsOperations"`
	AccessControl          *accessControlJSON `json:"accessControl"`
}

type childRequest struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Email string `json:"email"`
}

type bankAccountRequest struct {
	AccountNumber    string `json:"accountNumber"`
	Nickname         string `json:"nickname"`
	Bank             string `json:"bank"`
	Currency         string `json:"currency"`
	TypeAccount      string `json:"typeAccount"`
	AccountHolder    string `json:"accountHolder"`
	AccountHolderDni string `json:"accountHolderDni"`
	Country          string `json:"country"`
	ExternalID       string `json:"externalId"`
}

// draft translates the request into the core's words. It returns a *Missing or
// an *Invalid for what this dialect asks for beyond the core's own rules.
func (c *createRequest) draft(strict bool) (registry.Draft, error) {
	if err := c.check(strict); err != nil {
		return registry.Draft{}, err
	}
	p := identity.Profile{
		Kind: kindFromType(c.Type), LastName: c.Lastname, Nickname: c.Nickname,
		Email: c.Email, Phone: c.Phone,
		DocumentType: c.DocumentType, DocumentNumber: c.DocumentNumber, IDV: c.IDV,
		Gender: c.Gender, Nationality: c.Nationality, Country: c.Country,
		Address: c.Address.address(), Security: c.SecurityOptions.securityOptions(),
		ExternalID: c.ExternalID, Bank: c.BankAccount.bankAccount(),
		Rules:        rawJSON(c.Rules),
		ExtendedData: identity.JSON(c.ExtendedData.Value),
		Metadata:     identity.JSON(c.Metadata.Value),
	}
	p.BirthDate, _ = identity.ParseDate(c.BirthDate)
	setName(&p, c.Name)
	return registry.Draft{
		Profile:    p,
		Status:     identity.Status(c.Status),
		GenerateID: generateID,
		Claims:     []identity.Claim{p.UniquenessClaim()},

		Children: childIDs(c.Children),
	}, nil
}

// rawJSON is a free value as it came; null is the same as none.
func rawJSON(v strictjson.Value) identity.JSON {
	if v.Kind() == 'n' {
		return nil
	}
	return identity.JSON(v)
}

func (s *securityRequest) securityOptions() identity.SecurityOptions {
	o := identity.SecurityOptions{
		TwoFactor:             s.TwoFactorEnabled,
		SignTransactions:      s.SignTrx,
		SignAccountOperations: s.SignAccountsOperations,
		AccessControl:         s.AccessControl.accessControl(),
	}
	if s.TwoFactorAuth != nil {
		o.TwoFactor = *s.TwoFactorAuth
	}
	return o
}

func childIDs(sent []childRequest) []string {
	var list []string
	for _, c := range sent {
		list = append(list, c.ID)
	}
	return list
}

func (b *bankAccountRequest) bankAccount() *identity.BankAccount {
	if b == nil {
		return nil
	}
	return &identity.BankAccount{
		AccountNumber: b.AccountNumber, Nickname: b.Nickname, Bank: b.Bank,
		Currency: b.Currency, AccountType: b.TypeAccount,
		Holder: b.AccountHolder, HolderDocument: b.AccountHolderDni,
		Country: b.Country, ExternalID: b.ExternalID,
	}
}
