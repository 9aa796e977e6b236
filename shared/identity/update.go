package identity

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"slices"
	"time"
)

// Change is a request to change an identity.
type Change struct {
	Tenant, ID  string
	IfMatch     func(tag string) bool // of Identity.Tag; nil: any state will do
	Idempotency Idempotency
	GenerateID  func(now time.Time, random io.Reader) (string, error)
	// Apply makes the change. It may be called several times, each time on a
	// fresh copy of the newest state, and must not keep it.
	Apply    func(*Identity) error // nil: only the links change
	Children *ChildrenUpdate       // nil: the children stay as they are

	// sideWrites is Apply for a change with which more is written than the identity.
	sideWrites      func(context.Context, *Identity) (SideWrites, error)
	verifiesAddress bool // it proves the address that it puts into the identity
}

const (
	maxRetries = 100
	maxBackoff = 40 * time.Millisecond
)

// Update reads an identity, changes it and writes it under the condition that
// nobody else did in between; if somebody did, it begins anew. No change is
// lost, and each that changes anything makes one version; one that links or
// unlinks more than 30 children makes several, each of which holds. The answer
// has the identity's children.
//
// It returns ErrNotFound, ErrVersionMismatch when Match refuses the version, an *Invalid
// naming a field that breaks a rule of the core, an *Unknown for a child that
// does not exist or is none, a *Precondition for a cycle, ErrBusy when others
// were always faster, and what Apply and Store.Update return.
func (s *Service) Update(ctx context.Context, c Change) (WriteResult, error) {
	if err := c.Idempotency.check(); err != nil {
		return WriteResult{}, err
	}
	var changed WriteResult
	err := retry(ctx, func() (err error) {
		changed, err = s.tryUpdate(ctx, c)
		return err
	})
	if err != nil {
		return WriteResult{}, err
	}
	return changed, s.loadChildren(ctx, &changed.Identity)
}

// ErrPreconditionFailed is the ErrVersionMismatch of a caller whose own condition on the version
// does not hold: not to be tried again.
var ErrPreconditionFailed = fmt.Errorf("%w: refused by the caller", ErrVersionMismatch)

// vanishedConflict is a Taken whose holder was gone when it was looked for: an ErrVersionMismatch, but
// not for ever.
type vanishedConflict struct{ *Conflict }

// Is makes it an ErrVersionMismatch.
func (v *vanishedConflict) Is(target error) bool { return target == ErrVersionMismatch }

// maxVanishedConflicts is how often that is believed.
const maxVanishedConflicts = 3

// retry calls do until it returns something else than ErrVersionMismatch.
func retry(ctx context.Context, do func() error) error {
	gone := 0
	for attempt := range maxRetries {
		err := do()
		var holder *vanishedConflict
		if errors.As(err, &holder) {
			if gone++; gone == maxVanishedConflicts {
				return holder.Conflict
			}
		}
		if !errors.Is(err, ErrVersionMismatch) || errors.Is(err, ErrPreconditionFailed) {
			return err
		}
		if err := pause(ctx, attempt); err != nil {
			return err
		}
	}
	return ErrBusy
}

func (s *Service) tryUpdate(ctx context.Context, c Change) (WriteResult, error) {
	before, err := s.Get(ctx, c.Tenant, c.ID)
	if err != nil {
		return WriteResult{}, err
	}
	p, err := s.prepare(ctx, before, c)
	if err != nil {
		return s.replayOr(ctx, &before, c.Idempotency, err)
	}
	if c.Idempotency.Key == "" && p.links.empty() && reflect.DeepEqual(before, p.after) {
		return WriteResult{Identity: before}, nil
	}
	return s.write(ctx, before, p, c)
}

// preparedChange is a change that is ready to be written.
type preparedChange struct {
	after      Identity
	claims     []Claim // in the place of those held; nil: they stay
	links      LinkChanges
	sideWrites SideWrites
}

// prepare makes the change to a copy.
func (s *Service) prepare(ctx context.Context, before Identity, c Change) (p preparedChange, err error) {
	if c.IfMatch != nil && !c.IfMatch(before.ETag()) {
		return p, ErrPreconditionFailed
	}
	p.after = before.clone()
	if c.Apply != nil {
		if err := c.Apply(&p.after); err != nil {
			return p, err
		}
	}
	if err := p.after.check(); err != nil {
		return p, err
	}
	if c.sideWrites != nil {
		if p.sideWrites, err = c.sideWrites(ctx, &p.after); err != nil {
			return p, err
		}
	}
	if !c.verifiesAddress {
		if err := p.after.applyContactChange(&before, s.TenantNow(before.Tenant)); err != nil {
			return p, err
		}
	}
	if p.links, err = s.planChildrenUpdate(ctx, &before, c.Children); err != nil {
		return p, err
	}
	if p.claims, err = s.changedClaims(ctx, &before, &p.after); err != nil {
		return p, err
	}
	return p, s.encryptFields(ctx, &before, &p.after)
}

// write writes one version, or several if the links are many. The idempotency
// key goes with the last: a change that was cut short is carried on by the same
// request sent again.
func (s *Service) write(ctx context.Context, before Identity, p preparedChange, c Change) (WriteResult, error) {
	after, links := p.after, p.links
	after.UpdatedAt = s.TenantNow(after.Tenant)
	if err := s.setBankAccountMetadata(&after, before.Bank, c.GenerateID); err != nil {
		return WriteResult{}, err
	}
	for {
		now, rest := links.split()
		after.Version++
		after.MayHaveChildren = after.MayHaveChildren || len(now.Add) > 0
		once := c.Idempotency
		if !rest.empty() {
			once = Idempotency{}
		}
		changed, err := s.Store.Update(ctx, after, p.claims, once, now, p.sideWrites)
		err = s.evictExpired(ctx, after.Tenant, err)
		if err != nil || rest.empty() {
			return changed, err
		}
		after, links, p.claims = changed.Identity, rest, nil
	}
}

// replayOr answers a request that the newest state refuses. If it is the
// very request that made the state so, sent again, its first answer is due. A
// create has no identity yet, but a tenant.
func (s *Service) replayOr(ctx context.Context, i *Identity, once Idempotency, refusal error) (WriteResult, error) {
	if once.Key == "" {
		return WriteResult{}, refusal
	}
	first, err := s.Store.Replay(ctx, i.Tenant, i.ID, once)
	if !errors.Is(err, ErrNotFound) {
		return first, err
	}
	if i.ID != "" {
		// The answer goes with its identity: what is not there may have been.
		now, err := s.Get(ctx, i.Tenant, i.ID)
		if err == nil && !now.CreatedAt.Equal(i.CreatedAt) {
			err = ErrVersionMismatch // another has its id
		}
		if err != nil {
			return WriteResult{}, err
		}
	}
	return WriteResult{}, refusal
}

// pause waits a random time, longer with each attempt up to a bound.
func pause(ctx context.Context, attempt int) error {
	wait := time.NewTimer(rand.N(min(maxBackoff, time.Millisecond<<min(attempt, 10))))
	defer wait.Stop()
	select {
	case <-ctx.Done():
		return ErrUnavailable
	case <-wait.C:
		return nil
	}
}

// clone copies what a change may write through a pointer or a slice.
func (i Identity) clone() Identity {
	if i.Bank != nil {
		account := *i.Bank
		i.Bank = &account
	}
	if control := i.Security.AccessControl; control != nil {
		i.Security.AccessControl = &AccessControl{Scopes: append([]AccessScope(nil), control.Scopes...)}
	}
	i.EncryptedFields = slices.Clone(i.EncryptedFields)
	i.Verifications = slices.Clone(i.Verifications)
	return i
}
