// Package conomy is the registry in Conomy's wire dialect: its routes, its
// request and response types, its errors.
// It knows nothing of the other dialect and of how identities are stored.
package conomy

import (
	"context"
	"time"

	"cedula/shared/auth"
	"cedula/shared/gateway"
	"cedula/shared/identity"
)

// API is the dialect over the core. A function sets the parts that its
// operation calls.
type API struct {
	Identities *identity.Service
	Logins     Logins
	Tokens     Tokens
}

// Logins checks the credentials that a token is given for.
type Logins interface {
	// Login returns the client if the key and the secret are its own and live;
	// otherwise a refusal of package auth.
	Login(ctx context.Context, apiKey, clientID, clientSecret string) (auth.Client, error)
}

// Tokens signs bearer tokens.
type Tokens interface {
	Issue(ctx context.Context, c auth.Client) (token string, expires time.Time, err error)
}

// Routes lists every operation of the dialect.
func (a *API) Routes() []gateway.Route {
	return []gateway.Route{
		{Name: "create-token", Method: "POST", Path: "/auth", Public: true, Serve: a.CreateToken},
		{Name: "create-identity", Method: "POST", Path: "/identities", Scope: auth.ScopeIdentityWrite, Serve: a.CreateIdentity},
		{Name: "get-identity", Method: "GET", Path: "/identities/{id}", Scope: auth.ScopeIdentityRead, Serve: a.GetIdentity},
	}
}
