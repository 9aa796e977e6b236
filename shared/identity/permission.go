package identity

import (
	"slices"
	"time"
)

// Names reports whether the scope is on the identity with this id and time of creation, and not on an earlier or later one
// with the same id.
func (s *AccessScope) Names(id string, created time.Time) bool {
	if s.Resource != ResourceIdentity || s.Reference != id || s.NamesNone {
		return false
	}
	if s.Created.IsZero() {
		return !created.After(s.AsOf)
	}
	return created.Equal(s.Created)
}

// ResolvePermissions makes new scopes name the identities that exist now, given when each was created, and removes scopes
// on others that had the same ids, and on those that no longer exist.
func (i *Identity) ResolvePermissions(created map[string]time.Time) {
	control := i.Security.AccessControl
	if control == nil {
		return
	}
	for n := range control.Scopes {
		s := &control.Scopes[n]
		if s.Resource == ResourceIdentity && s.Unresolved() {
			s.Created = created[s.Reference]
			s.NamesNone = s.Created.IsZero()
		}
	}
	control.Scopes = slices.DeleteFunc(control.Scopes, func(s AccessScope) bool {
		at := created[s.Reference]
		if s.Resource != ResourceIdentity || s.NamesNone && at.IsZero() {
			return false
		}
		return at.IsZero() || !s.Names(s.Reference, at)
	})
}

// Unresolved reports whether a client has sent the scope and it is not known yet what it names.
func (s *AccessScope) Unresolved() bool { return s.Created.IsZero() && s.AsOf.IsZero() && !s.NamesNone }

// MayActFor reports whether i has permissions on another identity.
func (i *Identity) MayActFor(other *Identity) bool {
	control := i.Security.AccessControl
	return control != nil && slices.ContainsFunc(control.Scopes, func(s AccessScope) bool { return s.Names(other.ID, other.CreatedAt) })
}

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
