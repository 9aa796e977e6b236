package conomy

import (
	"fmt"
	"net/http"

	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/registry"
	"cedula/shared/rest"
)

type accessControlJSON struct {
	Scopes []scopeJSON `json:"scopes"`
}

type scopeJSON struct {
	Resource    string   `json:"resource"`
	Reference   string   `json:"reference"`
	Permissions []string `json:"permissions"`
}

func (a *accessControlJSON) accessControl() *identity.AccessControl {
	if a == nil {
		return nil
	}
	control := &identity.AccessControl{}
	for _, s := range a.Scopes {
		control.Scopes = append(control.Scopes, identity.AccessScope{Resource: s.Resource, Reference: s.Reference, Permissions: s.Permissions})
	}
	return control
}

func toAccessControlJSON(c *identity.AccessControl) *accessControlJSON {
	if c == nil {
		return nil
	}
	return &accessControlJSON{rest.Map(c.Scopes, func(s *identity.AccessScope) scopeJSON {
		return scopeJSON{s.Resource, s.Reference, s.Permissions}
	})}
}

// checkScopes requires the fields of each scope. Errors name fields by their path in the body.
func checkScopes(scopes []scopeJSON, path string) error {
	for n, s := range scopes {
		at := fmt.Sprintf("%s%d.", path, n)
		if err := requireFields(at, []requiredField{{"resource", s.Resource}, {"reference", s.Reference}}); err != nil {
			return err
		}
		if s.Permissions == nil {
			return &identity.MissingField{Field: identity.Field(at + "permissions")}
		}
	}
	return nil
}

// addPermissions allows the identity of the path to act on behalf of the references, which must exist if they are
// identities. It replaces existing scopes.
func (a *API) addPermissions(r *gateway.Request, body *[]scopeJSON) (gateway.Response, error) {
	scopes := *body
	if scopes == nil {
		return gateway.Response{}, &identity.MissingField{Field: "securityOptions.accessControl.scopes"}
	}
	if err := checkScopes(scopes, ""); err != nil {
		return gateway.Response{}, err
	}
	changed, err := dialect.Update(r, a.Identities, registry.Change{Apply: func(i *identity.Identity) error {
		sent := (&accessControlJSON{Scopes: scopes}).accessControl().Scopes
		i.Grant(sent)
		return a.Identities.ResolvePermissions(r.Context(), i, registry.SentPermissions{Scopes: sent})
	}})
	if err != nil {
		return gateway.Response{}, err
	}
	return rest.MarkReplay(gateway.JSON(http.StatusCreated, []byte("{}")), changed.Replayed), nil
}

func (a *API) listPermissions(r *gateway.Request) (gateway.Response, error) {
	i, err := a.Identities.Get(r.Context(), r.Caller.Tenant, r.Param("id"))
	if err != nil {
		return gateway.Response{}, err
	}
	i, err = a.withoutDangling(r, i)
	if err != nil {
		return gateway.Response{}, err
	}
	scopes := []scopeJSON{}
	if control := toAccessControlJSON(i.Security.AccessControl); control != nil {
		scopes = control.Scopes
	}
	return rest.JSON(http.StatusOK, scopes).WithHeader("ETag", gateway.ETag(i.ETag())), nil
}

// withoutDangling returns the identity without its permissions on identities that no longer exist.
func (a *API) withoutDangling(r *gateway.Request, i identity.Identity) (identity.Identity, error) {
	if i.Security.AccessControl == nil {
		return i, nil
	}
	list := []identity.Identity{i}
	err := a.Identities.HideDanglingPermissions(r.Context(), r.Caller.Tenant, list)
	return list[0], err
}

// removePermission removes the scopes over a reference, or only those of the resource in the query.
func (a *API) removePermission(r *gateway.Request) (gateway.Response, error) {
	changed, err := dialect.Update(r, a.Identities, registry.Change{Apply: func(i *identity.Identity) error {
		return i.Revoke(r.Query.Get("resource"), r.Param("reference"))
	}})
	if err != nil {
		return gateway.Response{}, err
	}
	return rest.MarkReplay(gateway.EmptyResponse(http.StatusNoContent), changed.Replayed), nil
}
