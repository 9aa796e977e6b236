package blnk

import (
	"slices"
	"strings"

	"cedula/shared/auth"
	"cedula/shared/gateway"
	"cedula/shared/rest"
)

// Routes lists every operation of the API.
func (a *API) Routes() []gateway.Route {
	const (
		one    = "/identities/{id}"
		read   = auth.ScopeIdentityRead
		write  = auth.ScopeIdentityWrite
		reveal = auth.ScopeIdentityDetokenize
	)
	routes := []gateway.Route{
		{Name: "create-identity", Method: "POST", Path: "/identities", Scope: write, Serve: a.createIdentity},
		{Name: "list-identities", Method: "GET", Path: "/identities", Scope: read, Serve: a.listIdentities},
		{Name: "filter-identities", Method: "POST", Path: "/identities/filter", Scope: auth.ScopeIdentitySearch, Serve: rest.WithBody(&dialect, a.filterIdentities)},
		{Name: "get-identity", Method: "GET", Path: one, Scope: read, Serve: a.getIdentity},
		{Name: "update-identity", Method: "PUT", Path: one, Scope: write, Serve: a.updateIdentity},
		{Name: "delete-identity", Method: "DELETE", Path: one, Scope: auth.ScopeIdentityDelete, Serve: a.deleteIdentity},
		{Name: "list-tokenized-fields", Method: "GET", Path: one + "/tokenized-fields", Scope: read, Serve: a.listTokenizedFields},
		{Name: "tokenize-field", Method: "POST", Path: one + "/tokenize/{field}", Scope: write, Serve: a.tokenizeField},
		{Name: "tokenize-identity", Method: "POST", Path: one + "/tokenize", Scope: write, Serve: rest.WithBody(&dialect, a.tokenizeIdentity)},
		{Name: "detokenize-field", Method: "GET", Path: one + "/detokenize/{field}", Scope: reveal, Serve: a.detokenizeField},
		{Name: "detokenize-identity", Method: "POST", Path: one + "/detokenize", Scope: reveal, Serve: rest.WithBody(&dialect, a.detokenizeIdentity)},
		{Name: "update-metadata", Method: "POST", Path: "/{id}/metadata", Scope: write, Serve: a.updateMetadata},
		{Name: "create-api-key", Method: "POST", Path: "/api-keys", Scope: auth.ScopeKeyWrite, Serve: rest.WithBody(&dialect, a.createAPIKey)},
		{Name: "list-api-keys", Method: "GET", Path: "/api-keys", Scope: auth.ScopeKeyRead, Serve: a.listAPIKeys},
		{Name: "revoke-api-key", Method: "DELETE", Path: "/api-keys/{id}", Scope: auth.ScopeKeyDelete, Serve: a.revokeAPIKey},
		{Name: "search", Method: "POST", Path: "/search/identities", Scope: read, Serve: failing(errSearchUnavailable)},
		{Name: "search", Method: "POST", Path: "/multi-search", Scope: read, Serve: failing(errSearchUnavailable)},
		{Name: "balances", Method: "GET", Path: "/balances/{id}", Scope: read, Serve: failing(errBalanceNotFound)},
		{Name: "balances", Method: "PUT", Path: "/balances/{id}/identity", Scope: write, Serve: failing(errBalanceNotFound)},
		{Name: "get-root", Method: "GET", Path: "/", Public: true, Serve: getRoot},
		{Name: "get-health", Method: "GET", Path: "/health", Public: true, Serve: a.getHealth},
	}
	routes = append(routes, rest.ReferenceRoutes(a.Reference)...)
	return append(routes, methodNotAllowedRoutes(routes)...)
}

// failing returns the handler of an operation that Cedula does not support.
func failing(err error) rest.Handler {
	return func(*gateway.Request) (gateway.Response, error) { return gateway.Response{}, err }
}

// methodNotAllowedRoutes returns one route per path for its unsupported methods.
func methodNotAllowedRoutes(routes []gateway.Route) []gateway.Route {
	allowed := make(map[string][]string)
	for _, r := range routes {
		allowed[r.Path] = append(allowed[r.Path], r.Method)
	}
	var list []gateway.Route
	for _, r := range routes {
		methods := slices.Sorted(slices.Values(allowed[r.Path]))
		if len(methods) == 0 {
			continue
		}
		delete(allowed, r.Path)
		list = append(list, gateway.Route{
			Name: "refuse-method", Method: gateway.AnyMethod, Path: r.Path, Public: true, Serve: failing(&apiError{
				errorCode: methodNotAllowed, message: "Method not allowed on this path", allow: strings.Join(methods, ", "),
			}),
		})
	}
	return list
}
