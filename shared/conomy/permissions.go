package conomy

import (
	"errors"
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
		control.Scopes = append(control.Scopes, identity.AccessScope(s))
	}
	return control
}

func toAccessControlJSON(c *identity.AccessControl) *accessControlJSON {
	if c == nil {
		return nil
	}
	return &accessControlJSON{rest.Map(c.Scopes, func(s *identity.AccessScope) scopeJSON { return scopeJSON(*s) })}
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
		i.Grant((&accessControlJSON{Scopes: scopes}).accessControl().Scopes)
		return a.checkReferences(r, scopes)
	}})
	if err != nil {
		return gateway.Response{}, err
	}
	return rest.MarkReplay(gateway.JSON(http.StatusCreated, []byte("{}")), changed.Replayed), nil
}

// checkReferences returns a *DanglingReference if a scope refers to an identity that does not exist.
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

func (a *API) listPermissions(r *gateway.Request) (gateway.Response, error) {
	i, err := a.Identities.Get(r.Context(), r.Caller.Tenant, r.Param("id"))
	if err != nil {
		return gateway.Response{}, err
	}
	scopes := []scopeJSON{}
	if control := toAccessControlJSON(i.Security.AccessControl); control != nil {
		scopes = control.Scopes
	}
	return rest.JSON(http.StatusOK, scopes).WithHeader("ETag", gateway.ETag(i.ETag())), nil
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
