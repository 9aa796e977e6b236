package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"cedula/shared/identity"
)

// SentPermissions are permissions that a request gives to an identity.
type SentPermissions struct {
	Scopes  []identity.AccessScope // nil: all that the identity has
	Path    string                 // of Scopes in the request, with its last dot
	Lenient bool                   // they may be on identities that do not exist, and are then without effect
}

// ResolvePermissions makes the sent permissions, which i already has, name the identities that exist now, and removes those
// on identities that no longer exist. It returns an *Invalid for too many, and unless they are lenient a *DanglingReference
// for one on an identity that does not exist.
func (r *Registry) ResolvePermissions(ctx context.Context, i *identity.Identity, p SentPermissions) error {
	if i.Security.AccessControl == nil {
		return nil
	}
	if p.Scopes == nil {
		p.Scopes, p.Path = i.Security.AccessControl.Scopes, string(identity.FieldAccessControl)+".scopes."
	}
	if len(p.Scopes) > identity.MaxListLength {
		return &identity.Invalid{Field: identity.FieldAccessControl, Reason: fmt.Sprintf("must hold at most %d scopes", identity.MaxListLength)}
	}
	created, err := r.creationTimes(ctx, i.Tenant, i.GrantedIdentities())
	if err != nil {
		return err
	}
	for n, s := range p.Scopes {
		if !p.Lenient && s.Resource == identity.ResourceIdentity && created[s.Reference].IsZero() {
			return &identity.DanglingReference{Field: identity.Field(fmt.Sprintf("%s%d.reference", p.Path, n))}
		}
	}
	i.ResolvePermissions(created)
	return nil
}

// HideDanglingPermissions removes from identities that are about to be returned the permissions on identities that no
// longer exist. It reads nothing if there are no permissions on identities.
func (r *Registry) HideDanglingPermissions(ctx context.Context, tenant string, list []identity.Identity) error {
	var references []string
	for n := range list {
		references = append(references, list[n].GrantedIdentities()...)
	}
	slices.Sort(references)
	created, err := r.creationTimes(ctx, tenant, slices.Compact(references))
	if err != nil {
		return err
	}
	for n := range list {
		if list[n].Security.AccessControl != nil {
			list[n] = list[n].Clone() // a stored response may share its permissions
			list[n].ResolvePermissions(created)
		}
	}
	return nil
}

// creationTimes returns when identities were created, without those that do not exist. It holds one batch at a time.
func (r *Registry) creationTimes(ctx context.Context, tenant string, ids []string) (map[string]time.Time, error) {
	created := make(map[string]time.Time, len(ids))
	for batch := range slices.Chunk(ids, batchSize) {
		found, err := r.getMany(ctx, tenant, batch)
		var unreadable *identity.Unreadable // it is not known which identity that is
		if err != nil && !errors.As(err, &unreadable) {
			return nil, err
		}
		for n := range found {
			created[found[n].ID] = found[n].CreatedAt
		}
	}
	return created, nil
}
