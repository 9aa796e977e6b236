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

// childrenUpdater returns the handler that adds or removes children. Both operations have a body.
func (a *API) childrenUpdater(mode registry.ChildrenUpdateMode) rest.Handler {
	return rest.WithBody(&dialect, func(r *gateway.Request, body *childrenRequest) (gateway.Response, error) {
		if body.Children == nil {
			return gateway.Response{}, &identity.MissingField{Field: identity.FieldChildren}
		}
		return a.update(r, registry.Change{Children: &registry.ChildrenUpdate{Children: body.Children, Mode: mode}})
	})
}

type parentsResponse struct {
	Data []identityResponse `json:"data"`
}

// listParents returns the identities that have the identity of the path as a child.
func (a *API) listParents(r *gateway.Request) (gateway.Response, error) {
	parents, err := a.Identities.ListParents(r.Context(), r.Caller.Tenant, r.Param("id"))
	if err != nil {
		return gateway.Response{}, err
	}
	if err := a.Identities.HideDanglingPermissions(r.Context(), r.Caller.Tenant, parents); err != nil {
		return gateway.Response{}, err
	}
	return rest.JSON(http.StatusOK, parentsResponse{rest.Map(parents, toResponse)}), nil
}
