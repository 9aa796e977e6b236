package conomy

import (
	"cedula/shared/identity"
	"cedula/shared/strictjson"
)

// bankAccountRequest holds the fields of a bank account that are sent; the others stay as
// they are.
type bankAccountRequest struct {
	AccountNumber    strictjson.Optional[string] `json:"accountNumber"`
	Nickname         strictjson.Optional[string] `json:"nickname"`
	Bank             strictjson.Optional[string] `json:"bank"`
	Currency         strictjson.Optional[string] `json:"currency"`
	TypeAccount      strictjson.Optional[string] `json:"typeAccount"`
	AccountHolder    strictjson.Optional[string] `json:"accountHolder"`
	AccountHolderDni strictjson.Optional[string] `json:"accountHolderDni"`
	Country          strictjson.Optional[string] `json:"country"`
	ExternalID       strictjson.Optional[string] `json:"externalId"`
}

// applyTo merges the fields into an account, which must then have what Conomy needs of one.
// The path is where the account stands in the body.
func (s *bankAccountRequest) applyTo(b *identity.BankAccount, path string) error {
	s.AccountNumber.ApplyTo(&b.AccountNumber)
	s.Nickname.ApplyTo(&b.Nickname)
	s.Bank.ApplyTo(&b.Bank)
	s.Currency.ApplyTo(&b.Currency)
	s.TypeAccount.ApplyTo(&b.AccountType)
	s.AccountHolder.ApplyTo(&b.Holder)
	s.AccountHolderDni.ApplyTo(&b.HolderDocument)
	s.Country.ApplyTo(&b.Country)
	s.ExternalID.ApplyTo(&b.ExternalID)
	return requireFields(path, []requiredField{
		{"accountNumber", b.AccountNumber},
		{"bank", b.Bank},
		{"currency", b.Currency},
		{"accountHolder", b.Holder},
		{"accountHolderDni", b.HolderDocument},
		{"country", b.Country},
	})
}

type bankAccountResponse struct {
	ID               string `json:"id"`
	AccountNumber    string `json:"accountNumber"`
	Nickname         string `json:"nickname"`
	Bank             string `json:"bank"`
	Currency         string `json:"currency"`
	TypeAccount      string `json:"typeAccount"`
	AccountHolder    string `json:"accountHolder"`
	AccountHolderDni string `json:"accountHolderDni"`
	Country          string `json:"country"`
	ExternalID       string `json:"externalId"`
	CreatedAt        string `json:"createdAt"`
	UpdatedAt        string `json:"updatedAt"`
}

func toBankAccountResponse(b *identity.BankAccount) *bankAccountResponse {
	if b == nil {
		return nil
	}
	return &bankAccountResponse{
		ID: b.ID, AccountNumber: b.AccountNumber, Nickname: b.Nickname, Bank: b.Bank,
		Currency: b.Currency, TypeAccount: b.AccountType,
		AccountHolder: b.Holder, AccountHolderDni: b.HolderDocument,
		Country: b.Country, ExternalID: b.ExternalID,
		CreatedAt: formatTime(b.CreatedAt), UpdatedAt: formatTime(b.UpdatedAt),
	}
}
