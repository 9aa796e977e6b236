package store

import (
	"bytes"
	"context"
	"errors"

	"github.com/go-json-experiment/json"

	"cedula/shared/identity"
	"cedula/shared/table"
)

// Withdrawals reads an identity's withdrawal accounts.
func (s *Store) Withdrawals(ctx context.Context, tenant, id string) ([]identity.BankAccount, error) {
	q := table.Query{PK: identityKey(tenant, id).PK, From: prefixWithdrawal, To: prefixWithdrawal + "~", Strong: true}
	list := []identity.BankAccount{}
	err := s.pages(ctx, "read withdrawal accounts", q, func(items []table.Item) error {
		for n := range items {
			var r withdrawalRecord
			if err := json.Unmarshal(items[n].Body, &r); err != nil {
				return errDamagedAccount
			}
			list = append(list, identity.BankAccount(r.bankRecord))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// withdrawalRecord is a withdrawal account as its item's body. Request is the
// fingerprint of the request that made it, if that had an idempotency key.
type withdrawalRecord struct {
	bankRecord
	Request []byte `json:"q,omitempty"`
}

// AddWithdrawal writes a new account and the next version of its identity.
func (s *Store) AddWithdrawal(ctx context.Context, i identity.Identity, b identity.BankAccount, once identity.Idempotency) (identity.AddedAccount, error) {
	r := withdrawalRecord{bankRecord: bankRecord(b)}
	if once.Key != "" {
		r.Request = once.Fingerprint[:]
	}
	i.Held.Alone = false
	_, err := s.table.Write(ctx,
		s.putNext(&i, mustEncode(newRecord(&i))),
		table.Put(table.Item{Key: withdrawalKey(i.Tenant, i.ID, b.ID), Body: mustEncode(r)}, table.Absent()),
	)
	var failed *table.ConditionError
	switch {
	case !errors.As(err, &failed):
		return identity.AddedAccount{BankAccount: b}, explain("add withdrawal account", err)
	case failed.Of(1) != nil:
		return replayAccount(failed.Of(1).Current, once)
	}
	return identity.AddedAccount{}, identity.ErrStale
}

func replayAccount(item *table.Item, once identity.Idempotency) (identity.AddedAccount, error) {
	var r withdrawalRecord
	if err := json.Unmarshal(item.Body, &r); err != nil {
		return identity.AddedAccount{}, errDamagedAccount
	}
	if once.Key == "" || !bytes.Equal(r.Request, once.Fingerprint[:]) {
		return identity.AddedAccount{}, identity.ErrIdempotencyReused
	}
	return identity.AddedAccount{BankAccount: identity.BankAccount(r.bankRecord), Replayed: true}, nil
}

var errDamagedAccount = errors.New("store: damaged withdrawal account")

// RemoveWithdrawal deletes an account.
func (s *Store) RemoveWithdrawal(ctx context.Context, tenant, id, account string) error {
	_, err := s.table.Write(ctx, table.Delete(withdrawalKey(tenant, id, account), table.Exists()))
	var failed *table.ConditionError
	if errors.As(err, &failed) {
		return identity.ErrNotFound
	}
	return explain("remove withdrawal account", err)
}
