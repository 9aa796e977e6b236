package registry_test

import (
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"time"

	"cedula/shared/identity"
	"cedula/shared/registry"
)

// interferingStore does something to an identity between the two calls of its deletion.
type interferingStore struct {
	identity.Store
	beforeDelete func()
}

func (m *interferingStore) Delete(ctx context.Context, tenant, id string, allow func(*identity.Identity) error) error {
	return m.Store.Delete(ctx, tenant, id, func(i *identity.Identity) error {
		if m.beforeDelete != nil {
			do := m.beforeDelete
			m.beforeDelete = nil
			do()
		}
		return allow(i)
	})
}

// TestDeleteRemovesConcurrentlyAddedItems: what comes to an identity while it is being
// deleted goes with it, or is refused.
func TestDeleteRemovesConcurrentlyAddedItems(t *testing.T) {
	mint := func(time.Time, io.Reader) (string, error) { return "account", nil }
	tests := []struct {
		name   string
		meddle func(*testRegistry) error
	}{
		{"an account is added", func(w *testRegistry) error {
			_, err := w.AddWithdrawalAccount(ctx, registry.WithdrawalAccountDraft{Tenant: "acme", ID: "x", BankAccount: identity.BankAccount{AccountNumber: "1"}, GenerateID: mint})
			return err
		}},
		{"it becomes a child", func(w *testRegistry) error {
			_, err := w.Update(ctx, registry.Change{Tenant: "acme", ID: "parent", Children: &registry.ChildrenUpdate{Children: []string{"x"}}})
			return err
		}},
		{"it gets a child", func(w *testRegistry) error {
			_, err := w.Update(ctx, registry.Change{Tenant: "acme", ID: "x", Children: &registry.ChildrenUpdate{Children: []string{"child"}}})
			return err
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newTestRegistry(t)
			for _, id := range []string{"x", "parent", "child"} {
				w.mustCreate(t, registry.Draft{Tenant: "acme", ID: id, Trusted: true, GenerateID: mint})
			}
			inner := w.Registry.Store
			w.Registry.Store = &interferingStore{Store: inner, beforeDelete: func() {
				if err := tt.meddle(w); err != nil {
					t.Error(err)
				}
			}}
			w.mustDelete(t, "x")
			if _, err := w.Get(ctx, "acme", "x"); !errors.Is(err, identity.ErrNotFound) {
				t.Errorf("the identity: %v; want identity.ErrNotFound", err)
			}
			left, err := inner.ListWithdrawalAccounts(ctx, "acme", "x")
			if len(left) > 0 || err != nil {
				t.Errorf("accounts that outlived it: %d, %v; want len(left) == 0 and no error", len(left), err)
			}
			for _, src := range []identity.Index{{ParentsOf: "x"}, {ChildrenOf: "x"}, {ChildrenOf: "parent"}, {ParentsOf: "child"}} {
				src.Tenant = "acme"
				if links, err := inner.Entries(ctx, src, nil, 10, false); len(links) > 0 || err != nil {
					t.Errorf("links that outlived it, %+v: %d, %v; want len(links) == 0 and no error", src, len(links), err)
				}
			}
		})
	}
}

// vanishingHolderStore lets the holder of what a write would take go between the table's
// refusal and the next look at it.
type vanishingHolderStore struct {
	identity.Store
	once         sync.Once
	removeHolder func()
}

func (v *vanishingHolderStore) Create(ctx context.Context, i identity.Identity, claims []identity.Claim, once identity.Idempotency, links identity.LinkChanges) (identity.WriteResult, error) {
	created, err := v.Store.Create(ctx, i, claims, once, links)
	if taken := new(identity.Conflict); errors.As(err, &taken) {
		v.once.Do(v.removeHolder)
	}
	return created, err
}

// TestDeletedHolderIsNoConflict: who is gone when the holder is looked for has taken nothing.
func TestDeletedHolderIsNoConflict(t *testing.T) {
	claim := []identity.Claim{{Kind: "user", Values: []string{"1"}, Fields: []identity.Field{identity.FieldEmail}}}
	for name, ask := range map[string]func(w *testRegistry, id string) error{
		"a create with its id": func(w *testRegistry, id string) error {
			d := draft(identity.Profile{FirstName: "Eva"})
			d.ID = id
			_, err := w.Create(ctx, d)
			return err
		},
		"a create with its claim": func(w *testRegistry, _ string) error {
			d := draft(identity.Profile{FirstName: "Eva"})
			d.Claims = claim
			_, err := w.Create(ctx, d)
			return err
		},
	} {
		w := newTestRegistry(t)
		d := draft(identity.Profile{FirstName: "Ana"})
		d.Claims = claim
		first := w.mustCreate(t, d)
		w.Registry.Store = &vanishingHolderStore{Store: w.store, removeHolder: func() {
			if err := w.Delete(ctx, "acme", first.ID, nil); err != nil {
				t.Error(err)
			}
		}}
		if err := ask(w, first.ID); err != nil {
			t.Errorf("%s: error = %v, want none", name, err)
		}
	}
}
