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

// ListWithdrawalAccounts returns the accounts to which an identity is paid out, by id.
func (s *Service) ListWithdrawalAccounts(ctx context.Context, tenant, id string) ([]BankAccount, error) {
	if _, err := s.Get(ctx, tenant, id); err != nil {
		return nil, err
	}
	return s.Store.ListWithdrawalAccounts(ctx, tenant, id)
}

// WithdrawalAccountDraft is a request for a withdrawal account.
type WithdrawalAccountDraft struct {
	Tenant, ID string // of the identity
	BankAccount
	Idempotency Idempotency
	GenerateID  func(now time.Time, random io.Reader) (string, error)
}

// WithdrawalAccountResult is the outcome of one.
type WithdrawalAccountResult struct {
	BankAccount
	Replayed bool // the answer to an earlier, equal request
}

// AddWithdrawalAccount adds an account and returns it with its id. It is a change of
// the identity and makes a version. An *Invalid names the field of a text that
// breaks a rule; a *Precondition says that there are MaxWithdrawalAccounts;
// ErrIdempotencyReused that the key came before with another account.
func (s *Service) AddWithdrawalAccount(ctx context.Context, w WithdrawalAccountDraft) (WithdrawalAccountResult, error) {
	holder := Profile{Bank: &w.BankAccount}
	if err := errors.Join(w.Idempotency.check(), holder.check()); err != nil {
		return WithdrawalAccountResult{}, err
	}
	now := s.TenantNow(w.Tenant)
	var err error
	if w.BankAccount.ID, err = w.accountID(now, s.Random); err != nil {
		return WithdrawalAccountResult{}, err
	}
	w.CreatedAt, w.UpdatedAt = now, now
	var added WithdrawalAccountResult
	err = retry(ctx, func() (err error) {
		added, err = s.tryAddWithdrawalAccount(ctx, w)
		return err
	})
	return added, err
}

// accountID is a new id or, with an idempotency key, the one of that key: so
// the account is its own claim, for as long as it is there.
func (w *WithdrawalAccountDraft) accountID(now time.Time, random io.Reader) (string, error) {
	if w.Idempotency.Key == "" {
		return w.GenerateID(now, random)
	}
	sum := sha256.Sum256([]byte(w.ID + "\n" + w.Idempotency.Key))
	return hex.EncodeToString(sum[:12]), nil
}

func (s *Service) tryAddWithdrawalAccount(ctx context.Context, w WithdrawalAccountDraft) (WithdrawalAccountResult, error) {
	i, err := s.Get(ctx, w.Tenant, w.ID)
	if err != nil {
		return WithdrawalAccountResult{}, err
	}
	have, err := s.Store.ListWithdrawalAccounts(ctx, w.Tenant, w.ID)
	if err != nil {
		return WithdrawalAccountResult{}, err
	}
	known := slices.ContainsFunc(have, func(b BankAccount) bool { return b.ID == w.BankAccount.ID })
	if len(have) >= MaxWithdrawalAccounts && !known {
		return WithdrawalAccountResult{}, &StateError{fmt.Sprintf("an identity has at most %d withdrawal accounts", MaxWithdrawalAccounts)}
	}
	i.Version++
	i.UpdatedAt = w.CreatedAt
	return s.Store.AddWithdrawalAccount(ctx, i, w.BankAccount, w.Idempotency)
}

// RemoveWithdrawalAccount removes an account. ErrNotFound if the identity or the
// account does not exist.
func (s *Service) RemoveWithdrawalAccount(ctx context.Context, tenant, id, account string) error {
	if !ValidID(account) {
		return ErrNotFound
	}
	if _, err := s.Get(ctx, tenant, id); err != nil {
		return err
	}
	return s.Store.RemoveWithdrawalAccount(ctx, tenant, id, account)
}

// Delete removes an identity with everything that belongs to it. It returns
// ErrNotFound, or ErrVersionMismatch if match refuses the version.
func (s *Service) Delete(ctx context.Context, tenant, id string, match func(tag string) bool) error {
	if !ValidID(id) {
		return ErrNotFound
	}
	allow := func(i *Identity) error {
		switch {
		case i.expired(s.TenantNow(tenant)):
			return ErrNotFound
		case match != nil && !match(i.ETag()):
			return ErrPreconditionFailed
		}
		return nil
	}
	return retry(ctx, func() error { return s.Store.Delete(ctx, tenant, id, allow) })
}
