package registry

import (
	"context"
	"io"
	"reflect"
	"slices"
	"time"

	"cedula/shared/identity"
)

// Change is a request to update an identity.
type Change struct {
	Tenant, ID  string
	Client      string                // the caller, whose messages are counted
	IfMatch     func(tag string) bool // tests Identity.ETag; nil accepts any version
	Idempotency identity.Idempotency
	GenerateID  func(now time.Time, random io.Reader) (string, error)
	// Apply changes the identity. It may be called several times, each time with a copy of the newest version, and must
	// not keep it.
	Apply    func(*identity.Identity) error // nil: only the children change
	Children *ChildrenUpdate                // nil: the children stay

	// sideWrites is called after Apply, for changes that write more than the identity.
	sideWrites      func(context.Context, *identity.Identity) (identity.SideWrites, error)
	verifiesAddress bool // the change sets an address that it has verified
}

// Update applies a change to the newest version of an identity and writes the result if no other request wrote in
// between; otherwise it starts over with the newer version. No update is lost. The result includes the children.
//
// A change that modifies anything creates one version. Linking or unlinking more than 30 children creates several;
// the idempotency key is written with the last one, so that the client's retry of an interrupted update resumes it.
//
// Errors: ErrNotFound; ErrPreconditionFailed if IfMatch rejects the ETag; *Invalid for a field; *DanglingReference for
// a child that does not exist; *StateError for a cycle; ErrBusy after too many concurrent updates; and the errors of
// Apply and Store.Update.
func (r *Registry) Update(ctx context.Context, c Change) (identity.WriteResult, error) {
	if err := c.Idempotency.Validate(); err != nil {
		return identity.WriteResult{}, err
	}
	changed, err := retry(ctx, func() (identity.WriteResult, error) { return r.tryUpdate(ctx, c) })
	if err != nil {
		return identity.WriteResult{}, err
	}
	return changed, r.loadChildren(ctx, &changed.Identity)
}

func (r *Registry) tryUpdate(ctx context.Context, c Change) (identity.WriteResult, error) {
	before, err := r.Get(ctx, c.Tenant, c.ID)
	if err != nil {
		return identity.WriteResult{}, err
	}
	p, err := r.prepare(ctx, before, c)
	if err != nil {
		return r.replayOr(ctx, &before, c.Idempotency, err)
	}
	if c.Idempotency.Key == "" && p.links.Empty() && reflect.DeepEqual(before, p.after) {
		return identity.WriteResult{Identity: before}, nil
	}
	return r.write(ctx, before, p, c)
}

// preparedChange is a change that is ready to be written.
type preparedChange struct {
	after      identity.Identity
	claims     []identity.Claim // replace those of the identity; nil: they stay
	links      identity.LinkChanges
	sideWrites identity.SideWrites
}

// prepare applies the change to a copy.
func (r *Registry) prepare(ctx context.Context, before identity.Identity, c Change) (p preparedChange, err error) {
	if c.IfMatch != nil && !c.IfMatch(before.ETag()) {
		return p, identity.ErrPreconditionFailed
	}
	p.after = before.Clone()
	if c.Apply != nil {
		if err := c.Apply(&p.after); err != nil {
			return p, err
		}
	}
	if err := p.after.CheckPlaceholders(&before); err != nil {
		return p, err
	}
	if err := p.after.Validate(); err != nil {
		return p, err
	}
	if c.sideWrites != nil {
		p.sideWrites, err = c.sideWrites(ctx, &p.after)
		if err != nil {
			return p, err
		}
	}
	if !c.verifiesAddress {
		if err := p.after.ApplyContactChange(&before, r.TenantNow(before.Tenant)); err != nil {
			return p, err
		}
	}
	p.links, err = r.planChildrenUpdate(ctx, &before, c.Children)
	if err != nil {
		return p, err
	}
	p.claims, err = r.changedClaims(ctx, &before, &p.after)
	if err != nil {
		return p, err
	}
	return p, r.encryptFields(ctx, &before, &p.after)
}

// write writes one version, or several if there are many links. The idempotency key is written with the
// last.
func (r *Registry) write(ctx context.Context, before identity.Identity, p preparedChange, c Change) (identity.WriteResult, error) {
	after, links := p.after, p.links
	after.UpdatedAt = r.TenantNow(after.Tenant)
	if err := r.setBankAccountMetadata(&after, before.Bank, c.GenerateID); err != nil {
		return identity.WriteResult{}, err
	}
	for {
		now, rest := splitLinks(links)
		after.Version++
		after.MayHaveChildren = after.MayHaveChildren || len(now.Add) > 0
		once := c.Idempotency
		if !rest.Empty() {
			once = identity.Idempotency{}
		}
		changed, err := r.Store.Update(ctx, after, p.claims, once, now, p.sideWrites)
		if err != nil {
			return identity.WriteResult{}, r.evictExpired(ctx, after.Tenant, err)
		}
		if rest.Empty() {
			return replay(changed, &before)
		}
		after, links, p.claims = changed.Identity, rest, nil
	}
}

// changedClaims returns the uniqueness claim of the changed identity, with the values of tokenized fields, or nil
// if it has none or the claim does not change.
func (r *Registry) changedClaims(ctx context.Context, before, after *identity.Identity) ([]identity.Claim, error) {
	was, is := before.UniquenessClaim(), after.UniquenessClaim()
	if !before.HasClaims || was.Kind == is.Kind && slices.Equal(was.Values, is.Values) {
		return nil, nil
	}
	known := after.Profile
	for n := range after.EncryptedFields {
		sealed := &after.EncryptedFields[n]
		text := known.TokenizableField(sealed.Field)
		if sealed.Ciphertext == nil || *text != *before.TokenizableField(sealed.Field) {
			continue // a new value, not encrypted yet
		}
		value, err := r.decryptField(ctx, after, sealed)
		if err != nil {
			return nil, err
		}
		*text = value
	}
	return []identity.Claim{known.UniquenessClaim()}, nil
}
