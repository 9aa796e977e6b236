package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"cedula/shared/identity"
	"cedula/shared/table"
)

// deletesAtOnce keeps a transaction under the table's limit, also when each
// part is a link with two sides.
const deletesAtOnce = 40

// partsAttempts is how often the parts of an identity are tried that is gone already.
const partsAttempts = 3

// Delete reads an identity with all its parts and removes them in one
// transaction. If they are too many, the identity first becomes a tombstone
// without any data, which no reader sees; its parts follow in portions, and the
// tombstone goes last. Who finds a tombstone finishes that work, and has deleted
// nobody: identity.ErrNotFound.
func (s *Store) Delete(ctx context.Context, tenant, id string, allow func(*identity.Identity) error) error {
	return s.remove(ctx, tenant, id, allow)
}

// remove is Delete, with more written at the moment when the identity goes.
func (s *Store) remove(ctx context.Context, tenant, id string, allow func(*identity.Identity) error, more ...table.Op) error {
	page, err := s.page(ctx, table.Query{PK: identityKey(tenant, id).PK, Strong: true})
	if err != nil {
		return explain("delete identity", err)
	}
	r, err := recordOf(page.Items)
	if err != nil {
		return err
	}
	if r.Gone {
		if err := s.deleteParts(ctx, tenant, r); err != nil {
			return err
		}
		return identity.ErrNotFound
	}
	parts := page.Items[1:]
	i := r.identity(tenant)
	if allow != nil {
		if err := allow(&i); err != nil {
			return err
		}
	}
	if page.Next == nil && len(parts) <= deletesAtOnce {
		ops := append([]table.Op{table.Delete(page.Items[0].Key, unchanged(&i))}, more...)
		ops = append(ops, claimDeletes(&i, time.Now())...)
		return s.deleteAll(ctx, append(ops, partDeletes(tenant, r, parts)...))
	}
	if r, err = s.bury(ctx, &i, more); err != nil {
		return err
	}
	return s.deleteOwnParts(ctx, tenant, r)
}

// deleteOwnParts is deleteParts of a tombstone that this call made. It tries again
// where others are in the way: ErrBusy would say that nothing was done.
func (s *Store) deleteOwnParts(ctx context.Context, tenant string, r *record) error {
	var err error
	for range partsAttempts {
		if err = s.deleteParts(ctx, tenant, r); !errors.Is(err, identity.ErrBusy) {
			return err
		}
	}
	return fmt.Errorf("%w: deleted but for its parts: %v", identity.ErrUnavailable, err)
}

// recordOf reads the identity itself, which stands before its parts.
func recordOf(items []table.Item) (*record, error) {
	if len(items) == 0 || items[0].SK != itemSK {
		return nil, identity.ErrNotFound
	}
	r := new(record)
	if err := json.Unmarshal(items[0].Body, r); err != nil {
		return nil, errors.New("store: damaged identity record")
	}
	return r, nil
}

func (s *Store) deleteAll(ctx context.Context, ops []table.Op) error {
	_, err := s.table.Write(ctx, ops...)
	var failed *table.ConditionError
	if errors.As(err, &failed) {
		return identity.ErrStale
	}
	return explain("delete identity", err)
}

// claimDeletes frees what the identity reserved. Of its idempotency claim nothing
// stays but that the key was used: no request under it takes effect again. After
// a day the claim may have passed to another; then it is not ours to empty.
func claimDeletes(i *identity.Identity, now time.Time) []table.Op {
	var ops []table.Op
	for _, pk := range i.Held.Claims {
		ops = append(ops, table.Delete(table.Key{PK: pk, SK: itemSK}, table.Always()))
	}
	if end := i.CreatedAt.Add(onceLife); i.Held.Once != "" && now.Before(end) {
		used := table.Item{Key: table.Key{PK: i.Held.Once, SK: itemSK}, Owner: i.ID, Expires: end}
		ops = append(ops, table.Put(used, table.OwnerIs(i.ID)))
	}
	return ops
}

// partDeletes removes parts, and of a link its other side too.
func partDeletes(tenant string, r *record, parts []table.Item) []table.Op {
	self := r.identity(tenant)
	entry := identity.Entry{ID: self.ID, Number: self.Number()}
	var ops []table.Op
	for i := range parts {
		key := parts[i].Key
		ops = append(ops, table.Delete(key, table.Always()))
		if sk, ok := strings.CutPrefix(key.SK, prefixChild); ok {
			ops = append(ops, table.Delete(parentKey(parseEntry(sk).ID, tenant, entry), table.Always()))
		}
		if sk, ok := strings.CutPrefix(key.SK, prefixParent); ok {
			ops = append(ops, table.Delete(childKey(parseEntry(sk).ID, tenant, entry), table.Always()))
		}
	}
	return ops
}

// bury turns an identity into a tombstone and frees its claims. The tombstone
// stands in the pending queue, due at once, for whoever clears that.
func (s *Store) bury(ctx context.Context, i *identity.Identity, more []table.Op) (*record, error) {
	tomb := &record{ID: i.ID, Version: i.Version + 1, Created: i.CreatedAt.UnixMicro(), Updated: i.UpdatedAt.UnixMicro(), Gone: true}
	due := identity.Identity{Tenant: i.Tenant, ID: i.ID, ExpiresAt: i.CreatedAt}
	ops := append([]table.Op{table.Put(table.Item{
		Key: identityKey(i.Tenant, i.ID), Version: tomb.Version, Owner: i.Life(), Body: mustEncode(tomb),
		Indexes: map[string]table.Key{indexPending: pendingKey(&due)},
	}, unchanged(i))}, more...)
	return tomb, s.deleteAll(ctx, append(ops, claimDeletes(i, time.Now())...))
}

// deleteParts empties a tombstone's partition, the tombstone last. If the tombstone
// is not there any more, another Delete did it, and the id may have a new life.
func (s *Store) deleteParts(ctx context.Context, tenant string, r *record) error {
	tomb, i := identityKey(tenant, r.ID), r.identity(tenant)
	q := table.Query{PK: tomb.PK, Limit: deletesAtOnce + 1, Strong: true}
	for {
		page, err := s.page(ctx, q)
		if err != nil {
			return explain("delete identity", err)
		}
		parts := page.Items
		if q.Start == nil {
			if len(parts) == 0 || parts[0].Key != tomb {
				return nil
			}
			parts = parts[1:]
		}
		there := table.Check(tomb, unchanged(&i))
		if page.Next == nil {
			there = table.Delete(tomb, unchanged(&i))
		}
		if len(parts) > 0 || page.Next == nil {
			err = s.deleteAll(ctx, append(partDeletes(tenant, r, parts), there))
		}
		switch {
		case errors.Is(err, identity.ErrStale):
			return nil
		case err != nil:
			return fmt.Errorf("parts: %w", err)
		case page.Next == nil:
			return nil
		}
		q.Start = page.Next
	}
}
