package registry

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"time"

	"cedula/shared/identity"
)

// Draft is a request for a new identity.
type Draft struct {
	Tenant string
	identity.Profile
	Status            identity.Status     // the status asked for; honoured only for a trusted caller
	Trusted           bool                // whether the caller may decide the status
	Policy            identity.Policy     // of the client
	DefaultOnboarding identity.Onboarding // where the policy says none; empty: Contact
	TestMode          bool                // whether a test client asks

	ID         string // chosen by the client; empty to have one minted
	GenerateID func(now time.Time, random io.Reader) (string, error)

	Children    []string // ids of identities of the tenant
	Claims      []identity.Claim
	Idempotency identity.Idempotency
}

// Create makes an identity from a draft, and answers it with its children. It
// returns an *Invalid naming a field that breaks a rule of the core, an
// *DanglingReference for a child that does not exist, and what Store.Create returns.
func (r *Registry) Create(ctx context.Context, d Draft) (identity.WriteResult, error) {
	if err := d.check(); err != nil {
		return identity.WriteResult{}, err
	}
	i, err := r.newIdentity(d)
	if err != nil {
		return identity.WriteResult{}, err
	}
	var created identity.WriteResult
	err = retry(ctx, func() error {
		children, err := r.resolveChildren(ctx, d.Tenant, d.Children)
		if err != nil {
			created, err = r.replayOr(ctx, &identity.Identity{Tenant: d.Tenant}, d.Idempotency, err)
			return err
		}
		i.MayHaveChildren = len(children) > 0
		created, err = r.Store.Create(ctx, i, d.Claims, d.Idempotency, identity.LinkChanges{Add: children})
		if err == nil && created.Replayed && created.Expired(r.TenantNow(d.Tenant)) {
			_, err = r.Get(ctx, d.Tenant, created.ID) // unless it became active meanwhile, it is gone
		}
		return r.evictExpired(ctx, d.Tenant, err)
	})
	if err != nil {
		return identity.WriteResult{}, err
	}
	return created, r.loadChildren(ctx, &created.Identity)
}

func (r *Registry) newIdentity(d Draft) (identity.Identity, error) {
	now := r.TenantNow(d.Tenant)
	id, err := r.newID(d, now)
	if err != nil {
		return identity.Identity{}, err
	}
	i := identity.Identity{
		Tenant: d.Tenant, ID: id, Profile: d.Profile, TestMode: d.TestMode,
		Version: 1, CreatedAt: now, UpdatedAt: now,
	}
	i.Status, i.Onboarding = d.initialStatus()
	if i.Status.Pending() {
		i.ExpiresAt = now.Add(cmp.Or(d.Policy.PendingTTL, identity.DefaultPendingTTL)).Truncate(time.Second)
	}
	i.WaiveEarlierSteps()
	return i, r.setBankAccountMetadata(&i, nil, d.GenerateID)
}

func (d *Draft) check() error {
	if d.ID != "" && !identity.ValidID(d.ID) {
		return &identity.Invalid{Field: identity.FieldID, Reason: "must have at most 64 letters, digits, '-' and '_'"}
	}
	if err := d.Idempotency.Validate(); err != nil {
		return err
	}
	if len(d.Children) > MaxChildrenOnCreate {
		return &identity.Invalid{Field: identity.FieldChildren, Reason: fmt.Sprintf("must name at most %d identities; add more once it is there", MaxChildrenOnCreate)}
	}
	if err := (&ChildrenUpdate{Children: d.Children}).check(""); err != nil {
		return err
	}
	return d.Profile.Validate()
}

// initialStatus is a new identity's status and steps: for a caller that is trusted
// with the status the one asked for or, if it asks for none and has no policy,
// ACTIVE. Everybody else's follows from the steps. A status that the registry
// does not know makes nothing active: it may be a misspelt BLOCKED.
func (d *Draft) initialStatus() (status identity.Status, steps identity.Onboarding) {
	status, steps = identity.Pending, cmp.Or(d.Policy.Onboarding, d.DefaultOnboarding, identity.OnboardingContact)
	decides := d.Trusted && d.Status != ""
	switch {
	case decides && d.Status.Known():
		status = d.Status
	case decides:
	case steps == identity.OnboardingInstant, d.Trusted && d.Policy.Onboarding == "":
		status = identity.Active
	}
	if status.Pending() && steps == identity.OnboardingInstant {
		steps = identity.OnboardingContact // it would wait for nothing
	}
	if !status.Pending() && (steps == identity.OnboardingInstant || d.Policy.Onboarding == "") {
		steps = "" // nothing was to be proven, nor is a change of it
	}
	return status, steps
}

func (r *Registry) newID(d Draft, now time.Time) (string, error) {
	if d.ID != "" {
		return d.ID, nil
	}
	return d.GenerateID(now, r.Random)
}

// setBankAccountMetadata gives a new bank account its id and a changed one its time. The
// account that the caller handed in stays as it was.
func (r *Registry) setBankAccountMetadata(i *identity.Identity, before *identity.BankAccount, mint func(time.Time, io.Reader) (string, error)) error {
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
	id, err := mint(i.UpdatedAt, r.Random)
	account.ID, account.CreatedAt = id, i.UpdatedAt
	i.Bank = &account
	return err
}
