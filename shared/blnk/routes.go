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
		{Name: "create-identity", Method: "POST", Path: "/identities", Scope: write, Serve: a.CreateIdentity},
		{Name: "list-identities", Method: "GET", Path: "/identities", Scope: read, Serve: a.ListIdentities},
		{Name: "filter-identities", Method: "POST", Path: "/identities/filter", Scope: auth.ScopeIdentitySearch, Serve: a.FilterIdentities},
		{Name: "get-identity", Method: "GET", Path: one, Scope: read, Serve: a.GetIdentity},
		{Name: "update-identity", Method: "PUT", Path: one, Scope: write, Serve: a.UpdateIdentity},
		{Name: "delete-identity", Method: "DELETE", Path: one, Scope: auth.ScopeIdentityDelete, Serve: a.DeleteIdentity},
		{Name: "list-tokenized-fields", Method: "GET", Path: one + "/tokenized-fields", Scope: read, Serve: a.ListTokenizedFields},
		{Name: "tokenize-field", Method: "POST", Path: one + "/tokenize/{field}", Scope: write, Serve: a.TokenizeField},
		{Name: "tokenize-identity", Method: "POST", Path: one + "/tokenize", Scope: write, Serve: a.TokenizeIdentity},
		{Name: "detokenize-field", Method: "GET", Path: one + "/detokenize/{field}", Scope: reveal, Serve: a.DetokenizeField},
		{Name: "detokenize-identity", Method: "POST", Path: one + "/detokenize", Scope: reveal, Serve: a.DetokenizeIdentity},
		{Name: "update-metadata", Method: "POST", Path: "/{id}/metadata", Scope: write, Serve: a.UpdateMetadata},
		{Name: "create-api-key", Method: "POST", Path: "/api-keys", Scope: auth.ScopeKeyWrite, Serve: a.CreateAPIKey},
		{Name: "list-api-keys", Method: "GET", Path: "/api-keys", Scope: auth.ScopeKeyRead, Serve: a.ListAPIKeys},
		{Name: "revoke-api-key", Method: "DELETE", Path: "/api-keys/{id}", Scope: auth.ScopeKeyDelete, Serve: a.RevokeAPIKey},
		{Name: "search", Method: "POST", Path: "/search/identities", Scope: read, Serve: a.Search},
		{Name: "search", Method: "POST", Path: "/multi-search", Scope: read, Serve: a.Search},
		{Name: "balances", Method: "GET", Path: "/balances/{id}", Scope: read, Serve: a.Balances},
		{Name: "balances", Method: "PUT", Path: "/balances/{id}/identity", Scope: write, Serve: a.Balances},
		{Name: "get-root", Method: "GET", Path: "/", Public: true, Serve: a.GetRoot},
		{Name: "get-health", Method: "GET", Path: "/health", Public: true, Serve: a.GetHealth},
	}
	routes = append(routes, rest.ReferenceRoutes(a.Reference)...)
	return append(routes, a.methodNotAllowedRoutes(routes)...)
}

// methodNotAllowedRoutes returns a route of RefuseMethod for each path. They are public: what
// they say is in the contract.
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

// RefuseMethod handles every path with the methods that it does not have.
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
