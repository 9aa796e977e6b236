package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"cedula/shared/identity"
	"cedula/shared/store"
	"cedula/shared/table"
	"cedula/shared/table/faulttable"
)

// recreated is an identity of the same id and version, created later.
func recreated(i identity.Identity) identity.Identity {
	i.CreatedAt = i.CreatedAt.Add(time.Second)
	return i
}

// TestStaleWriteDoesNotReachNewIncarnation: an id is deleted and reused while a request works with the old identity.
// Nothing of that request reaches the new one.
func TestStaleWriteDoesNotReachNewIncarnation(t *testing.T) {
	for name, late := range map[string]func(s *store.Store, old identity.Identity) error{
		"change": func(s *store.Store, old identity.Identity) error {
			_, err := s.Update(ctx, nextVersion(old, "Late"), nil, identity.Idempotency{}, identity.LinkChanges{}, identity.SideWrites{})
			return err
		},
		"expiry": func(s *store.Store, old identity.Identity) error { return s.Expire(ctx, old, now) },
		"expiry of an identity that has parts": func(s *store.Store, old identity.Identity) error {
			state := old.StoreState.(store.State)
			state.SingleItem = false
			old.StoreState = state
			return s.Expire(ctx, old, now)
		},
		"wrong attempt": func(s *store.Store, old identity.Identity) error {
			code := codeSideWrites(s, "a", "123456").Code
			return s.RecordWrongAttempt(ctx, &old, *code)
		},
		"parent": func(s *store.Store, old identity.Identity) error {
			_, err := s.Create(ctx, minimalIdentity("p"), nil, identity.Idempotency{}, identity.LinkChanges{Add: []identity.Identity{old}})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := store.New(openPebble(t), secret)
			old := mustCreate(t, s, minimalIdentity("a"), newClaims("old"), identity.Idempotency{}).Identity
			mustSucceed(t, s.Delete(ctx, "t", "a", time.Now(), nil))
			fresh := mustCreate(t, s, recreated(minimalIdentity("a")), newClaims("new"), identity.Idempotency{}).Identity
			wantError(t, name, late(s, old), identity.ErrVersionMismatch)
			got, err := s.Get(ctx, "t", "a")
			wantEqual(t, fresh, got, err)
		})
	}
}

// hookedTable is a table that calls beforeWrite before its next write.
type hookedTable struct {
	table.Table
	beforeWrite func()
}

func (b *hookedTable) Write(ctx context.Context, ops ...table.Op) (table.Units, error) {
	if then := b.beforeWrite; then != nil {
		b.beforeWrite = nil
		then()
	}
	return b.Table.Write(ctx, ops...)
}

// TestResumedDeleteSparesNewIncarnation: two calls complete an interrupted deletion. The id is reused after the first, so
// the second finds a new identity and must leave it alone. Both return ErrNotFound.
func TestResumedDeleteSparesNewIncarnation(t *testing.T) {
	slow := &hookedTable{Table: openPebble(t)}
	s, quick := store.New(slow, secret), store.New(slow.Table, secret)
	mustCreate(t, quick, minimalIdentity("a"), newClaims("old"), identity.Idempotency{})
	short := faulttable.NewInjector(slow.Table)
	short.SetPlan(func(n int, _ faulttable.Operation) faulttable.Fault {
		return map[int]faulttable.Fault{1: faulttable.SpuriousNext, 3: faulttable.TimeoutBefore}[n]
	})
	if err := store.New(short, secret).Delete(ctx, "t", "a", time.Now(), nil); err == nil {
		t.Fatal("Delete interrupted at its third call: error = nil, want one")
	}
	slow.beforeWrite = func() {
		wantError(t, "a deletion that finishes it", quick.Delete(ctx, "t", "a", time.Now(), nil), identity.ErrNotFound)
		mustCreate(t, quick, recreated(minimalIdentity("a")), newClaims("new"), identity.Idempotency{})
	}
	wantError(t, "a deletion that finds the new identity", s.Delete(ctx, "t", "a", time.Now(), nil), identity.ErrNotFound)
	if _, err := quick.Get(ctx, "t", "a"); err != nil {
		t.Errorf("Get of the new identity: error = %v, want none", err)
	}
	if _, err := quick.Create(ctx, minimalIdentity("b"), newClaims("new"), identity.Idempotency{}, identity.LinkChanges{}); err == nil {
		t.Error("the claim of the new identity is free, want it held")
	}
}

// TestInterruptedDeleteIsNotBusy: ErrBusy means that nothing was done. Delete must not return it once the identity is a
// tombstone.
func TestInterruptedDeleteIsNotBusy(t *testing.T) {
	for times, want := range map[int]error{1: nil, 100: identity.ErrUnavailable} {
		raw := openPebble(t)
		mustCreate(t, store.New(raw, secret), minimalIdentity("a"), nil, identity.Idempotency{})
		table := faulttable.NewInjector(raw)
		table.SetPlan(func(n int, k faulttable.Operation) faulttable.Fault {
			switch {
			case n == 1:
				return faulttable.SpuriousNext
			case n > 2 && n <= 2+2*times && k == faulttable.Write:
				return faulttable.Conflict
			}
			return faulttable.None
		})
		s := store.New(table, secret)
		if err := s.Delete(ctx, "t", "a", time.Now(), nil); !errors.Is(err, want) || errors.Is(err, identity.ErrBusy) {
			t.Errorf("%d conflicts: %v, want %v", times, err, want)
		}
		wantError(t, fmt.Sprintf("%d conflicts, then", times), errorOf(s.Get(ctx, "t", "a")), identity.ErrNotFound)
	}
}
