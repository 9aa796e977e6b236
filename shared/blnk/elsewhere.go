package blnk

import (
	"net/http"
	"slices"
	"strings"

	"cedula/shared/gateway"
)

// GetRoot serves GET /, without a key, in Blnk's words.
func (a *API) GetRoot(*gateway.Request) (gateway.Response, error) {
	return gateway.JSON(http.StatusOK, []byte(`"server running..."`)), nil
}

// Search serves POST /search/identities and POST /multi-search as Blnk does
// where it has no search engine.
func (a *API) Search(*gateway.Request) (gateway.Response, error) {
	return gateway.Response{}, errSearchUnavailable
}

// Balances serves what concerns an identity's balances, of which a registry has none.
func (a *API) Balances(*gateway.Request) (gateway.Response, error) {
	return gateway.Response{}, errBalanceNotFound
}

// RefuseMethod serves every path with the methods that it does not have.
func (a *API) RefuseMethod(r *gateway.Request) (gateway.Response, error) {
	var allowed []string
	for _, route := range a.Routes() {
		if route.Path == r.RoutePath && route.Method != gateway.AnyMethod {
			allowed = append(allowed, route.Method)
		}
	}
	slices.Sort(allowed)
	return gateway.Response{}, &apiError{
		errorCode: methodNotAllowed, message: "Method not allowed on this path", allow: strings.Join(allowed, ", "),
	}
}

// methodNotAllowedRoutes are the routes of RefuseMethod: one for each path, open to anybody,
// since what they say stands in the contract.
func (a *API) methodNotAllowedRoutes(routes []gateway.Route) []gateway.Route {
	var list []gateway.Route
	for _, r := range routes {
		if slices.ContainsFunc(list, func(have gateway.Route) bool { return have.Path == r.Path }) {
			continue
		}
		list = append(list, gateway.Route{
			Name: "refuse-method", Method: gateway.AnyMethod, Path: r.Path, Public: true, Serve: a.RefuseMethod,
		})
	}
	return list
}
