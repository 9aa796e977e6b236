// Package conomy is the registry in Conomy's wire dialect: its routes, its
// request and response types, its errors.
// It knows nothing of the other dialect and of how identities are stored.
package conomy

import (
	"context"
	"time"

	"cedula/shared/auth"
	"cedula/shared/gateway"
	"cedula/shared/registry"
)

// API is the dialect over the core. A function sets the parts that its
// operation calls.
type API struct {
	Identities     *registry.Registry
	Logins         Logins
	Tokens         Tokens
	Reference      gateway.APIDocs
	IssuerMetadata auth.IssuerMetadata
}

// Logins checks the credentials that a token is given for.
type Logins interface {
	// Login returns the client if the key and the secret are its own and live;
	// otherwise a refusal of package auth.
	Login(ctx context.Context, api auth.API, apiKey, clientID, clientSecret string) (auth.Client, error)
}

// Tokens signs bearer tokens.
type Tokens interface {
	Issue(ctx context.Context, c auth.Client) (token string, expires time.Time, err error)
}

// Routes lists every operation of the dialect.
func (a *API) Routes() []gateway.Route {
	const read, write, remove = auth.ScopeIdentityRead, auth.ScopeIdentityWrite, auth.ScopeIdentityDelete
	const review = auth.ScopeIdentityReview
	routes := []gateway.Route{
		{Name: "create-token", Method: "POST", Path: "/auth", Public: true, Serve: a.CreateToken},
		{Name: "create-identity", Method: "POST", Path: "/identities", Scope: write, Serve: a.CreateIdentity},
		{Name: "list-identities", Method: "GET", Path: "/identities", Scope: read, Serve: a.ListIdentities},
		{Name: "search-identities", Method: "POST", Path: "/identities/search", Scope: auth.ScopeIdentitySearch, Serve: a.SearchIdentities},
		{Name: "get-identity", Method: "GET", Path: "/identities/{id}", Scope: read, Serve: a.GetIdentity},
		{Name: "update-identity", Method: "PATCH", Path: "/identities/{id}", Scope: write, Serve: a.UpdateIdentity},
		{Name: "delete-identity", Method: "DELETE", Path: "/identities/{id}", Scope: remove, Serve: a.DeleteIdentity},
		{Name: "deactivate-identity", Method: "PATCH", Path: "/identities/{id}/deactivate", Scope: write, Serve: a.DeactivateIdentity},
		{Name: "reactivate-identity", Method: "PATCH", Path: "/identities/{id}/reactivate", Scope: write, Serve: a.ReactivateIdentity},
		{Name: "add-children", Method: "POST", Path: "/identities/{id}/children", Scope: write, Serve: a.AddChildren},
		{Name: "remove-children", Method: "DELETE", Path: "/identities/{id}/children", Scope: write, Serve: a.RemoveChildren},
		{Name: "list-parents", Method: "GET", Path: "/identities/parents/{id}", Scope: read, Serve: a.ListParents},
		{Name: "add-permissions", Method: "POST", Path: "/identities/{id}/permissions", Scope: write, Serve: a.AddPermissions},
		{Name: "list-permissions", Method: "GET", Path: "/identities/{id}/permissions", Scope: read, Serve: a.ListPermissions},
		{Name: "remove-permission", Method: "DELETE", Path: "/identities/{id}/permissions/{reference}", Scope: write, Serve: a.RemovePermission},
		{Name: "list-withdrawal-accounts", Method: "GET", Path: "/identities/{id}/withdrawal-accounts", Scope: read, Serve: a.ListWithdrawalAccounts},
		{Name: "add-withdrawal-account", Method: "POST", Path: "/identities/{id}/withdrawal-accounts", Scope: write, Serve: a.AddWithdrawalAccount},
		{Name: "remove-withdrawal-account", Method: "DELETE", Path: "/identities/{id}/withdrawal-accounts/{accountId}", Scope: write, Serve: a.RemoveWithdrawalAccount},
		{Name: "start-verification", Method: "POST", Path: "/identities/{id}/verifications", Scope: write, Serve: a.StartVerification},
		{Name: "confirm-verification", Method: "POST", Path: "/identities/{id}/verifications/{channel}/confirm", Scope: write, Serve: a.ConfirmVerification},
		{Name: "decide-screening", Method: "POST", Path: "/identities/{id}/screening", Scope: review, Serve: a.DecideScreening},
		{Name: "hold-identity", Method: "POST", Path: "/identities/{id}/hold", Scope: review, Serve: a.HoldIdentity},
		{Name: "release-identity", Method: "DELETE", Path: "/identities/{id}/hold", Scope: review, Serve: a.ReleaseIdentity},
		{Name: "add-rules", Method: "POST", Path: "/identities/{id}/rules", Scope: write, Serve: a.AddRules},
		{Name: "remove-rules", Method: "DELETE", Path: "/identities/{id}/rules", Scope: write, Serve: a.RemoveRules},
		{Name: "add-fees", Method: "POST", Path: "/identities/{id}/fees", Scope: write, Serve: a.AddFees},
		{Name: "remove-fees", Method: "DELETE", Path: "/identities/{id}/fees", Scope: write, Serve: a.RemoveFees},
		{Name: "remove-fee", Method: "DELETE", Path: "/identities/{id}/fees/{ruleId}", Scope: write, Serve: a.RemoveFee},
		{Name: "set-escrow-fee", Method: "POST", Path: "/identities/{id}/accounts/escrow-fee", Scope: write, Serve: a.SetEscrowFee},
		{Name: "get-token-keys", Method: "GET", Path: jwksPath, Public: true, Serve: a.GetTokenKeys},
		{Name: "get-token-keys", Method: "GET", Path: metadataPath, Public: true, Serve: a.GetTokenKeys},
		{Name: "get-reference", Method: "GET", Path: "/openapi.yaml", Public: true, Serve: a.GetReference},
		{Name: "get-reference", Method: "GET", Path: "/docs", Public: true, Serve: a.GetReference},
		{Name: "get-reference", Method: "GET", Path: "/docs/redoc.js", Public: true, Serve: a.GetReference},
	}
	for i := range routes {
		routes[i].Serve = withAPIVersion(routes[i].Serve)
	}
	return routes
}
