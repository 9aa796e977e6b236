package identity

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"time"
)

// Store keeps identities. It is safe for concurrent use.
type Store interface {
	// Create writes a new identity, its claims, its idempotency key and the
	// links to its children, all or nothing. If an equal request with the same key was carried out before,
	// it changes nothing and returns the identity as that request left it,
	// with Replayed set; ErrNotFound if that is deleted. Otherwise it returns ErrIdempotencyReused, a *Taken
	// for the id or a claim, ErrVersionMismatch if a child has changed, ErrBusy,
	// ErrTooLarge or ErrUnavailable.
	Create(ctx context.Context, i Identity, claims []Claim, once Idempotency, links LinkChanges) (WriteResult, error)

	// Update writes the next version of an identity, the idempotency key of the
	// change, its links and what belongs to it besides, all or nothing. Claims, if
	// there are any, take the place of those that it held. ErrVersionMismatch if the identity
	// is not of the version before i's any more, or a linked one or a part of aside
	// has changed; otherwise as Create.
	Update(ctx context.Context, i Identity, claims []Claim, once Idempotency, links LinkChanges, aside SideWrites) (WriteResult, error)

	// VerificationCode reads the code last sent to an identity by a channel and, unless to is
	// empty, when codes were sent to that address. Zero where there is none.
	VerificationCode(ctx context.Context, tenant, id string, channel Channel, to string) (VerificationCode, SendHistory, error)
	// RecordWrongAttempt writes a code one of whose checks was spent. ErrVersionMismatch if it was
	// spent, used or sent anew since it was read.
	RecordWrongAttempt(ctx context.Context, tenant, id string, c VerificationCode) error
	// HashCode is what is kept of a code: it says nothing of the code to whoever
	// has not the deployment's secret, and holds for this identity and the address
	// that LookupKey gave only.
	HashCode(tenant, id, to, code string) []byte

	// RewriteReplays makes what is kept of answers to earlier requests with a key show
	// an identity as it is now.
	RewriteReplays(ctx context.Context, i Identity) error

	// LookupKey is what Sealed.Held is if the field, FieldEmail or FieldPhone,
	// holds the value.
	LookupKey(tenant string, f Field, value string) string

	// Replay returns the first answer to an equal change of an identity with the
	// same key, or to an equal create if the id is empty. ErrNotFound if there was none, ErrIdempotencyReused if another request
	// had the key.
	Replay(ctx context.Context, tenant, id string, once Idempotency) (WriteResult, error)

	// Get returns the newest state of an identity. ErrNotFound, ErrUnavailable.
	Get(ctx context.Context, tenant, id string) (Identity, error)

	// GetMany returns up to 100 identities in the order of the ids, without
	// those that are absent.
	GetMany(ctx context.Context, tenant string, ids []string) ([]Identity, error)

	// Entries returns the next entries of a source, at most limit, in ascending
	// or descending order. After is the entry at which to go on; one without an
	// id stands for all of its number; nil begins at the end.
	Entries(ctx context.Context, src Index, after *IndexEntry, limit int, descending bool) ([]IndexEntry, error)

	// Delete removes an identity, its parts, its links from both sides and its
	// claims. If it is cut short, the identity is gone for every reader, and the
	// next Delete finishes the work, and returns ErrNotFound as it does for any other
	// that is gone; what allow, which may be nil, says of the identity as it is;
	// ErrVersionMismatch if it changes meanwhile.
	Delete(ctx context.Context, tenant, id string, allow func(*Identity) error) error

	// Expire removes an identity that has lapsed, as it was read, as Delete does,
	// and leaves a mark without personal data for ExpiryMarkerTTL. ErrVersionMismatch if it has
	// changed.
	Expire(ctx context.Context, i Identity, now time.Time) error

	// ListWithdrawalAccounts returns an identity's withdrawal accounts by id.
	ListWithdrawalAccounts(ctx context.Context, tenant, id string) ([]BankAccount, error)
	// AddWithdrawalAccount writes a new account and the next version of its identity.
	// If an equal request with the same key wrote the account before, it changes
	// nothing and returns that one, with Replayed set; ErrIdempotencyReused if
	// another request did. ErrVersionMismatch if the identity is not of the version before
	// i's any more.
	AddWithdrawalAccount(ctx context.Context, i Identity, b BankAccount, once Idempotency) (WithdrawalAccountResult, error)
	// RemoveWithdrawalAccount deletes an account. ErrNotFound if there is none.
	RemoveWithdrawalAccount(ctx context.Context, tenant, id, account string) error
}

// Service is what every dialect calls.
type Service struct {
	Store  Store
	Cipher Cipher // nil where no field is tokenized and no tokenized one written
	Now    func() time.Time
	Random io.Reader // must be cryptographically strong

	Screener    Screener                          // nil: a person decides each screening
	ClockOffset func(tenant string) time.Duration // nil: no tenant's time was moved, as only a sandbox does

	totals totals
}

// Draft is a request for a new identity.
type Draft struct {
	Tenant string
	Profile
	Status            Status     // the status asked for; honoured only for a trusted caller
	Trusted           bool       // whether the caller may decide the status
	Policy            Policy     // of the client
	DefaultOnboarding Onboarding // where the policy says none; empty: Contact
	TestMode          bool       // whether a test client asks

	ID         string // chosen by the client; empty to have one minted
	GenerateID func(now time.Time, random io.Reader) (string, error)

	Children    []string // ids of identities of the tenant
	Claims      []Claim
	Idempotency Idempotency
}

// WriteResult is the outcome of a create or a change.
type WriteResult struct {
	Identity
	Replayed bool // the answer to an earlier, equal request; nothing was written now
}

// Create makes an identity from a draft, and answers it with its children. It
// returns an *Invalid naming a field that breaks a rule of the core, an
// *Unknown for a child that does not exist, and what Store.Create returns.
func (s *Service) Create(ctx context.Context, d Draft) (WriteResult, error) {
	if err := d.check(); err != nil {
		return WriteResult{}, err
	}
	i, err := s.newIdentity(d)
	if err != nil {
		return WriteResult{}, err
	}
	var created WriteResult
	err = retry(ctx, func() error {
		children, err := s.resolveChildren(ctx, d.Tenant, d.Children)
		if err != nil {
			created, err = s.replayOr(ctx, &Identity{Tenant: d.Tenant}, d.Idempotency, err)
			return err
		}
		i.MayHaveChildren = len(children) > 0
		created, err = s.Store.Create(ctx, i, d.Claims, d.Idempotency, LinkChanges{Add: children})
		if err == nil && created.Replayed && created.expired(s.TenantNow(d.Tenant)) {
			_, err = s.Get(ctx, d.Tenant, created.ID) // unless it became active meanwhile, it is gone
		}
		return s.evictExpired(ctx, d.Tenant, err)
	})
	if err != nil {
		return WriteResult{}, err
	}
	return created, s.loadChildren(ctx, &created.Identity)
}

func (s *Service) newIdentity(d Draft) (Identity, error) {
	now := s.TenantNow(d.Tenant)
	id, err := s.newID(d, now)
	if err != nil {
		return Identity{}, err
	}
	i := Identity{
		Tenant: d.Tenant, ID: id, Profile: d.Profile, TestMode: d.TestMode,
		Version: 1, CreatedAt: now, UpdatedAt: now,
	}
	if i.Status, i.Onboarding = d.initialStatus(); i.Status.Pending() {
		i.ExpiresAt = now.Add(cmp.Or(d.Policy.PendingTTL, DefaultPendingTTL)).Truncate(time.Second)
	}
	i.waiveEarlierSteps()
	return i, s.setBankAccountMetadata(&i, nil, d.GenerateID)
}

// TenantNow is a tenant's time, to the microsecond.
func (s *Service) TenantNow(tenant string) time.Time {
	now := s.Now()
	if s.ClockOffset != nil {
		now = now.Add(s.ClockOffset(tenant))
	}
	return now.UTC().Truncate(time.Microsecond)
}

// Get returns an identity of the tenant. An id that no identity can have is
// ErrNotFound without asking the store; one that has lapsed is too, though it
// may be there still.
func (s *Service) Get(ctx context.Context, tenant, id string) (Identity, error) {
	if !ValidID(id) {
		return Identity{}, ErrNotFound
	}
	i, err := s.Store.Get(ctx, tenant, id)
	if err == nil && i.expired(s.TenantNow(tenant)) {
		return Identity{}, ErrNotFound
	}
	return i, err
}

func (d *Draft) check() error {
	if d.ID != "" && !ValidID(d.ID) {
		return &Invalid{FieldID, "must have at most 64 letters, digits, '-' and '_'"}
	}
	if err := d.Idempotency.check(); err != nil {
		return err
	}
	if len(d.Children) > MaxChildrenOnCreate {
		return &Invalid{FieldChildren, fmt.Sprintf("must name at most %d identities; add more once it is there", MaxChildrenOnCreate)}
	}
	if err := (&ChildrenUpdate{Children: d.Children}).check(""); err != nil {
		return err
	}
	return d.Profile.check()
}

func (s *Service) newID(d Draft, now time.Time) (string, error) {
	if d.ID != "" {
		return d.ID, nil
	}
	return d.GenerateID(now, s.Random)
}

// setBankAccountMetadata gives a new bank account its id and a changed one its time. The
// account that the caller handed in stays as it was.
func (s *Service) setBankAccountMetadata(i *Identity, before *BankAccount, mint func(time.Time, io.Reader) (string, error)) error {
	if i.Bank == nil || (before != nil && *before == *i.Bank) {
		return nil
	}
	account := *i.Bank
	account.UpdatedAt = i.UpdatedAt
	if before != nil {
		account.ID, account.CreatedAt = before.ID, before.CreatedAt
		i.Bank = &account
		return nil
	}
	id, err := mint(i.UpdatedAt, s.Random)
	account.ID, account.CreatedAt = id, i.UpdatedAt
	i.Bank = &account
	return err
}

// ValidID reports whether an identity can have this id: 1 to MaxIDLength
// letters, digits, '-' and '_'.
func ValidID(id string) bool {
	for _, c := range id {
		if !asciiAlphanumeric(c) && c != '-' && c != '_' {
			return false
		}
	}
	return id != "" && len(id) <= MaxIDLength
}
