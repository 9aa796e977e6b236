package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"cedula/shared/identity"
	"cedula/shared/table"
)

// maxDeletesPerWrite keeps a transaction below the table's limit, even if each part is a link with two sides.
const maxDeletesPerWrite = 40

// maxDeletePartsAttempts is how often deleting the parts of a tombstone is tried.
const maxDeletePartsAttempts = 3

// Delete removes an identity and all its parts in one transaction. If they are too many, the identity first becomes a
// tombstone without any data, which no reader sees. Its parts are then deleted in batches, and the tombstone last. A
// call that finds a tombstone completes that work and returns identity.ErrNotFound.
func (s *Store) Delete(ctx context.Context, tenant, id string, now time.Time, allow func(*identity.Identity) error) error {
	return s.deleteWithOps(ctx, tenant, id, now, allow)
}

// deleteWithOps is Delete with more operations in the transaction that makes the identity invisible.
func (s *Store) deleteWithOps(ctx context.Context, tenant, id string, now time.Time, allow func(*identity.Identity) error, more ...table.Op) error {
	page, err := s.nextNonEmptyPage(ctx, table.Query{PK: identityKey(tenant, id).PK, Strong: true})
	if err != nil {
		return identityErrors.wrap("delete identity", err)
	}
	r, err := decodeRootRecord(page.Items)
	if err != nil {
		return err
	}
	if r.Tombstone {
		if err := s.deleteParts(ctx, tenant, r); err != nil {
			return err
		}
		return identity.ErrNotFound
	}
	parts := page.Items[1:]
	i := r.toIdentity(tenant)
	if allow != nil {
		if err := allow(&i); err != nil {
			return err
		}
	}
	if page.Next == nil && len(parts) <= maxDeletesPerWrite {
		ops := append([]table.Op{table.Delete(page.Items[0].Key, ifUnchanged(&i))}, more...)
		ops = append(ops, releaseClaimOps(&i, now)...)
		return s.writeDeletion(ctx, append(ops, deletePartOps(tenant, r, parts)...))
	}
	r, err = s.tombstone(ctx, &i, now, more)
	if err != nil {
		return err
	}
	return s.retryDeleteParts(ctx, tenant, r)
}

// retryDeleteParts is deleteParts for a tombstone that this call wrote. It retries after conflicts, because ErrBusy would
// mean that nothing was done.
func (s *Store) retryDeleteParts(ctx context.Context, tenant string, r identityRecord) error {
	var err error
	for range maxDeletePartsAttempts {
		err = s.deleteParts(ctx, tenant, r)
		if !errors.Is(err, identity.ErrBusy) {
			return err
		}
	}
	return fmt.Errorf("%w: deleted but for its parts: %v", identity.ErrUnavailable, err)
}

// decodeRootRecord reads the identity itself, which comes before its parts.
func decodeRootRecord(items []table.Item) (identityRecord, error) {
	if len(items) == 0 || items[0].SK != itemSK {
		return identityRecord{}, identity.ErrNotFound
	}
	return decode[identityRecord](items[0].Body, "identity record")
}

func (s *Store) writeDeletion(ctx context.Context, ops []table.Op) error {
	failed, err := s.write(ctx, ops...)
	if failed != nil {
		return identity.ErrVersionMismatch
	}
	return identityErrors.wrap("delete identity", err)
}

// releaseClaimOps deletes the claims of the identity. Its idempotency claim is emptied but kept, so that no request with
// the key takes effect again. After a day the claim may belong to another identity and is left alone.
func releaseClaimOps(i *identity.Identity, now time.Time) []table.Op {
	var ops []table.Op
	state := stateOf(i)
	for _, pk := range state.ClaimKeys {
		ops = append(ops, table.Delete(table.Key{PK: pk, SK: itemSK}, table.Always()))
	}
	if end := i.CreatedAt.Add(identity.IdempotencyTTL); state.IdempotencyKey != "" && now.Before(end) {
		used := table.Item{Key: table.Key{PK: state.IdempotencyKey, SK: itemSK}, Owner: i.ID, Expires: end}
		ops = append(ops, table.Put(used, table.OwnerIs(i.ID)))
	}
	return ops
}

// deletePartOps deletes parts, and for a link its other side too.
func deletePartOps(tenant string, r identityRecord, parts []table.Item) []table.Op {
	self := r.toIdentity(tenant)
	entry := identity.IndexEntry{ID: self.ID, CreationNumber: self.CreationNumber()}
	var ops []table.Op
	for i := range parts {
		key := parts[i].Key
		ops = append(ops, table.Delete(key, table.Always()))
		if sk, ok := strings.CutPrefix(key.SK, prefixChild); ok {
			ops = append(ops, table.Delete(linkKey(tenant, parseEntry(sk).ID, prefixParent, entry), table.Always()))
		}
		if sk, ok := strings.CutPrefix(key.SK, prefixParent); ok {
			ops = append(ops, table.Delete(linkKey(tenant, parseEntry(sk).ID, prefixChild, entry), table.Always()))
		}
	}
	return ops
}

// tombstone turns an identity into a tombstone and frees its claims. The tombstone is in the pending index and due
// immediately, so that the job completes the deletion.
func (s *Store) tombstone(ctx context.Context, i *identity.Identity, now time.Time, more []table.Op) (identityRecord, error) {
	tomb := identityRecord{ID: i.ID, Version: i.Version + 1, Created: i.CreatedAt.UnixMicro(), Updated: i.UpdatedAt.UnixMicro(), Tombstone: true}
	due := identity.Identity{Tenant: i.Tenant, ID: i.ID, ExpiresAt: i.CreatedAt}
	ops := append([]table.Op{table.Put(table.Item{
		Key: identityKey(i.Tenant, i.ID), Version: tomb.Version, Owner: i.Incarnation(), Body: mustEncode(&tomb),
		Indexes: map[string]table.Key{indexPending: pendingKey(&due)},
	}, ifUnchanged(i))}, more...)
	return tomb, s.writeDeletion(ctx, append(ops, releaseClaimOps(i, now)...))
}

// deleteParts deletes a tombstone's partition, the tombstone last. If the tombstone no longer exists, another Delete did
// so, and the id may have been reused.
func (s *Store) deleteParts(ctx context.Context, tenant string, r identityRecord) error {
	tomb, i := identityKey(tenant, r.ID), r.toIdentity(tenant)
	q := table.Query{PK: tomb.PK, Limit: maxDeletesPerWrite + 1, Strong: true}
	for {
		page, err := s.nextNonEmptyPage(ctx, q)
		if err != nil {
			return identityErrors.wrap("delete identity", err)
		}
		parts := page.Items
		if q.Start == nil {
			if len(parts) == 0 || parts[0].Key != tomb {
				return nil
			}
			parts = parts[1:]
		}
		there := table.Check(tomb, ifUnchanged(&i))
		if page.Next == nil {
			there = table.Delete(tomb, ifUnchanged(&i))
		}
		if len(parts) > 0 || page.Next == nil {
			err = s.writeDeletion(ctx, append(deletePartOps(tenant, r, parts), there))
		}
		if errors.Is(err, identity.ErrVersionMismatch) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("parts: %w", err)
		}
		if page.Next == nil {
			return nil
		}
		q.Start = page.Next
	}
}
