package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"cedula/shared/identity"
	"cedula/shared/store"
	"cedula/shared/table"
	"cedula/shared/table/faults"
)

// again is an identity of the same id and version, created later.
func again(i identity.Identity) identity.Identity {
	i.CreatedAt = i.CreatedAt.Add(time.Second)
	return i
}

// TestNewLifeIsNotTheOld: an id is deleted and has a new life while somebody is
// at work with what was read of the old one. None of that reaches the new one.
func TestNewLifeIsNotTheOld(t *testing.T) {
	for name, late := range map[string]func(s *store.Store, old identity.Identity) error{
		"change": func(s *store.Store, old identity.Identity) error {
			_, err := s.Update(ctx, next(old, "Late"), nil, identity.Idempotency{}, identity.Links{}, identity.Aside{})
			return err
		},
		"clean-up": func(s *store.Store, old identity.Identity) error { return s.Expire(ctx, old, now) },
		"parent": func(s *store.Store, old identity.Identity) error {
			_, err := s.Create(ctx, bare("p"), nil, identity.Idempotency{}, identity.Links{Add: []identity.Identity{old}})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := store.New(openEmbedded(t), secret)
			old := create(t, s, bare("a"), claims("old"), identity.Idempotency{}).Identity
			if err := s.Delete(ctx, "t", "a", nil); err != nil {
				t.Fatal(err)
			}
			fresh := create(t, s, again(bare("a")), claims("new"), identity.Idempotency{}).Identity
			if err := late(s, old); !errors.Is(err, identity.ErrStale) {
				t.Errorf("%v", err)
			}
			got, err := s.Get(ctx, "t", "a")
			if err != nil || got.FirstName != fresh.FirstName || !got.CreatedAt.Equal(fresh.CreatedAt) {
				t.Errorf("%v %+v", err, got)
			}
		})
	}
}

// between is a table before whose next write something happens.
type between struct {
	table.Table
	then func()
}

func (b *between) Write(ctx context.Context, ops ...table.Op) (table.Units, error) {
	if then := b.then; then != nil {
		b.then = nil
		then()
	}
	return b.Table.Write(ctx, ops...)
}

// TestNewLifeIsNotFinishedOff: of two who finish one deletion, the later finds a
// new life of the id, and leaves it alone. Neither has deleted anybody.
func TestNewLifeIsNotFinishedOff(t *testing.T) {
	slow := &between{Table: openEmbedded(t)}
	s, quick := store.New(slow, secret), store.New(slow.Table, secret)
	create(t, quick, bare("a"), claims("old"), identity.Idempotency{})
	short := faults.Inject(slow.Table)
	short.Plan(func(n int, _ faults.Kind) faults.Fault {
		return map[int]faults.Fault{1: faults.OpenPage, 3: faults.TimeoutBefore}[n]
	})
	if err := store.New(short, secret).Delete(ctx, "t", "a", nil); err == nil {
		t.Fatal("it was not cut short")
	}
	slow.then = func() {
		if err := quick.Delete(ctx, "t", "a", nil); !errors.Is(err, identity.ErrNotFound) {
			t.Errorf("who finishes it: %v", err)
		}
		create(t, quick, again(bare("a")), claims("new"), identity.Idempotency{})
	}
	if err := s.Delete(ctx, "t", "a", nil); !errors.Is(err, identity.ErrNotFound) {
		t.Errorf("who comes too late to finish it: %v", err)
	}
	if _, err := quick.Get(ctx, "t", "a"); err != nil {
		t.Errorf("the new life is gone: %v", err)
	}
	if _, err := quick.Create(ctx, bare("b"), claims("new"), identity.Idempotency{}, identity.Links{}); err == nil {
		t.Error("its claim is gone")
	}
}

// TestBuriedIsNotBusy: that others are in the way says that nothing was done. Of an
// identity that is gone but for its parts that is not true.
func TestBuriedIsNotBusy(t *testing.T) {
	for times, want := range map[int]error{1: nil, 100: identity.ErrUnavailable} {
		raw := openEmbedded(t)
		create(t, store.New(raw, secret), bare("a"), nil, identity.Idempotency{})
		table := faults.Inject(raw)
		table.Plan(func(n int, k faults.Kind) faults.Fault {
			switch {
			case n == 1:
				return faults.OpenPage
			case n > 2 && n <= 2+2*times && k == faults.Write:
				return faults.Conflict
			}
			return faults.None
		})
		s := store.New(table, secret)
		if err := s.Delete(ctx, "t", "a", nil); !errors.Is(err, want) || errors.Is(err, identity.ErrBusy) {
			t.Errorf("%d conflicts: %v, want %v", times, err, want)
		}
		if _, err := s.Get(ctx, "t", "a"); !errors.Is(err, identity.ErrNotFound) {
			t.Errorf("%d conflicts, then: %v", times, err)
		}
	}
}
