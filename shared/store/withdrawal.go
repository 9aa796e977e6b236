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

// withdrawalRecord is the body of a withdrawal account's item. RequestFingerprint is that of the request that created it, if
// that had an idempotency key. v0.1.0 has no other idempotency claim of the request.
type withdrawalRecord struct {
	bankRecord
	RequestFingerprint []byte `json:"q,omitempty"`
}

// AddWithdrawalAccount writes a new account, the next version of its identity and the idempotency claim of the change.
func (s *Store) AddWithdrawalAccount(ctx context.Context, i identity.Identity, b identity.BankAccount, once identity.Idempotency) (identity.WriteResult, error) {
	r := withdrawalRecord{bankRecord: bankRecord(b)}
	if once.Key != "" {
		r.RequestFingerprint = once.Fingerprint[:]
	}
	notSingleItem(&i)
	response := accountResponse(&i, b)
	t := newTransaction(3)
	t.addIdempotencyClaim(s.keys.changeIdempotencyKey(i.Tenant, i.ID, once.Key), &i, i.UpdatedAt, once, encodeIdentity(&response))
	t.add(versionMismatch, s.putVersion(&i, encodeIdentity(&i)))
	t.add(func(current *table.Item) (identity.WriteResult, error) {
		return decodeAccountReplay(current, &i, once)
	}, table.Put(table.Item{Key: partKey(i.Tenant, i.ID, prefixWithdrawal+b.ID), Body: mustEncode(r)}, table.Absent()))
	return s.commit(ctx, "add withdrawal account", t, response)
}

// accountResponse returns what is stored of the response to a request for an account.
func accountResponse(i *identity.Identity, b identity.BankAccount) identity.Identity {
	return identity.Identity{
		Tenant: i.Tenant, ID: i.ID, Version: i.Version, CreatedAt: i.CreatedAt, UpdatedAt: i.UpdatedAt, Profile: identity.Profile{Bank: &b},
	}
}

// decodeAccountReplay returns the response to a request that v0.1.0 carried out under the same idempotency key.
func decodeAccountReplay(item *table.Item, i *identity.Identity, once identity.Idempotency) (identity.WriteResult, error) {
	r, err := decode[withdrawalRecord](item.Body, "withdrawal account")
	if err != nil {
		return identity.WriteResult{}, err
	}
	if once.Key == "" || !once.Matches(r.RequestFingerprint) {
		return identity.WriteResult{}, identity.ErrIdempotencyReused
	}
	return identity.WriteResult{Identity: accountResponse(i, identity.BankAccount(r.bankRecord)), Replayed: true}, nil
}

// RemoveWithdrawalAccount deletes an account.
func (s *Store) RemoveWithdrawalAccount(ctx context.Context, tenant, id, account string) error {
	failed, err := s.write(ctx, table.Delete(partKey(tenant, id, prefixWithdrawal+account), table.Exists()))
	if failed != nil {
		return identity.ErrNotFound
	}
	return identityErrors.wrap("remove withdrawal account", err)
}
