package registry_test

import (
	"errors"
	"testing"

	"cedula/shared/identity"
	"cedula/shared/registry"
)

func TestWithdrawalAccounts(t *testing.T) {
	w := newTestRegistry(t)
	w.createWithID(t, "a")
	var ids []string
	for range 2 {
		added, err := w.AddWithdrawalAccount(ctx, registry.WithdrawalAccountDraft{Tenant: "acme", ID: "a", GenerateID: generateID})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, added.ID)
	}
	for _, want := range []error{nil, identity.ErrNotFound} {
		if err := w.RemoveWithdrawalAccount(ctx, "acme", "a", ids[0]); !errors.Is(err, want) {
			t.Errorf("RemoveWithdrawalAccount: error = %v, want %v", err, want)
		}
	}
	got, err := w.ListWithdrawalAccounts(ctx, "acme", "a")
	if err != nil || len(got) != 1 || got[0].ID != ids[1] {
		t.Errorf("ListWithdrawalAccounts = %+v, %v, want only %s", got, err, ids[1])
	}
}
