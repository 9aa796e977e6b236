package conomy

import (
	"cedula/shared/gateway"
	"cedula/shared/identity"
)

// DeactivateIdentity serves PATCH /identities/{id}/deactivate. Its body is free
// and not looked at.
func (a *API) DeactivateIdentity(r *gateway.Request) (gateway.Response, error) {
	return a.changeIdentity(r, identity.Change{Apply: (*identity.Identity).Deactivate})
}

// ReactivateIdentity serves PATCH /identities/{id}/reactivate. Its body is free
// and not looked at.
func (a *API) ReactivateIdentity(r *gateway.Request) (gateway.Response, error) {
	return a.changeIdentity(r, identity.Change{Apply: (*identity.Identity).Reactivate})
}
