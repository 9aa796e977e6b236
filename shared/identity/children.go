package identity

import (
	"context"
	"slices"
)

// getMany reads identities in portions. Absent and lapsed ones are left out.
func (s *Service) getMany(ctx context.Context, tenant string, ids []string) ([]Identity, error) {
	var all []Identity
	for portion := range slices.Chunk(ids, portion) {
		found, err := s.Store.GetMany(ctx, tenant, portion)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	now := s.TenantNow(tenant)
	return slices.DeleteFunc(all, func(i Identity) bool { return i.expired(now) }), nil
}

// getByEntry reads the identities of entries. One whose entry is all that is left
// of it is not among them, also if another has its id by now.
func (s *Service) getByEntry(ctx context.Context, tenant string, entries []IndexEntry) (map[IndexEntry]*Identity, error) {
	list := entryIDs(entries)
	slices.Sort(list)
	found, err := s.getMany(ctx, tenant, slices.Compact(list))
	if err != nil {
		return nil, err
	}
	byEntry := make(map[IndexEntry]*Identity, len(found))
	for n := range found {
		byEntry[entryOf(&found[n])] = &found[n]
	}
	return byEntry, nil
}

// GetWithChildren returns an identity with its first MaxChildrenInResponse children,
// as they are now.
func (s *Service) GetWithChildren(ctx context.Context, tenant, id string) (Identity, error) {
	i, err := s.Get(ctx, tenant, id)
	if err != nil {
		return Identity{}, err
	}
	return i, s.loadChildren(ctx, &i)
}

func (s *Service) loadChildren(ctx context.Context, i *Identity) error {
	if !i.MayHaveChildren {
		return nil
	}
	entries, err := s.Store.Entries(ctx, Index{Tenant: i.Tenant, ChildrenOf: i.ID}, nil, MaxChildrenInResponse, false)
	if err != nil || len(entries) == 0 {
		return err
	}
	i.Children, err = s.getMany(ctx, i.Tenant, entryIDs(entries))
	return err
}

func entryIDs(entries []IndexEntry) []string {
	list := make([]string, len(entries))
	for n, e := range entries {
		list[n] = e.ID
	}
	return list
}

// ListParents returns the identities of which id is a child, the oldest first and
// at most MaxChildren.
func (s *Service) ListParents(ctx context.Context, tenant, id string) ([]Identity, error) {
	if _, err := s.Get(ctx, tenant, id); err != nil {
		return nil, err
	}
	entries, err := s.Store.Entries(ctx, Index{Tenant: tenant, ParentsOf: id}, nil, MaxChildren, false)
	if err != nil {
		return nil, err
	}
	return s.getMany(ctx, tenant, entryIDs(entries))
}
