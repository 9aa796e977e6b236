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

// AddWithdrawalAccount adds an account and returns it with its id. It creates a version of the identity. With an
// idempotency key it takes effect once in identity.IdempotencyTTL, even if the account was removed since. It returns
// ErrNotFound, an *Invalid for a field, a *StateError if there are MaxWithdrawalAccounts already, and
// ErrIdempotencyReused if the key belongs to a different change of the identity.
func (r *Registry) AddWithdrawalAccount(ctx context.Context, w WithdrawalAccountDraft) (identity.WithdrawalAccountResult, error) {
	holder := identity.Profile{Bank: &w.BankAccount}
	if err := errors.Join(w.Idempotency.Validate(), holder.Validate()); err != nil {
		return identity.WithdrawalAccountResult{}, err
	}
	now := r.TenantNow(w.Tenant)
	w.CreatedAt, w.UpdatedAt = now, now
	result, err := retry(ctx, func() (identity.WriteResult, error) { return r.tryAddWithdrawalAccount(ctx, w) })
	if err != nil {
		return identity.WithdrawalAccountResult{}, err
	}
	return identity.WithdrawalAccountResult{BankAccount: *result.Bank, Replayed: result.Replayed}, nil
}

func (r *Registry) tryAddWithdrawalAccount(ctx context.Context, w WithdrawalAccountDraft) (identity.WriteResult, error) {
	i, err := r.Get(ctx, w.Tenant, w.ID)
	if err != nil {
		return identity.WriteResult{}, err
	}
	have, err := r.Store.ListWithdrawalAccounts(ctx, w.Tenant, w.ID)
	if err != nil {
		return identity.WriteResult{}, err
	}
	id := w.keyedID()
	at := slices.IndexFunc(have, func(b identity.BankAccount) bool { return b.ID == id })
	known := at >= 0 && w.CreatedAt.Before(have[at].CreatedAt.Add(identity.IdempotencyTTL))
	if len(have) >= MaxWithdrawalAccounts && !known {
		return r.replayOr(ctx, &i, w.Idempotency, errTooManyAccounts)
	}
	if id == "" || at >= 0 && !known {
		id, err = w.GenerateID(w.CreatedAt, r.Random)
		if err != nil {
			return identity.WriteResult{}, err
		}
	}
	w.BankAccount.ID = id
	before := i
	i.Version++
	i.UpdatedAt = w.CreatedAt
	result, err := r.Store.AddWithdrawalAccount(ctx, i, w.BankAccount, w.Idempotency)
	if err != nil {
		return identity.WriteResult{}, err
	}
	return replay(result, &before)
}

var errTooManyAccounts = &identity.StateError{Reason: fmt.Sprintf("an identity has at most %d withdrawal accounts", MaxWithdrawalAccounts)}

// keyedID returns the id that v0.1.0 derives from the idempotency key, or "" without a key. The account of a first use of
// the key has this id, so that v0.1.0, which may still run beside, finds it when the request is repeated.
func (w *WithdrawalAccountDraft) keyedID() string {
	if w.Idempotency.Key == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(w.ID + "\n" + w.Idempotency.Key))
	return hex.EncodeToString(sum[:12])
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
