package conomy

import (
	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/registry"
)

// DeactivateIdentity serves PATCH /identities/{id}/deactivate. Its body is free
// and not looked at.
func (a *API) DeactivateIdentity(r *gateway.Request) (gateway.Response, error) {
	return a.changeIdentity(r, registry.Change{Apply: (*identity.Identity).Deactivate})
}

// ReactivateIdentity serves PATCH /identities/{id}/reactivate. Its body is free
// and not looked at.
func (a *API) ReactivateIdentity(r *gateway.Request) (gateway.Response, error) {
	return a.changeIdentity(r, registry.Change{Apply: (*identity.Identity).Reactivate})
}
