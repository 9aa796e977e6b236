package store

import (
	"context"
	"errors"

	"github.com/go-json-experiment/json"

	"cedula/shared/identity"
	"cedula/shared/table"
)

// Withdrawals reads an identity's withdrawal accounts.
func (s *Store) Withdrawals(ctx context.Context, tenant, id string) ([]identity.BankAccount, error) {
	page, err := s.table.Query(ctx, table.Query{
		PK: identityKey(tenant, id).PK, From: prefixWithdrawal, To: prefixWithdrawal + "~", Strong: true,
	})
	if err != nil {
		return nil, explain("read withdrawal accounts", err)
	}
	list := make([]identity.BankAccount, len(page.Items))
	for n := range page.Items {
		var r bankRecord
		if err := json.Unmarshal(page.Items[n].Body, &r); err != nil {
			return nil, errors.New("store: damaged withdrawal account")
		}
		list[n] = identity.BankAccount(r)
	}
	return list, nil
}

// AddWithdrawal writes a new account and the next version of its identity.
func (s *Store) AddWithdrawal(ctx context.Context, i identity.Identity, b identity.BankAccount) error {
	_, err := s.table.Write(ctx,
		s.putNext(&i, 0),
		table.Put(table.Item{Key: withdrawalKey(i.Tenant, i.ID, b.ID), Body: mustEncode(bankRecord(b))}, table.Absent()),
	)
	var failed *table.ConditionError
	if errors.As(err, &failed) && failed.Of(0) != nil {
		return identity.ErrStale
	}
	return explain("add withdrawal account", err)
}

// RemoveWithdrawal deletes an account.
func (s *Store) RemoveWithdrawal(ctx context.Context, tenant, id, account string) error {
	_, err := s.table.Write(ctx, table.Delete(withdrawalKey(tenant, id, account), table.Exists()))
	var failed *table.ConditionError
	if errors.As(err, &failed) {
		return identity.ErrNotFound
	}
	return explain("remove withdrawal account", err)
}
