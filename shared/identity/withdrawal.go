package identity

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// MaxWithdrawalAccounts is how many accounts an identity can be paid out to.
const MaxWithdrawalAccounts = 100

// Withdrawals returns the accounts to which an identity is paid out, by id.
func (s *Service) Withdrawals(ctx context.Context, tenant, id string) ([]BankAccount, error) {
	if _, err := s.Get(ctx, tenant, id); err != nil {
		return nil, err
	}
	return s.Store.Withdrawals(ctx, tenant, id)
}

// NewWithdrawal is a request for a withdrawal account.
type NewWithdrawal struct {
	Tenant, ID string // of the identity
	BankAccount
	Idempotency Idempotency
	MintID      func(now time.Time, random io.Reader) (string, error)
}

// AddedAccount is the outcome of one.
type AddedAccount struct {
	BankAccount
	Replayed bool // the answer to an earlier, equal request
}

// AddWithdrawal adds an account and returns it with its id. It is a change of
// the identity and makes a version. An *Invalid names the field of a text that
// breaks a rule; a *Precondition says that there are MaxWithdrawalAccounts;
// ErrIdempotencyReused that the key came before with another account.
func (s *Service) AddWithdrawal(ctx context.Context, w NewWithdrawal) (AddedAccount, error) {
	holder := Profile{Bank: &w.BankAccount}
	if err := errors.Join(w.Idempotency.check(), holder.check()); err != nil {
		return AddedAccount{}, err
	}
	now := s.Time(w.Tenant)
	var err error
	if w.BankAccount.ID, err = w.accountID(now, s.Random); err != nil {
		return AddedAccount{}, err
	}
	w.CreatedAt, w.UpdatedAt = now, now
	var added AddedAccount
	err = retry(ctx, func() (err error) {
		added, err = s.tryAddWithdrawal(ctx, w)
		return err
	})
	return added, err
}

// accountID is a new id or, with an idempotency key, the one of that key: so
// the account is its own claim, for as long as it is there.
func (w *NewWithdrawal) accountID(now time.Time, random io.Reader) (string, error) {
	if w.Idempotency.Key == "" {
		return w.MintID(now, random)
	}
	sum := sha256.Sum256([]byte(w.ID + "\n" + w.Idempotency.Key))
	return hex.EncodeToString(sum[:12]), nil
}

func (s *Service) tryAddWithdrawal(ctx context.Context, w NewWithdrawal) (AddedAccount, error) {
	i, err := s.Get(ctx, w.Tenant, w.ID)
	if err != nil {
		return AddedAccount{}, err
	}
	have, err := s.Store.Withdrawals(ctx, w.Tenant, w.ID)
	if err != nil {
		return AddedAccount{}, err
	}
	known := slices.ContainsFunc(have, func(b BankAccount) bool { return b.ID == w.BankAccount.ID })
	if len(have) >= MaxWithdrawalAccounts && !known {
		return AddedAccount{}, &Precondition{fmt.Sprintf("an identity has at most %d withdrawal accounts", MaxWithdrawalAccounts)}
	}
	i.Version++
	i.UpdatedAt = w.CreatedAt
	return s.Store.AddWithdrawal(ctx, i, w.BankAccount, w.Idempotency)
}

// RemoveWithdrawal removes an account. ErrNotFound if the identity or the
// account does not exist.
func (s *Service) RemoveWithdrawal(ctx context.Context, tenant, id, account string) error {
	if !ValidID(account) {
		return ErrNotFound
	}
	if _, err := s.Get(ctx, tenant, id); err != nil {
		return err
	}
	return s.Store.RemoveWithdrawal(ctx, tenant, id, account)
}

// Delete removes an identity with everything that belongs to it. It returns
// ErrNotFound, or ErrStale if match refuses the version.
func (s *Service) Delete(ctx context.Context, tenant, id string, match func(tag string) bool) error {
	if !ValidID(id) {
		return ErrNotFound
	}
	allow := func(i *Identity) error {
		switch {
		case i.lapsed(s.Time(tenant)):
			return ErrNotFound
		case match != nil && !match(i.Tag()):
			return ErrRefused
		}
		return nil
	}
	return retry(ctx, func() error { return s.Store.Delete(ctx, tenant, id, allow) })
}
