package conomy

import (
	"cedula/shared/auth"
	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/registry"
	"cedula/shared/rest"
)

func notImplemented(*gateway.Request) (gateway.Response, error) {
	return gateway.Response{}, errNotImplemented
}

// Routes lists every operation of the API.
func (a *API) Routes() []gateway.Route {
	const (
		one           = "/identities/{id}"
		verifications = one + "/verifications"
		confirm       = verifications + "/{channel}/confirm"
		accounts      = one + "/withdrawal-accounts"
		read          = auth.ScopeIdentityRead
		write         = auth.ScopeIdentityWrite
		review        = auth.ScopeIdentityReview
	)
	routes := []gateway.Route{
		{Name: "create-token", Method: "POST", Path: "/auth", Public: true, Serve: rest.WithBody(&dialect, a.createToken)},
		{Name: "create-identity", Method: "POST", Path: "/identities", Scope: write, Serve: rest.WithBody(&dialect, a.createIdentity)},
		{Name: "list-identities", Method: "GET", Path: "/identities", Scope: read, Serve: a.listIdentities},
		{Name: "search-identities", Method: "POST", Path: "/identities/search", Scope: auth.ScopeIdentitySearch, Serve: rest.WithBody(&dialect, a.list)},
		{Name: "get-identity", Method: "GET", Path: one, Scope: read, Serve: a.getIdentity},
		{Name: "update-identity", Method: "PATCH", Path: one, Scope: write, Serve: rest.WithBody(&dialect, a.updateIdentity)},
		{Name: "delete-identity", Method: "DELETE", Path: one, Scope: auth.ScopeIdentityDelete, Serve: a.deleteIdentity},
		{Name: "deactivate-identity", Method: "PATCH", Path: one + "/deactivate", Scope: write, Serve: a.updater((*identity.Identity).Deactivate)},
		{Name: "reactivate-identity", Method: "PATCH", Path: one + "/reactivate", Scope: write, Serve: a.updater((*identity.Identity).Reactivate)},
		{Name: "add-children", Method: "POST", Path: one + "/children", Scope: write, Serve: a.childrenUpdater(registry.AddChildren)},
		{Name: "remove-children", Method: "DELETE", Path: one + "/children", Scope: write, Serve: a.childrenUpdater(registry.RemoveChildren)},
		{Name: "list-parents", Method: "GET", Path: "/identities/parents/{id}", Scope: read, Serve: a.listParents},
		{Name: "add-permissions", Method: "POST", Path: one + "/permissions", Scope: write, Serve: rest.WithBody(&dialect, a.addPermissions)},
		{Name: "list-permissions", Method: "GET", Path: one + "/permissions", Scope: read, Serve: a.listPermissions},
		{Name: "remove-permission", Method: "DELETE", Path: one + "/permissions/{reference}", Scope: write, Serve: a.removePermission},
		{Name: "list-withdrawal-accounts", Method: "GET", Path: accounts, Scope: read, Serve: a.listWithdrawalAccounts},
		{Name: "add-withdrawal-account", Method: "POST", Path: accounts, Scope: write, Serve: rest.WithBody(&dialect, a.addWithdrawalAccount)},
		{Name: "remove-withdrawal-account", Method: "DELETE", Path: accounts + "/{accountId}", Scope: write, Serve: a.removeWithdrawalAccount},
		{Name: "start-verification", Method: "POST", Path: verifications, Scope: write, Serve: rest.WithBody(&dialect, a.startVerification)},
		{Name: "confirm-verification", Method: "POST", Path: confirm, Scope: write, Serve: rest.WithBody(&dialect, a.confirmVerification)},
		{Name: "decide-screening", Method: "POST", Path: one + "/screening", Scope: review, Serve: rest.WithBody(&dialect, a.decideScreening)},
		{Name: "hold-identity", Method: "POST", Path: one + "/hold", Scope: review, Serve: rest.WithBody(&dialect, a.holdIdentity)},
		{Name: "release-identity", Method: "DELETE", Path: one + "/hold", Scope: review, Serve: a.releaseIdentity},
		{Name: "add-rules", Method: "POST", Path: one + "/rules", Scope: write, Serve: notImplemented},
		{Name: "remove-rules", Method: "DELETE", Path: one + "/rules", Scope: write, Serve: notImplemented},
		{Name: "add-fees", Method: "POST", Path: one + "/fees", Scope: write, Serve: notImplemented},
		{Name: "remove-fees", Method: "DELETE", Path: one + "/fees", Scope: write, Serve: notImplemented},
		{Name: "remove-fee", Method: "DELETE", Path: one + "/fees/{ruleId}", Scope: write, Serve: notImplemented},
		{Name: "set-escrow-fee", Method: "POST", Path: one + "/accounts/escrow-fee", Scope: write, Serve: notImplemented},
		{Name: "get-token-keys", Method: "GET", Path: jwksPath, Public: true, Serve: a.getTokenKeys},
		{Name: "get-token-keys", Method: "GET", Path: metadataPath, Public: true, Serve: a.getTokenKeys},
	}
	routes = append(routes, rest.ReferenceRoutes(a.Reference)...)
	for i := range routes {
		routes[i].Serve = withAPIVersion(routes[i].Serve)
	}
	return routes
}
