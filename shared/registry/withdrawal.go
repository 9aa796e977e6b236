package registry

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"cedula/shared/identity"
)

// MaxWithdrawalAccounts is the maximum number of withdrawal accounts of an identity.
const MaxWithdrawalAccounts = 100

// ListWithdrawalAccounts returns the withdrawal accounts of an identity by id, or ErrNotFound.
func (r *Registry) ListWithdrawalAccounts(ctx context.Context, tenant, id string) ([]identity.BankAccount, error) {
	if _, err := r.Get(ctx, tenant, id); err != nil {
		return nil, err
	}
	return r.Store.ListWithdrawalAccounts(ctx, tenant, id)
}

// WithdrawalAccountDraft is a request for a withdrawal account.
type WithdrawalAccountDraft struct {
	Tenant, ID string // of the identity
	identity.BankAccount
	Idempotency identity.Idempotency
	GenerateID  func(now time.Time, random io.Reader) (string, error)
}

// AddWithdrawalAccount adds an account and returns it with its id. It creates a version of the identity. It returns
// ErrNotFound, an *Invalid for a field, a *StateError if there are MaxWithdrawalAccounts already, and
// ErrIdempotencyReused if the key belongs to a different account.
func (r *Registry) AddWithdrawalAccount(ctx context.Context, w WithdrawalAccountDraft) (identity.WithdrawalAccountResult, error) {
	holder := identity.Profile{Bank: &w.BankAccount}
	if err := errors.Join(w.Idempotency.Validate(), holder.Validate()); err != nil {
		return identity.WithdrawalAccountResult{}, err
	}
	now := r.TenantNow(w.Tenant)
	var err error
	w.BankAccount.ID, err = w.accountID(now, r.Random)
	if err != nil {
		return identity.WithdrawalAccountResult{}, err
	}
	w.CreatedAt, w.UpdatedAt = now, now
	return retry(ctx, func() (identity.WithdrawalAccountResult, error) { return r.tryAddWithdrawalAccount(ctx, w) })
}

// accountID returns a new id or, with an idempotency key, the id derived from the key: the account is then its own
// idempotency claim, as long as it exists.
func (w *WithdrawalAccountDraft) accountID(now time.Time, random io.Reader) (string, error) {
	if w.Idempotency.Key == "" {
		return w.GenerateID(now, random)
	}
	sum := sha256.Sum256([]byte(w.ID + "\n" + w.Idempotency.Key))
	return hex.EncodeToString(sum[:12]), nil
}

func (r *Registry) tryAddWithdrawalAccount(ctx context.Context, w WithdrawalAccountDraft) (identity.WithdrawalAccountResult, error) {
	i, err := r.Get(ctx, w.Tenant, w.ID)
	if err != nil {
		return identity.WithdrawalAccountResult{}, err
	}
	have, err := r.Store.ListWithdrawalAccounts(ctx, w.Tenant, w.ID)
	if err != nil {
		return identity.WithdrawalAccountResult{}, err
	}
	known := slices.ContainsFunc(have, func(b identity.BankAccount) bool { return b.ID == w.BankAccount.ID })
	if len(have) >= MaxWithdrawalAccounts && !known {
		return identity.WithdrawalAccountResult{}, &identity.StateError{Reason: fmt.Sprintf("an identity has at most %d withdrawal accounts", MaxWithdrawalAccounts)}
	}
	i.Version++
	i.UpdatedAt = w.CreatedAt
	return r.Store.AddWithdrawalAccount(ctx, i, w.BankAccount, w.Idempotency)
}

// RemoveWithdrawalAccount removes an account. It returns ErrNotFound if the identity or the account does not
// exist.
func (r *Registry) RemoveWithdrawalAccount(ctx context.Context, tenant, id, account string) error {
	if !identity.ValidID(account) {
		return identity.ErrNotFound
	}
	if _, err := r.Get(ctx, tenant, id); err != nil {
		return err
	}
	return r.Store.RemoveWithdrawalAccount(ctx, tenant, id, account)
}
