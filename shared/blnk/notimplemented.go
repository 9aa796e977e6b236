package blnk

import (
	"net/http"

	"cedula/shared/gateway"
)

// GetRoot handles GET /, without a key, in Blnk's words.
func (a *API) GetRoot(*gateway.Request) (gateway.Response, error) {
	return gateway.JSON(http.StatusOK, []byte(`"server running..."`)), nil
}

// Search handles POST /search/identities and POST /multi-search as Blnk does without a search
// engine.
func (a *API) Search(*gateway.Request) (gateway.Response, error) {
	return gateway.Response{}, errSearchUnavailable
}

// Balances handles the routes of an identity's balances, which a registry does not have.
func (a *API) Balances(*gateway.Request) (gateway.Response, error) {
	return gateway.Response{}, errBalanceNotFound
}
