package identity

import "slices"

// Grant adds scopes. One for a resource and reference that are there already
// takes the other's place.
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

// Revoke removes the scopes over a reference, of one resource or, if that is
// empty, of any. It returns ErrNotFound if there is none.
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

// GrantedIdentities are the identities over which i has permissions.
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
