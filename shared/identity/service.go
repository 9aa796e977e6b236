package identity

import (
	"context"
	"io"
	"time"
)

// Store keeps identities. It is safe for concurrent use.
type Store interface {
	// Create writes a new identity, its claims and its idempotency key, all or
	// nothing. If an equal request with the same key was carried out before,
	// it changes nothing and returns the identity as that request left it,
	// with Replayed set. Otherwise it returns ErrIdempotencyReused, a *Taken
	// for the id or a claim, ErrBusy, ErrTooLarge or ErrUnavailable.
	Create(ctx context.Context, i Identity, claims []Claim, once Idempotency) (Created, error)

	// Get returns the newest state of an identity. ErrNotFound, ErrUnavailable.
	Get(ctx context.Context, tenant, id string) (Identity, error)
}

// Service is what every dialect calls.
type Service struct {
	Store  Store
	Now    func() time.Time
	Random io.Reader // must be cryptographically strong
}

// Draft is a request for a new identity.
type Draft struct {
	Tenant string
	Profile
	Status  Status // the status asked for; honoured only for a trusted caller
	Trusted bool   // whether the caller may decide the status

	ID     string // chosen by the client; empty to have one minted
	MintID func(now time.Time, random io.Reader) (string, error)

	Claims      []Claim
	Idempotency Idempotency
}

// Created is the outcome of a create.
type Created struct {
	Identity
	Replayed bool // the answer to an earlier, equal request; nothing was written now
}

// Create makes an identity from a draft. It returns an *Invalid naming a field
// that breaks a rule of the core, and what Store.Create returns.
func (s *Service) Create(ctx context.Context, d Draft) (Created, error) {
	if err := d.check(); err != nil {
		return Created{}, err
	}
	now := s.Now().UTC().Truncate(time.Microsecond)
	id, err := s.name(d, now)
	if err != nil {
		return Created{}, err
	}
	i := Identity{
		Tenant: d.Tenant, ID: id, Profile: d.Profile,
		Status:  initialStatus(d.Status, d.Trusted),
		Version: 1, CreatedAt: now, UpdatedAt: now,
	}
	if i.Status.Pending() {
		i.ExpiresAt = now.Add(pendingLife).Truncate(time.Second)
	}
	if err := s.nameBankAccount(&i, d, now); err != nil {
		return Created{}, err
	}
	return s.Store.Create(ctx, i, d.Claims, d.Idempotency)
}

// Get returns an identity of the tenant. An id that no identity can have is
// ErrNotFound without asking the store.
func (s *Service) Get(ctx context.Context, tenant, id string) (Identity, error) {
	if !ValidID(id) {
		return Identity{}, ErrNotFound
	}
	return s.Store.Get(ctx, tenant, id)
}

func (d *Draft) check() error {
	if d.ID != "" && !ValidID(d.ID) {
		return &Invalid{FieldID, "must have at most 64 letters, digits, '-' and '_'"}
	}
	if err := d.Idempotency.check(); err != nil {
		return err
	}
	return d.Profile.check()
}

func (s *Service) name(d Draft, now time.Time) (string, error) {
	if d.ID != "" {
		return d.ID, nil
	}
	return d.MintID(now, s.Random)
}

// nameBankAccount gives the bank account its id and times. The draft's own
// account stays as it was.
func (s *Service) nameBankAccount(i *Identity, d Draft, now time.Time) error {
	if d.Bank == nil {
		return nil
	}
	account := *d.Bank
	var err error
	account.ID, err = d.MintID(now, s.Random)
	account.CreatedAt, account.UpdatedAt = now, now
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
