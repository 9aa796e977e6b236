package conomy

import (
	"net/http"

	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/registry"
	"cedula/shared/rest"
	"cedula/shared/strictjson"
)

// bankAccountFields holds what a client may write: strictjson.Optional[string] in requests, string in responses.
type bankAccountFields[T any] struct {
	AccountNumber    T `json:"accountNumber"`
	Nickname         T `json:"nickname"`
	Bank             T `json:"bank"`
	Currency         T `json:"currency"`
	TypeAccount      T `json:"typeAccount"`
	AccountHolder    T `json:"accountHolder"`
	AccountHolderDni T `json:"accountHolderDni"`
	Country          T `json:"country"`
	ExternalID       T `json:"externalId"`
}

type bankAccountRequest struct {
	bankAccountFields[strictjson.Optional[string]]
}

// applyTo merges the fields that were sent into b, which must then have the required ones. Errors name fields by their
// path in the body.
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
	ID string `json:"id"`
	bankAccountFields[string]
	CreatedAt string `json:"createdAt"`
	UpdatedAt string `json:"updatedAt"`
}

func toBankAccountResponse(b *identity.BankAccount) *bankAccountResponse {
	if b == nil {
		return nil
	}
	return &bankAccountResponse{
		ID: b.ID,
		bankAccountFields: bankAccountFields[string]{
			AccountNumber: b.AccountNumber, Nickname: b.Nickname, Bank: b.Bank, Currency: b.Currency, TypeAccount: b.AccountType,
			AccountHolder: b.Holder, AccountHolderDni: b.HolderDocument, Country: b.Country, ExternalID: b.ExternalID,
		},
		CreatedAt: formatTime(b.CreatedAt), UpdatedAt: formatTime(b.UpdatedAt),
	}
}

func (a *API) listWithdrawalAccounts(r *gateway.Request) (gateway.Response, error) {
	accounts, err := a.Identities.ListWithdrawalAccounts(r.Context(), r.Caller.Tenant, r.Param("id"))
	if err != nil {
		return gateway.Response{}, err
	}
	return rest.JSON(http.StatusOK, rest.Map(accounts, toBankAccountResponse)), nil
}

func (a *API) addWithdrawalAccount(r *gateway.Request, body *bankAccountRequest) (gateway.Response, error) {
	var account identity.BankAccount
	if err := body.applyTo(&account, ""); err != nil {
		return gateway.Response{}, err
	}
	once, err := dialect.Idempotency(r)
	if err != nil {
		return gateway.Response{}, err
	}
	added, err := a.Identities.AddWithdrawalAccount(r.Context(), registry.WithdrawalAccountDraft{
		Tenant: r.Caller.Tenant, ID: r.Param("id"), BankAccount: account,
		Idempotency: once, GenerateID: generateID,
	})
	if err != nil {
		return gateway.Response{}, err
	}
	return rest.MarkReplay(rest.JSON(http.StatusCreated, toBankAccountResponse(&added.BankAccount)), added.Replayed), nil
}

func (a *API) removeWithdrawalAccount(r *gateway.Request) (gateway.Response, error) {
	if err := a.Identities.RemoveWithdrawalAccount(r.Context(), r.Caller.Tenant, r.Param("id"), r.Param("accountId")); err != nil {
		return gateway.Response{}, err
	}
	return gateway.EmptyResponse(http.StatusNoContent), nil
}
