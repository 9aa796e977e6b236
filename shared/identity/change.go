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
	Match       func(tag string) bool // of Identity.Tag; nil: any state will do
	Idempotency Idempotency
	MintID      func(now time.Time, random io.Reader) (string, error)
	// Apply makes the change. It may be called several times, each time on a
	// fresh copy of the newest state, and must not keep it.
	Apply  func(*Identity) error // nil: only the links change
	Relink *Relinking            // nil: the children stay as they are

	// aside is Apply for a change with which more is written than the identity.
	aside  func(context.Context, *Identity) (Aside, error)
	proves bool // it proves the address that it puts into the identity
}

const (
	changeAttempts = 100
	changeBackoff  = 40 * time.Millisecond
)

// Change reads an identity, changes it and writes it under the condition that
// nobody else did in between; if somebody did, it begins anew. No change is
// lost, and each that changes anything makes one version; one that links or
// unlinks more than 30 children makes several, each of which holds. The answer
// has the identity's children.
//
// It returns ErrNotFound, ErrStale when Match refuses the version, an *Invalid
// naming a field that breaks a rule of the core, an *Unknown for a child that
// does not exist or is none, a *Precondition for a cycle, ErrBusy when others
// were always faster, and what Apply and Store.Update return.
func (s *Service) Change(ctx context.Context, c Change) (Changed, error) {
	if err := c.Idempotency.check(); err != nil {
		return Changed{}, err
	}
	var changed Changed
	err := retry(ctx, func() (err error) {
		changed, err = s.tryChange(ctx, c)
		return err
	})
	if err != nil {
		return Changed{}, err
	}
	return changed, s.showChildren(ctx, &changed.Identity)
}

// ErrRefused is the ErrStale of a caller whose own condition on the version
// does not hold: not to be tried again.
var ErrRefused = fmt.Errorf("%w: refused by the caller", ErrStale)

// vanished is a Taken whose holder was gone when it was looked for: an ErrStale, but
// not for ever.
type vanished struct{ *Taken }

// Is makes it an ErrStale.
func (v *vanished) Is(target error) bool { return target == ErrStale }

// vanishAttempts is how often that is believed.
const vanishAttempts = 3

// retry calls do until it returns something else than ErrStale.
func retry(ctx context.Context, do func() error) error {
	gone := 0
	for attempt := range changeAttempts {
		err := do()
		var holder *vanished
		if errors.As(err, &holder) {
			if gone++; gone == vanishAttempts {
				return holder.Taken
			}
		}
		if !errors.Is(err, ErrStale) || errors.Is(err, ErrRefused) {
			return err
		}
		if err := pause(ctx, attempt); err != nil {
			return err
		}
	}
	return ErrBusy
}

func (s *Service) tryChange(ctx context.Context, c Change) (Changed, error) {
	before, err := s.Get(ctx, c.Tenant, c.ID)
	if err != nil {
		return Changed{}, err
	}
	p, err := s.prepare(ctx, before, c)
	if err != nil {
		return s.unlessReplayed(ctx, &before, c.Idempotency, err)
	}
	if c.Idempotency.Key == "" && p.links.empty() && reflect.DeepEqual(before, p.after) {
		return Changed{Identity: before}, nil
	}
	return s.write(ctx, before, p, c)
}

// prepared is a change that is ready to be written.
type prepared struct {
	after  Identity
	claims []Claim // in the place of those held; nil: they stay
	links  Links
	aside  Aside
}

// prepare makes the change to a copy.
func (s *Service) prepare(ctx context.Context, before Identity, c Change) (p prepared, err error) {
	if c.Match != nil && !c.Match(before.Tag()) {
		return p, ErrRefused
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
	if c.aside != nil {
		if p.aside, err = c.aside(ctx, &p.after); err != nil {
			return p, err
		}
	}
	if !c.proves {
		if err := p.after.guardAddresses(&before, s.Time(before.Tenant)); err != nil {
			return p, err
		}
	}
	if p.links, err = s.relink(ctx, &before, c.Relink); err != nil {
		return p, err
	}
	if p.claims, err = s.reclaim(ctx, &before, &p.after); err != nil {
		return p, err
	}
	return p, s.seal(ctx, &before, &p.after)
}

// write writes one version, or several if the links are many. The idempotency
// key goes with the last: a change that was cut short is carried on by the same
// request sent again.
func (s *Service) write(ctx context.Context, before Identity, p prepared, c Change) (Changed, error) {
	after, links := p.after, p.links
	after.UpdatedAt = s.Time(after.Tenant)
	if err := s.stampBank(&after, before.Bank, c.MintID); err != nil {
		return Changed{}, err
	}
	for {
		now, rest := links.split()
		after.Version++
		after.Parent = after.Parent || len(now.Add) > 0
		once := c.Idempotency
		if !rest.empty() {
			once = Idempotency{}
		}
		changed, err := s.Store.Update(ctx, after, p.claims, once, now, p.aside)
		err = s.unlessLapsed(ctx, after.Tenant, err)
		if err != nil || rest.empty() {
			return changed, err
		}
		after, links, p.claims = changed.Identity, rest, nil
	}
}

// unlessReplayed answers a request that the newest state refuses. If it is the
// very request that made the state so, sent again, its first answer is due. A
// create has no identity yet, but a tenant.
func (s *Service) unlessReplayed(ctx context.Context, i *Identity, once Idempotency, refusal error) (Changed, error) {
	if once.Key == "" {
		return Changed{}, refusal
	}
	first, err := s.Store.Replay(ctx, i.Tenant, i.ID, once)
	if !errors.Is(err, ErrNotFound) {
		return first, err
	}
	if i.ID != "" {
		// The answer goes with its identity: what is not there may have been.
		now, err := s.Get(ctx, i.Tenant, i.ID)
		if err == nil && !now.CreatedAt.Equal(i.CreatedAt) {
			err = ErrStale // another has its id
		}
		if err != nil {
			return Changed{}, err
		}
	}
	return Changed{}, refusal
}

// pause waits a random time, longer with each attempt up to a bound.
func pause(ctx context.Context, attempt int) error {
	wait := time.NewTimer(rand.N(min(changeBackoff, time.Millisecond<<min(attempt, 10))))
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
	i.Sealed = slices.Clone(i.Sealed)
	i.Proofs = slices.Clone(i.Proofs)
	return i
}
