package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cedula/shared/identity"
	"cedula/shared/store"
	"cedula/shared/table/faulttable"
)

func testUpdate(t *testing.T, s *store.Store, calls *faulttable.Counter) {
	first := mustCreate(t, s, fullIdentity("p1"), newClaims("a"), newIdempotency("k", 1)).Identity
	want := nextVersion(first, "Second")
	calls.Reset()
	got, err := s.Update(ctx, want, nil, identity.Idempotency{}, identity.LinkChanges{}, identity.SideWrites{})
	wantEqual(t, identity.WriteResult{Identity: want}, got, err)
	wantCalls(t, calls, "an update", faulttable.Calls{Write: 1})
	found, err := s.Get(ctx, "t", "p1")
	wantEqual(t, want, found, err)
	// The claims are still the identity's, and go with it.
	_, err = s.Create(ctx, fullIdentity("p2"), newClaims("a"), identity.Idempotency{}, identity.LinkChanges{})
	wantConflict(t, err, "a")
}

func testUpdateVersionMismatch(t *testing.T, s *store.Store, _ *faulttable.Counter) {
	first := mustCreate(t, s, minimalIdentity("p1"), nil, identity.Idempotency{}).Identity
	second := nextVersion(first, "Second")
	for _, tt := range []struct {
		name string
		give identity.Identity
		want error
	}{
		{"absent", minimalIdentity("p2"), identity.ErrNotFound},
		{"absent in this tenant", func() identity.Identity { o := second; o.Tenant = "other"; return o }(), identity.ErrNotFound},
		{"the version that is there", first, identity.ErrVersionMismatch},
		{"one version left out", nextVersion(second, "Third"), identity.ErrVersionMismatch},
		{"the next version", second, nil},
		{"the next version again", second, identity.ErrVersionMismatch},
		{"the version before", first, identity.ErrVersionMismatch},
	} {
		if _, err := s.Update(ctx, tt.give, nil, newIdempotency("k "+tt.name, 1), identity.LinkChanges{}, identity.SideWrites{}); !errors.Is(err, tt.want) || errors.Is(err, identity.ErrPreconditionFailed) {
			t.Errorf("%s: got %v, want %v", tt.name, err, tt.want)
		}
		_, err := s.Replay(ctx, "t", tt.give.ID, time.Time{}, newIdempotency("k "+tt.name, 1))
		if kept := err == nil; kept != (tt.want == nil) {
			t.Errorf("%s: idempotency key stored = %v (%v), want it exactly if the update succeeded", tt.name, kept, err)
		}
	}
	if got, err := s.Get(ctx, "t", "p1"); err != nil || got.Version != 2 || got.FirstName != "Second" {
		t.Errorf("Get: error = %v, version %d, name %q, want version 2 of Second", err, got.Version, got.FirstName)
	}
}

func testUpdateReplay(t *testing.T, s *store.Store, calls *faulttable.Counter) {
	first := mustCreate(t, s, minimalIdentity("p1"), nil, newIdempotency("k", 1)).Identity
	mustCreate(t, s, minimalIdentity("p2"), nil, identity.Idempotency{})
	second := nextVersion(first, "Second")
	// A create's key and a change's are two: this one is not taken yet.
	updated, err := s.Update(ctx, second, nil, newIdempotency("k", 1), identity.LinkChanges{}, identity.SideWrites{})
	if err != nil || updated.Replayed {
		t.Fatalf("Update = %+v, %v, want it not replayed", updated, err)
	}
	mustUpdate(t, s, nextVersion(second, "Third"))
	state := second.StoreState.(store.State)
	state.SingleItem = false // the key of the change is a part of it
	second.StoreState = state
	want := identity.WriteResult{Identity: second, Replayed: true}
	calls.Reset()
	for name, again := range map[string]identity.Identity{"stale": second, "of the newest version": nextVersion(nextVersion(second, ""), "x"), "with a gap": nextVersion(nextVersion(nextVersion(second, ""), ""), "x")} {
		got, err := s.Update(ctx, again, nil, newIdempotency("k", 1), identity.LinkChanges{}, identity.SideWrites{})
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: error = %v, want none; result (-want +got):\n%s", name, err, diff)
		}
	}
	got, err := s.Replay(ctx, "t", "p1", time.Time{}, newIdempotency("k", 1))
	wantEqual(t, want, got, err)
	wantCalls(t, calls, "three updates and a replay", faulttable.Calls{Get: 1, Write: 3})
	for name, tt := range map[string]struct {
		tenant, id string
		once       identity.Idempotency
		want       error
	}{
		"another request":       {"t", "p1", newIdempotency("k", 2), identity.ErrIdempotencyReused},
		"another key":           {"t", "p1", newIdempotency("l", 1), identity.ErrNotFound},
		"another identity":      {"t", "p2", newIdempotency("k", 1), identity.ErrNotFound},
		"another tenant":        {"other", "p1", newIdempotency("k", 1), identity.ErrNotFound},
		"an unknown identity's": {"t", "p9", newIdempotency("k", 1), identity.ErrNotFound},
		"a key of no length":    {"t", "p1", identity.Idempotency{}, identity.ErrNotFound},
	} {
		wantError(t, name, errorOf(s.Replay(ctx, tt.tenant, tt.id, time.Time{}, tt.once)), tt.want)
	}
	wantError(t, "another request under the key, stale too", errorOf(s.Update(ctx, second, nil, newIdempotency("k", 2), identity.LinkChanges{}, identity.SideWrites{})), identity.ErrIdempotencyReused)
	if i, err := s.Get(ctx, "t", "p1"); err != nil || i.Version != 3 {
		t.Errorf("version = %d, %v, want 3", i.Version, err)
	}
}

func testGetMany(t *testing.T, s *store.Store, calls *faulttable.Counter) {
	var ids []string
	var want []identity.Identity
	for n := range 100 {
		id := fmt.Sprintf("p%02d", 99-n)
		ids = append(ids, id)
		if n%3 > 0 {
			want = append(want, mustCreate(t, s, minimalIdentity(id), nil, identity.Idempotency{}).Identity)
		}
	}
	calls.Reset()
	got, err := s.GetMany(ctx, "t", ids)
	wantEqual(t, want, got, err)
	wantCalls(t, calls, "a hundred", faulttable.Calls{Get: 1})
	for name, ask := range map[string]struct {
		tenant string
		ids    []string
	}{"no ids": {"t", nil}, "absent ones": {"t", []string{"x", "y"}}, "another tenant's": {"other", ids}} {
		if got, err := s.GetMany(ctx, ask.tenant, ask.ids); err != nil || len(got) > 0 {
			t.Errorf("%s: got %d identities and error %v, want none", name, len(got), err)
		}
	}
}

func testWithdrawalAccounts(t *testing.T, s *store.Store, calls *faulttable.Counter) {
	mustCreate(t, s, minimalIdentity("p1"), nil, identity.Idempotency{})
	mustCreate(t, s, minimalIdentity("p2"), nil, identity.Idempotency{})
	full := *fullIdentity("x").Bank
	var want []identity.BankAccount
	for _, id := range []string{"b", "a", "c"} {
		full.ID = id
		calls.Reset()
		mustSucceed(t, addAccount(s, "t", "p1", full))
		wantCalls(t, calls, "an account", faulttable.Calls{Get: 1, Write: 1})
		want = append(want, full)
	}
	want[0], want[1] = want[1], want[0]
	got, err := s.ListWithdrawalAccounts(ctx, "t", "p1")
	wantEqual(t, want, got, err)
	wantCalls(t, calls, "the list", faulttable.Calls{Query: 1})
	wantError(t, "an account of an unknown identity", addAccount(s, "t", "p9", full), identity.ErrNotFound)
	wantError(t, "an account of another tenant's", addAccount(s, "other", "p1", full), identity.ErrNotFound)
	if err := addAccount(s, "t", "p1", full); err == nil {
		t.Error("a second account with the same id: error = nil, want one")
	}
	for _, absent := range [][3]string{{"t", "p1", "x"}, {"t", "p2", "a"}, {"other", "p1", "a"}, {"t", "p9", "a"}} {
		wantError(t, fmt.Sprint(absent), s.RemoveWithdrawalAccount(ctx, absent[0], absent[1], absent[2]), identity.ErrNotFound)
	}
	mustSucceed(t, s.RemoveWithdrawalAccount(ctx, "t", "p1", "b"))
	wantError(t, "again", s.RemoveWithdrawalAccount(ctx, "t", "p1", "b"), identity.ErrNotFound)
	got, err = s.ListWithdrawalAccounts(ctx, "t", "p1")
	wantEqual(t, []identity.BankAccount{want[0], want[2]}, got, err)
	got, err = s.ListWithdrawalAccounts(ctx, "t", "p2")
	wantEqual(t, []identity.BankAccount{}, got, err)
}
