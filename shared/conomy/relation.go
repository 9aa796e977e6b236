package conomy

import (
	"net/http"

	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/registry"
	"cedula/shared/strictjson"
)

type childrenRequest struct {
	Children []string `json:"children"`
}

// AddChildren serves POST /identities/{id}/children.
func (a *API) AddChildren(r *gateway.Request) (gateway.Response, error) {
	return a.updateChildren(r, registry.AddChildren)
}

// RemoveChildren serves DELETE /identities/{id}/children, with a body.
func (a *API) RemoveChildren(r *gateway.Request) (gateway.Response, error) {
	return a.updateChildren(r, registry.RemoveChildren)
}

func (a *API) updateChildren(r *gateway.Request, mode registry.ChildrenUpdateMode) (gateway.Response, error) {
	var body childrenRequest
	if err := decode(r, &body); err != nil {
		return gateway.Response{}, err
	}
	if body.Children == nil {
		return gateway.Response{}, &identity.MissingField{Field: identity.FieldChildren}
	}
	return a.changeIdentity(r, registry.Change{Children: &registry.ChildrenUpdate{Children: body.Children, Mode: mode}})
}

type parentsResponse struct {
	Data []identityResponse `json:"data"`
}

// ListParents serves GET /identities/parents/{id}: the identities of which the
// one of the path is a child.
func (a *API) ListParents(r *gateway.Request) (gateway.Response, error) {
	parents, err := a.Identities.ListParents(r.Context(), r.Caller.Tenant, r.Param("id"))
	if err != nil {
		return gateway.Response{}, err
	}
	return gateway.JSON(http.StatusOK, strictjson.Encode(parentsResponse{toResponses(parents)})), nil
}

// DeleteIdentity serves DELETE /identities/{id}.
func (a *API) DeleteIdentity(r *gateway.Request) (gateway.Response, error) {
	if err := a.Identities.Delete(r.Context(), r.Caller.Tenant, r.Param("id"), r.IfMatch()); err != nil {
		return gateway.Response{}, err
	}
	return gateway.EmptyResponse(http.StatusNoContent), nil
}
