package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"

	"cedula/shared/identity"
	"cedula/shared/table"
)

// holdSealed notes under which key a value that is now sealed is found.
func (s *Store) holdSealed(i *identity.Identity) {
	i.Sealed = slices.Clone(i.Sealed)
	for n := range i.Sealed {
		sealed := &i.Sealed[n]
		if text, _ := i.Shown(sealed.Field); sealed.Value != "" || text == "" {
			sealed.Held = s.LookUp(i.Tenant, sealed.Field, sealed.Value)
		}
		sealed.Value = ""
	}
}

// LookUp is the partition of the index in which an identity with the value
// stands; empty for no value, and for a field that has no index.
func (s *Store) LookUp(tenant string, f identity.Field, value string) string {
	return s.keys.fieldPK(tenant, f, value)
}

// Forget writes the identity as it is now over what is kept of answers to
// requests about it: of its creation, and of its changes.
func (s *Store) Forget(ctx context.Context, i identity.Identity) error {
	body := mustEncode(newRecord(&i))
	if i.Held.Once != "" {
		found, err := s.table.Get(ctx, true, table.Key{PK: i.Held.Once, SK: itemSK})
		if err != nil {
			return explain("forget", err)
		}
		if err := s.rewrite(ctx, i.ID, found.Items, body); err != nil {
			return err
		}
	}
	q := table.Query{PK: identityKey(i.Tenant, i.ID).PK, From: prefixOnce, To: prefixOnce + "~", Limit: deletesAtOnce, Strong: true}
	return s.pages(ctx, "forget", q, func(claims []table.Item) error { return s.rewrite(ctx, i.ID, claims, body) })
}

// rewrite replaces the identity in idempotency claims of it.
func (s *Store) rewrite(ctx context.Context, id string, claims []table.Item, body []byte) error {
	for _, c := range claims {
		if c.Owner != id || len(c.Body) < sha256.Size {
			continue // it lapsed, and another request has the key
		}
		c.Body = append(slices.Clip(c.Body[:sha256.Size]), body...)
		_, err := s.table.Write(ctx, table.Put(c, table.OwnerIs(id)))
		var failed *table.ConditionError
		if err != nil && !errors.As(err, &failed) {
			return explain("forget", err)
		}
	}
	return nil
}
