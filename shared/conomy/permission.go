package conomy

import (
	"errors"
	"fmt"
	"net/http"

	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/strictjson"
)

// AddPermissions serves POST /identities/{id}/permissions: the identity of the
// path may act on behalf of the references. A scope that is there already is
// replaced. Each reference to an identity must exist.
func (a *API) AddPermissions(r *gateway.Request) (gateway.Response, error) {
	var scopes []scopeJSON
	if err := decode(r, &scopes); err != nil {
		return gateway.Response{}, err
	}
	wire := &accessControlJSON{Scopes: scopes}
	if err := wire.check(""); err != nil {
		return gateway.Response{}, err
	}
	grant, err := newChange(r)
	if err != nil {
		return gateway.Response{}, err
	}
	grant.Apply = func(i *identity.Identity) error {
		i.Grant(wire.accessControl().Scopes)
		return a.checkReferences(r, scopes)
	}
	changed, err := a.Identities.Update(r.Context(), grant)
	if err != nil {
		return gateway.Response{}, err
	}
	return withReplayHeader(gateway.JSON(http.StatusCreated, []byte("{}")), changed.Replayed), nil
}

// checkReferences returns an *Unknown for a scope over an identity that does
// not exist.
func (a *API) checkReferences(r *gateway.Request, scopes []scopeJSON) error {
	if len(scopes) > identity.MaxListLength {
		return &identity.Invalid{Field: identity.FieldAccessControl, Reason: fmt.Sprintf("must hold at most %d scopes", identity.MaxListLength)}
	}
	for n, s := range scopes {
		if s.Resource != identity.ResourceIdentity {
			continue
		}
		_, err := a.Identities.Get(r.Context(), r.Caller.Tenant, s.Reference)
		if errors.Is(err, identity.ErrNotFound) {
			return &identity.DanglingReference{Field: identity.Field(fmt.Sprintf("%d.reference", n))}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ListPermissions serves GET /identities/{id}/permissions.
func (a *API) ListPermissions(r *gateway.Request) (gateway.Response, error) {
	i, err := a.Identities.Get(r.Context(), r.Caller.Tenant, r.Param("id"))
	if err != nil {
		return gateway.Response{}, err
	}
	scopes := []scopeJSON{}
	if control := toAccessControlJSON(i.Security.AccessControl); control != nil {
		scopes = control.Scopes
	}
	return gateway.JSON(http.StatusOK, strictjson.Encode(scopes)).WithHeader("ETag", gateway.ETag(i.ETag())), nil
}

// RemovePermission serves DELETE /identities/{id}/permissions/{reference}. The
// query parameter resource narrows it to one kind of resource.
func (a *API) RemovePermission(r *gateway.Request) (gateway.Response, error) {
	reference, resource := r.Param("reference"), r.Query.Get("resource")
	revoke, err := newChange(r)
	if err != nil {
		return gateway.Response{}, err
	}
	revoke.Apply = func(i *identity.Identity) error { return i.Revoke(resource, reference) }
	changed, err := a.Identities.Update(r.Context(), revoke)
	if err != nil {
		return gateway.Response{}, err
	}
	return withReplayHeader(gateway.EmptyResponse(http.StatusNoContent), changed.Replayed), nil
}
