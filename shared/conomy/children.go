package conomy

import (
	"net/http"

	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/registry"
	"cedula/shared/rest"
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
	if err := dialect.Decode(r, &body); err != nil {
		return gateway.Response{}, err
	}
	if body.Children == nil {
		return gateway.Response{}, &identity.MissingField{Field: identity.FieldChildren}
	}
	return a.updateIdentity(r, registry.Change{Children: &registry.ChildrenUpdate{Children: body.Children, Mode: mode}})
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
	return rest.JSON(http.StatusOK, parentsResponse{toResponses(parents)}), nil
}
