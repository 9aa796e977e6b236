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
	now := s.Time(tenant)
	return slices.DeleteFunc(all, func(i Identity) bool { return i.lapsed(now) }), nil
}

// present reads the identities of entries. One whose entry is all that is left
// of it is not among them, also if another has its id by now.
func (s *Service) present(ctx context.Context, tenant string, entries []Entry) (map[Entry]*Identity, error) {
	list := ids(entries)
	slices.Sort(list)
	found, err := s.getMany(ctx, tenant, slices.Compact(list))
	if err != nil {
		return nil, err
	}
	byEntry := make(map[Entry]*Identity, len(found))
	for n := range found {
		byEntry[entryOf(&found[n])] = &found[n]
	}
	return byEntry, nil
}

// GetWithChildren returns an identity with its first ChildrenShown children,
// as they are now.
func (s *Service) GetWithChildren(ctx context.Context, tenant, id string) (Identity, error) {
	i, err := s.Get(ctx, tenant, id)
	if err != nil {
		return Identity{}, err
	}
	return i, s.showChildren(ctx, &i)
}

func (s *Service) showChildren(ctx context.Context, i *Identity) error {
	if !i.Parent {
		return nil
	}
	entries, err := s.Store.Entries(ctx, Source{Tenant: i.Tenant, ChildrenOf: i.ID}, nil, ChildrenShown, false)
	if err != nil || len(entries) == 0 {
		return err
	}
	i.Children, err = s.getMany(ctx, i.Tenant, ids(entries))
	return err
}

func ids(entries []Entry) []string {
	list := make([]string, len(entries))
	for n, e := range entries {
		list[n] = e.ID
	}
	return list
}

// Parents returns the identities of which id is a child, the oldest first and
// at most MaxChildren.
func (s *Service) Parents(ctx context.Context, tenant, id string) ([]Identity, error) {
	if _, err := s.Get(ctx, tenant, id); err != nil {
		return nil, err
	}
	entries, err := s.Store.Entries(ctx, Source{Tenant: tenant, ParentsOf: id}, nil, MaxChildren, false)
	if err != nil {
		return nil, err
	}
	return s.getMany(ctx, tenant, ids(entries))
}
