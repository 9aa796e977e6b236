package conomy

import (
	"cedula/shared/auth"
	"cedula/shared/gateway"
	"cedula/shared/rest"
)

// Routes lists every operation of the API.
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
	}
	routes = append(routes, rest.ReferenceRoutes(a.Reference)...)
	for i := range routes {
		routes[i].Serve = withAPIVersion(routes[i].Serve)
	}
	return routes
}
