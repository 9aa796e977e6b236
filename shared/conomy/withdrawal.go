package conomy

import (
	"net/http"

	"cedula/shared/gateway"
	"cedula/shared/registry"
	"cedula/shared/strictjson"
)

// ListWithdrawalAccounts serves GET /identities/{id}/withdrawal-accounts.
func (a *API) ListWithdrawalAccounts(r *gateway.Request) (gateway.Response, error) {
	accounts, err := a.Identities.ListWithdrawalAccounts(r.Context(), r.Caller.Tenant, r.Param("id"))
	if err != nil {
		return gateway.Response{}, err
	}
	wires := make([]*bankAccountResponse, len(accounts))
	for n := range accounts {
		wires[n] = toBankAccountResponse(&accounts[n])
	}
	return gateway.JSON(http.StatusOK, strictjson.Encode(wires)), nil
}

// AddWithdrawalAccount serves POST /identities/{id}/withdrawal-accounts. Its
// body is a bank account.
func (a *API) AddWithdrawalAccount(r *gateway.Request) (gateway.Response, error) {
	var body bankAccountRequest
	if err := decode(r, &body); err != nil {
		return gateway.Response{}, err
	}
	account := body.bankAccount()
	if err := checkBankAccount("", account); err != nil {
		return gateway.Response{}, err
	}
	once, err := idempotency(r)
	if err != nil {
		return gateway.Response{}, err
	}
	added, err := a.Identities.AddWithdrawalAccount(r.Context(), registry.WithdrawalAccountDraft{
		Tenant: r.Caller.Tenant, ID: r.Param("id"), BankAccount: *account,
		Idempotency: once, GenerateID: generateID,
	})
	if err != nil {
		return gateway.Response{}, err
	}
	return withReplayHeader(gateway.JSON(http.StatusCreated, strictjson.Encode(toBankAccountResponse(&added.BankAccount))), added.Replayed), nil
}

// RemoveWithdrawalAccount serves DELETE /identities/{id}/withdrawal-accounts/{accountId}.
func (a *API) RemoveWithdrawalAccount(r *gateway.Request) (gateway.Response, error) {
	if err := a.Identities.RemoveWithdrawalAccount(r.Context(), r.Caller.Tenant, r.Param("id"), r.Param("accountId")); err != nil {
		return gateway.Response{}, err
	}
	return gateway.EmptyResponse(http.StatusNoContent), nil
}
