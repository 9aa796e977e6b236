// Package blnk is the registry in Blnk's wire dialect: its routes, its request
// and response types, its errors.
// It knows nothing of the other dialect and of how identities are stored.
package blnk

import (
	"context"

	"cedula/shared/auth"
	"cedula/shared/gateway"
	"cedula/shared/identity"
)

// API is the dialect over the core. A function sets the parts that its
// operation calls.
type API struct {
	Identities *identity.Service
	Health     Pinger
}

// Pinger says whether what the registry stands on answers.
type Pinger interface {
	Ping(ctx context.Context) error
}

// Routes lists every operation of the dialect.
func (a *API) Routes() []gateway.Route {
	return []gateway.Route{
		{Name: "create-identity", Method: "POST", Path: "/identities", Scope: auth.ScopeIdentityWrite, Serve: a.CreateIdentity},
		{Name: "get-identity", Method: "GET", Path: "/identities/{id}", Scope: auth.ScopeIdentityRead, Serve: a.GetIdentity},
		{Name: "get-health", Method: "GET", Path: "/health", Public: true, Serve: a.GetHealth},
	}
}
