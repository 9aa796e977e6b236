package identity

import (
	"context"
	"fmt"
	"io"
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

// AddWithdrawal adds an account and returns it with its id. It is a change of
// the identity and makes a version. An *Invalid names the field of a text that
// breaks a rule; a *Precondition says that there are MaxWithdrawalAccounts.
func (s *Service) AddWithdrawal(ctx context.Context, tenant, id string, b BankAccount, mint func(time.Time, io.Reader) (string, error)) (BankAccount, error) {
	holder := Profile{Bank: &b}
	if err := holder.check(); err != nil {
		return BankAccount{}, err
	}
	now := s.Now().UTC().Truncate(time.Microsecond)
	var err error
	if b.ID, err = mint(now, s.Random); err != nil {
		return BankAccount{}, err
	}
	b.CreatedAt, b.UpdatedAt = now, now
	return b, retry(ctx, func() error { return s.tryAddWithdrawal(ctx, tenant, id, b) })
}

func (s *Service) tryAddWithdrawal(ctx context.Context, tenant, id string, b BankAccount) error {
	i, err := s.Get(ctx, tenant, id)
	if err != nil {
		return err
	}
	have, err := s.Store.Withdrawals(ctx, tenant, id)
	if err != nil {
		return err
	}
	if len(have) >= MaxWithdrawalAccounts {
		return &Precondition{fmt.Sprintf("an identity has at most %d withdrawal accounts", MaxWithdrawalAccounts)}
	}
	i.Version++
	i.UpdatedAt = b.CreatedAt
	return s.Store.AddWithdrawal(ctx, i, b)
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
func (s *Service) Delete(ctx context.Context, tenant, id string, match func(version int64) bool) error {
	if !ValidID(id) {
		return ErrNotFound
	}
	return retry(ctx, func() error { return s.Store.Delete(ctx, tenant, id, match) })
}
