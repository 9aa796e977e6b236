package conomy

import (
	"net/http"

	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/registry"
	"cedula/shared/rest"
)

// ListWithdrawalAccounts serves GET /identities/{id}/withdrawal-accounts.
func (a *API) ListWithdrawalAccounts(r *gateway.Request) (gateway.Response, error) {
	accounts, err := a.Identities.ListWithdrawalAccounts(r.Context(), r.Caller.Tenant, r.Param("id"))
	if err != nil {
		return gateway.Response{}, err
	}
	responses := make([]*bankAccountResponse, len(accounts))
	for n := range accounts {
		responses[n] = toBankAccountResponse(&accounts[n])
	}
	return rest.JSON(http.StatusOK, responses), nil
}

// AddWithdrawalAccount serves POST /identities/{id}/withdrawal-accounts. Its
// body is a bank account.
func (a *API) AddWithdrawalAccount(r *gateway.Request) (gateway.Response, error) {
	var body bankAccountRequest
	if err := dialect.Decode(r, &body); err != nil {
		return gateway.Response{}, err
	}
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

// RemoveWithdrawalAccount serves DELETE /identities/{id}/withdrawal-accounts/{accountId}.
func (a *API) RemoveWithdrawalAccount(r *gateway.Request) (gateway.Response, error) {
	if err := a.Identities.RemoveWithdrawalAccount(r.Context(), r.Caller.Tenant, r.Param("id"), r.Param("accountId")); err != nil {
		return gateway.Response{}, err
	}
	return gateway.EmptyResponse(http.StatusNoContent), nil
}
