package identity

import "slices"

// Grant adds scopes. A scope with the resource and reference of an existing one replaces
// it.
func (i *Identity) Grant(scopes []AccessScope) {
	control := i.Security.AccessControl
	if control == nil {
		control = &AccessControl{}
		i.Security.AccessControl = control
	}
	for _, s := range scopes {
		at := slices.IndexFunc(control.Scopes, func(have AccessScope) bool {
			return have.Resource == s.Resource && have.Reference == s.Reference
		})
		if at < 0 {
			control.Scopes = append(control.Scopes, s)
			continue
		}
		control.Scopes[at] = s
	}
}

// Revoke removes the scopes on a reference, of one resource or, if resource is empty, of any. It
// returns ErrNotFound if the reference has no such scopes.
func (i *Identity) Revoke(resource, reference string) error {
	control := i.Security.AccessControl
	if control == nil {
		return ErrNotFound
	}
	before := len(control.Scopes)
	control.Scopes = slices.DeleteFunc(control.Scopes, func(s AccessScope) bool {
		return s.Reference == reference && (resource == "" || s.Resource == resource)
	})
	if len(control.Scopes) == before {
		return ErrNotFound
	}
	return nil
}

// GrantedIdentities returns the ids of the identities on which i has permissions.
func (i *Identity) GrantedIdentities() []string {
	var list []string
	if i.Security.AccessControl != nil {
		for _, s := range i.Security.AccessControl.Scopes {
			if s.Resource == ResourceIdentity && ValidID(s.Reference) && !slices.Contains(list, s.Reference) {
				list = append(list, s.Reference)
			}
		}
	}
	return list
}
