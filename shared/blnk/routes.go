// Package blnk is the registry in Blnk's wire dialect: its routes, its request
// and response types, its errors.
// It knows nothing of the other dialect and of how identities are stored.
package blnk

import (
	"context"

	"cedula/shared/auth"
	"cedula/shared/gateway"
	"cedula/shared/registry"
)

// API is the dialect over the core. A function sets the parts that its
// operation calls.
type API struct {
	Identities *registry.Registry
	Cursors    *CursorCodec
	Health     Pinger
	Keys       Keys
	Reference  gateway.APIDocs
}

// Pinger says whether what the registry stands on answers.
type Pinger interface {
	Ping(ctx context.Context) error
}

// Routes lists every operation of the dialect.
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
		{Name: "get-reference", Method: "GET", Path: "/openapi.yaml", Public: true, Serve: a.GetReference},
		{Name: "get-reference", Method: "GET", Path: "/docs", Public: true, Serve: a.GetReference},
		{Name: "get-reference", Method: "GET", Path: "/docs/redoc.js", Public: true, Serve: a.GetReference},
	}
	return append(routes, a.methodNotAllowedRoutes(routes)...)
}
