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
	Status            identity.Status     // requested status; used only if Trusted
	Trusted           bool                // the caller may set the status
	Policy            identity.Policy     // of the client
	DefaultOnboarding identity.Onboarding // of the API, if the policy names none; empty: OnboardingContact
	TestMode          bool                // the caller is a test client
	Strict            bool                // permissions on identities that do not exist are rejected

	ID         string // chosen by the client; generated if empty
	GenerateID func(now time.Time, random io.Reader) (string, error)

	Children    []string // ids of identities of the tenant
	Claims      []identity.Claim
	Idempotency identity.Idempotency
}

// Create creates an identity from a draft and returns it with its children. It returns an *Invalid for a field, a
// *DanglingReference for a child, or the identity of a permission of a strict draft, that does not exist, and the errors of Store.Create.
func (r *Registry) Create(ctx context.Context, d Draft) (identity.WriteResult, error) {
	if err := d.check(); err != nil {
		return identity.WriteResult{}, err
	}
	i, err := r.newIdentity(d)
	if err != nil {
		return identity.WriteResult{}, err
	}
	created, err := retry(ctx, func() (identity.WriteResult, error) { return r.tryCreate(ctx, i.Clone(), d) })
	if err != nil {
		return identity.WriteResult{}, err
	}
	return created, r.loadChildren(ctx, &created.Identity)
}

func (r *Registry) tryCreate(ctx context.Context, i identity.Identity, d Draft) (identity.WriteResult, error) {
	children, err := r.resolveReferences(ctx, &i, &d)
	if err != nil {
		return r.replayOr(ctx, &identity.Identity{Tenant: d.Tenant}, d.Idempotency, err)
	}
	i.MayHaveChildren = len(children) > 0
	created, err := r.Store.Create(ctx, i, d.Claims, d.Idempotency, identity.LinkChanges{Add: children})
	if err != nil {
		return created, r.evictExpired(ctx, d.Tenant, err)
	}
	return r.replayCreate(ctx, created)
}

// resolveReferences returns the children of a new identity and resolves its permissions.
func (r *Registry) resolveReferences(ctx context.Context, i *identity.Identity, d *Draft) ([]identity.Identity, error) {
	found, err := r.resolveChildren(ctx, d.Tenant, d.Children)
	if err != nil {
		return nil, err
	}
	if fittingChildren(found) < len(found) {
		return nil, errLargeChildren
	}
	return found, r.ResolvePermissions(ctx, i, SentPermissions{Lenient: !d.Strict})
}

var errLargeChildren = &identity.Invalid{Field: identity.FieldChildren, Reason: "are too large to be linked by one request; add them once it is there"}

func (r *Registry) newIdentity(d Draft) (identity.Identity, error) {
	now := r.TenantNow(d.Tenant)
	if d.ID == "" {
		id, err := d.GenerateID(now, r.Random)
		if err != nil {
			return identity.Identity{}, err
		}
		d.ID = id
	}
	i := identity.Identity{
		Tenant: d.Tenant, ID: d.ID, Profile: d.Profile, TestMode: d.TestMode,
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

// initialStatus returns the status and the onboarding of a new identity. A trusted caller gets the requested status or,
// without a requested status and a policy, ACTIVE. For any other caller the onboarding decides. An unknown status never
// makes an identity active, because it may be a misspelt BLOCKED.
func (d *Draft) initialStatus() (status identity.Status, steps identity.Onboarding) {
	status, steps = identity.Pending, cmp.Or(d.Policy.Onboarding, d.DefaultOnboarding, identity.OnboardingContact)
	decides := d.Trusted && d.Status != ""
	if decides && d.Status.Known() {
		status = d.Status
	}
	if !decides && (steps == identity.OnboardingInstant || d.Trusted && d.Policy.Onboarding == "") {
		status = identity.Active
	}
	if status.Pending() && steps == identity.OnboardingInstant {
		steps = identity.OnboardingContact // a pending identity needs a step
	}
	if !status.Pending() && (steps == identity.OnboardingInstant || d.Policy.Onboarding == "") {
		steps = "" // neither the addresses nor changes of them need verification
	}
	return status, steps
}

// setBankAccountMetadata sets the id and times of a new or changed bank account, in a copy of the
// account.
func (r *Registry) setBankAccountMetadata(i *identity.Identity, before *identity.BankAccount, newID func(time.Time, io.Reader) (string, error)) error {
	if i.Bank == nil || (before != nil && *before == *i.Bank) {
		return nil
	}
	account := *i.Bank
	i.Bank = &account
	account.UpdatedAt = i.UpdatedAt
	if before != nil {
		account.ID, account.CreatedAt = before.ID, before.CreatedAt
		return nil
	}
	var err error
	account.CreatedAt = i.UpdatedAt
	account.ID, err = newID(i.UpdatedAt, r.Random)
	return err
}
