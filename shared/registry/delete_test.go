package registry_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"cedula/infra/testenv"
	"cedula/shared/identity"
	"cedula/shared/registry"
)

// interferingStore calls its functions once each, if they are not nil, during other calls.
type interferingStore struct {
	identity.Store
	beforeDelete, afterConflict func()
}

func once(do *func()) {
	if call := *do; call != nil {
		*do = nil
		call()
	}
}

// Delete interferes between the two steps of a deletion.
func (s *interferingStore) Delete(ctx context.Context, tenant, id string, now time.Time, allow func(*identity.Identity) error) error {
	return s.Store.Delete(ctx, tenant, id, now, func(i *identity.Identity) error {
		once(&s.beforeDelete)
		return allow(i)
	})
}

// TestDeleteRemovesConcurrentlyAddedItems checks that nothing that is added during a deletion remains.
func TestDeleteRemovesConcurrentlyAddedItems(t *testing.T) {
	for name, add := range map[string]func(*testRegistry) error{
		"an account is added": func(w *testRegistry) error {
			_, err := w.AddWithdrawalAccount(ctx, registry.WithdrawalAccountDraft{Tenant: "acme", ID: "x", GenerateID: generateID})
			return err
		},
		"it becomes a child": func(w *testRegistry) error {
			_, err := w.Update(ctx, childrenUpdate("parent", registry.AddChildren, "x"))
			return err
		},
		"it gets a child": func(w *testRegistry) error {
			_, err := w.Update(ctx, childrenUpdate("x", registry.AddChildren, "child"))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTestRegistry(t)
			for _, id := range []string{"x", "parent", "child"} {
				w.createWithID(t, id)
			}
			inner := w.Registry.Store
			w.Registry.Store = &interferingStore{Store: inner, beforeDelete: func() { wantIs(t, name, add(w), nil) }}
			w.mustDelete(t, "x")
			_, err := w.Get(ctx, "acme", "x")
			wantIs(t, "Get", err, identity.ErrNotFound)
			accounts := testenv.Must(inner.ListWithdrawalAccounts(ctx, "acme", "x"))(t)
			if len(accounts) > 0 {
				t.Errorf("accounts that remain = %+v, want none", accounts)
			}
			for _, index := range []identity.Index{{ParentsOf: "x"}, {ChildrenOf: "x"}, {ChildrenOf: "parent"}, {ParentsOf: "child"}} {
				index.Tenant = "acme"
				links := testenv.Must(inner.Entries(ctx, index, nil, 10, false))(t)
				if len(links) > 0 {
					t.Errorf("links that remain in %+v = %+v, want none", index, links)
				}
			}
		})
	}
}

// Create interferes between the conflict and the registry's look at the identity in conflict.
func (s *interferingStore) Create(ctx context.Context, i identity.Identity, claims []identity.Claim, key identity.Idempotency, links identity.LinkChanges) (identity.WriteResult, error) {
	created, err := s.Store.Create(ctx, i, claims, key, links)
	if taken := new(identity.Conflict); errors.As(err, &taken) {
		once(&s.afterConflict)
	}
	return created, err
}

func TestConcurrentlyDeletedHolderIsNoConflict(t *testing.T) {
	claims := []identity.Claim{{Kind: "user", Values: []string{"1"}, Fields: []identity.Field{identity.FieldEmail}}}
	for name, d := range map[string]registry.Draft{"of the id": {ID: "a"}, "of the claim": {Claims: claims}} {
		w := newTestRegistry(t)
		d.Tenant, d.GenerateID = "acme", generateID
		w.mustCreate(t, registry.Draft{Tenant: "acme", ID: "a", Claims: claims})
		w.Registry.Store = &interferingStore{Store: w.store, afterConflict: func() { w.mustDelete(t, "a") }}
		_, err := w.Create(ctx, d)
		wantIs(t, "a holder "+name, err, nil)
	}
}

func TestWithdrawalAccounts(t *testing.T) {
	w := newTestRegistry(t)
	w.createWithID(t, "a")
	var ids []string
	for range 2 {
		ids = append(ids, testenv.Must(w.AddWithdrawalAccount(ctx, registry.WithdrawalAccountDraft{Tenant: "acme", ID: "a", GenerateID: generateID}))(t).ID)
	}
	for _, want := range []error{nil, identity.ErrNotFound} {
		wantIs(t, "RemoveWithdrawalAccount", w.RemoveWithdrawalAccount(ctx, "acme", "a", ids[0]), want)
	}
	got := testenv.Must(w.ListWithdrawalAccounts(ctx, "acme", "a"))(t)
	if len(got) != 1 || got[0].ID != ids[1] {
		t.Errorf("ListWithdrawalAccounts() = %+v, want only %s", got, ids[1])
	}
}

// TestDeleteGoesByTheTenantsTime: after a day of the tenant's time an idempotency key may belong to another identity, which
// the deletion of the first must leave alone.
func TestDeleteGoesByTheTenantsTime(t *testing.T) {
	w := newTestRegistry(t)
	w.now = time.Now()
	d := draft(identity.Profile{FirstName: "Ana"})
	d.Idempotency = idempotency("k", 1)
	first := w.mustCreate(t, d).ID
	w.now = w.now.Add(25 * time.Hour)
	second := w.mustCreate(t, d)
	if second.Replayed || second.ID == first {
		t.Fatalf("a day later: Replayed = %v, ID = %s, want another identity", second.Replayed, second.ID)
	}
	w.mustDelete(t, first)
	if again := w.mustCreate(t, d); !again.Replayed || again.ID != second.ID {
		t.Errorf("Replayed = %v, ID = %s, want the replay of %s", again.Replayed, again.ID, second.ID)
	}
}
