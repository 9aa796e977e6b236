package store

import (
	"context"

	"cedula/shared/identity"
	"cedula/shared/table"
)

// ListWithdrawalAccounts reads an identity's withdrawal accounts.
func (s *Store) ListWithdrawalAccounts(ctx context.Context, tenant, id string) ([]identity.BankAccount, error) {
	q := table.Query{PK: identityKey(tenant, id).PK, From: prefixWithdrawal, To: prefixWithdrawal + "~", Strong: true}
	list := []identity.BankAccount{}
	err := s.eachPage(ctx, q, func(items []table.Item) error {
		for n := range items {
			r, err := decode[withdrawalRecord](items[n].Body, "withdrawal account")
			if err != nil {
				return err
			}
			list = append(list, identity.BankAccount(r.bankRecord))
		}
		return nil
	})
	if err != nil {
		return nil, identityErrors.wrap("read withdrawal accounts", err)
	}
	return list, nil
}

// withdrawalRecord is the body of a withdrawal account's item. Request is the fingerprint of the request that created it,
// if that had an idempotency key.
type withdrawalRecord struct {
	bankRecord
	RequestFingerprint []byte `json:"q,omitempty"`
}

// AddWithdrawalAccount writes a new account and the next version of its identity.
func (s *Store) AddWithdrawalAccount(ctx context.Context, i identity.Identity, b identity.BankAccount, once identity.Idempotency) (identity.WithdrawalAccountResult, error) {
	r := withdrawalRecord{bankRecord: bankRecord(b)}
	if once.Key != "" {
		r.RequestFingerprint = once.Fingerprint[:]
	}
	notSingleItem(&i)
	failed, err := s.write(ctx,
		s.putVersion(&i, mustEncode(newIdentityRecord(&i))),
		table.Put(table.Item{Key: partKey(i.Tenant, i.ID, prefixWithdrawal+b.ID), Body: mustEncode(r)}, table.Absent()),
	)
	if failed == nil {
		return identity.WithdrawalAccountResult{BankAccount: b}, identityErrors.wrap("add withdrawal account", err)
	}
	if failed.FailureOf(1) != nil {
		return decodeAccountReplay(failed.FailureOf(1).Current, once)
	}
	return identity.WithdrawalAccountResult{}, identity.ErrVersionMismatch
}

func decodeAccountReplay(item *table.Item, once identity.Idempotency) (identity.WithdrawalAccountResult, error) {
	r, err := decode[withdrawalRecord](item.Body, "withdrawal account")
	if err != nil {
		return identity.WithdrawalAccountResult{}, err
	}
	if once.Key == "" || !once.Matches(r.RequestFingerprint) {
		return identity.WithdrawalAccountResult{}, identity.ErrIdempotencyReused
	}
	return identity.WithdrawalAccountResult{BankAccount: identity.BankAccount(r.bankRecord), Replayed: true}, nil
}

// RemoveWithdrawalAccount deletes an account.
func (s *Store) RemoveWithdrawalAccount(ctx context.Context, tenant, id, account string) error {
	failed, err := s.write(ctx, table.Delete(partKey(tenant, id, prefixWithdrawal+account), table.Exists()))
	if failed != nil {
		return identity.ErrNotFound
	}
	return identityErrors.wrap("remove withdrawal account", err)
}
