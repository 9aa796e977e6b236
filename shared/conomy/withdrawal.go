package conomy

import (
	"net/http"

	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/strictjson"
)

// ListWithdrawalAccounts serves GET /identities/{id}/withdrawal-accounts.
func (a *API) ListWithdrawalAccounts(r *gateway.Request) (gateway.Response, error) {
	accounts, err := a.Identities.Withdrawals(r.Context(), r.Caller.Tenant, r.Param("id"))
	if err != nil {
		return gateway.Response{}, err
	}
	wires := make([]*bankWire, len(accounts))
	for n := range accounts {
		wires[n] = toBankWire(&accounts[n])
	}
	return gateway.JSON(http.StatusOK, strictjson.Encode(wires)), nil
}

// AddWithdrawalAccount serves POST /identities/{id}/withdrawal-accounts. Its
// body is a bank account.
func (a *API) AddWithdrawalAccount(r *gateway.Request) (gateway.Response, error) {
	var body bankRequest
	if err := decode(r, &body); err != nil {
		return gateway.Response{}, err
	}
	account := body.account()
	if err := checkBank("", account); err != nil {
		return gateway.Response{}, err
	}
	once, err := idempotency(r)
	if err != nil {
		return gateway.Response{}, err
	}
	added, err := a.Identities.AddWithdrawal(r.Context(), identity.NewWithdrawal{
		Tenant: r.Caller.Tenant, ID: r.Param("id"), BankAccount: *account,
		Idempotency: once, MintID: mintID,
	})
	if err != nil {
		return gateway.Response{}, err
	}
	return marked(gateway.JSON(http.StatusCreated, strictjson.Encode(toBankWire(&added.BankAccount))), added.Replayed), nil
}

// RemoveWithdrawalAccount serves DELETE /identities/{id}/withdrawal-accounts/{accountId}.
func (a *API) RemoveWithdrawalAccount(r *gateway.Request) (gateway.Response, error) {
	if err := a.Identities.RemoveWithdrawal(r.Context(), r.Caller.Tenant, r.Param("id"), r.Param("accountId")); err != nil {
		return gateway.Response{}, err
	}
	return gateway.Empty(http.StatusNoContent), nil
}
