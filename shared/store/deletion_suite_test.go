package store_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"cedula/shared/identity"
	"cedula/shared/store"
	"cedula/shared/table"
	"cedula/shared/table/faulttable"
)

// createWithParts is an identity with parts of every kind and as many children, parents and accounts as asked for, made
// under an idempotency key; it is created now, since the claim of that is emptied only for a day.
func createWithParts(t *testing.T, s *store.Store, links int, key string) identity.Identity {
	t.Helper()
	p := fullIdentity("p")
	p.Version, p.MayHaveChildren, p.StoreState = 1, links > 0, store.State{}
	p.CreatedAt = time.Now().UTC().Truncate(time.Microsecond)
	p = mustCreate(t, s, p, newClaims("a", "b"), newIdempotency(key, 1)).Identity
	var below, above []identity.Identity
	for n := range links {
		below = append(below, mustCreate(t, s, minimalIdentity(fmt.Sprintf("c%d", n)), nil, identity.Idempotency{}).Identity)
		above = append(above, mustCreate(t, s, minimalIdentity(fmt.Sprintf("f%d", n)), nil, identity.Idempotency{}).Identity)
	}
	p = addChildren(t, s, p, below...)
	for n, f := range above {
		addChildren(t, s, f, p)
		account := identity.BankAccount{ID: fmt.Sprintf("w%d", n), AccountNumber: "1"}
		mustSucceed(t, addAccount(s, "t", "p", account))
	}
	p = nextVersion(reload(t, s, []identity.Identity{p})[0], "Last")
	mustSucceed(t, errorOf(s.Update(ctx, p, nil, newIdempotency("change", 1), identity.LinkChanges{}, identity.SideWrites{})))
	return p
}

// wantGone looks for what a deletion of p, which was made under a key, may have left, on every side.
func wantGone(t *testing.T, s *store.Store, raw table.Table, p identity.Identity, links int, key string) {
	t.Helper()
	wantError(t, "get", errorOf(s.Get(ctx, "t", "p")), identity.ErrNotFound)
	page, err := raw.Query(ctx, table.Query{PK: "T#t#I#p", Strong: true})
	if err != nil || len(page.Items) > 0 {
		t.Errorf("%d items are left of the partition, %v; want no error and len(page.Items) == 0", len(page.Items), err)
	}
	wantNoEntries(t, s,
		identity.Index{Tenant: "t", Email: "a@example.com"},
		identity.Index{Tenant: "t", Phone: "+56912345678"},
		identity.Index{Tenant: "t", Document: "19"},
		identity.Index{Tenant: "t", ExternalID: "ext"},
		childrenOf("p"),
		parentsOf("p"),
	)
	if slices.ContainsFunc(readAllEntries(t, s, identity.Index{Tenant: "t"}), func(e identity.IndexEntry) bool { return e.ID == "p" }) {
		t.Error("it stands in the list")
	}
	for shard := range 64 {
		page, err := raw.Query(ctx, table.Query{Index: "Q", PK: fmt.Sprintf("P#%02d", shard)})
		if err != nil || len(page.Items) > 0 {
			t.Errorf("%d items are left of the queue, %v; want no error and len(page.Items) == 0", len(page.Items), err)
		}
	}
	for n := range links {
		wantNoEntries(t, s, parentsOf(fmt.Sprintf("c%d", n)), childrenOf(fmt.Sprintf("f%d", n)))
	}
	wantError(t, "deleted once more", s.Delete(ctx, "t", "p", nil), identity.ErrNotFound)
	// Its key is used, and nothing else is kept of it.
	used, err := raw.Get(ctx, true, table.Key{PK: p.StoreState.(store.State).IdempotencyKey, SK: "#"})
	if err != nil || len(used.Items) != 1 || len(used.Items[0].Body) > 0 || used.Items[0].Owner != "p" ||
		!used.Items[0].Expires.Equal(p.CreatedAt.Add(24*time.Hour).Truncate(time.Second)) {
		t.Errorf(`the claim of its key: %+v, %v; want no error and len(used.Items) == 1 and len(used.Items[0].Body) == 0 and used.Items[0].Owner == "p" and used.Items[0].Expires == p.CreatedAt.Add(24 * time.Hour).Truncate(time.Second)`, used.Items, err)
	}
	for _, request := range []byte{1, 2} {
		wantError(t, fmt.Sprintf("request %d under its key", request), errorOf(s.Create(ctx, minimalIdentity("p"), newClaims("a", "b"), newIdempotency(key, request), identity.LinkChanges{})), identity.ErrNotFound)
	}
	// What it had claimed can be had again.
	mustCreate(t, s, minimalIdentity("p"), newClaims("a", "b"), identity.Idempotency{})
	wantError(t, "the key of a change", errorOf(s.Replay(ctx, "t", "p", newIdempotency("change", 1))), identity.ErrNotFound)
}

// testDelete: an identity with few parts goes in one transaction.
func testDelete(t *testing.T, s *store.Store, calls *faulttable.Counter) {
	for _, links := range []int{0, 13} { // 13 of each of three kinds and a key: the most for one transaction
		key := fmt.Sprint("k", links)
		p := createWithParts(t, s, links, key)
		for name, err := range map[string]error{
			"another tenant's": s.Delete(ctx, "other", "p", nil), "nobody": s.Delete(ctx, "t", "p9", nil),
		} {
			if !errors.Is(err, identity.ErrNotFound) {
				t.Errorf("%s: %v; want identity.ErrNotFound", name, err)
			}
		}
		only := func(tag string) func(*identity.Identity) error {
			return func(i *identity.Identity) error {
				if i.ETag() != tag {
					return identity.ErrPreconditionFailed
				}
				return nil
			}
		}
		wantError(t, "of another version", s.Delete(ctx, "t", "p", only("")), identity.ErrPreconditionFailed)
		calls.Reset()
		mustSucceed(t, s.Delete(ctx, "t", "p", only(p.ETag())))
		wantCalls(t, calls, fmt.Sprintf("a deletion with %d links of each kind", links), faulttable.Calls{Query: 1, Write: 1})
		wantGone(t, s, calls, p, links, key)
		mustSucceed(t, s.Delete(ctx, "t", "p", nil))
		for n := range links {
			for _, id := range []string{fmt.Sprintf("c%d", n), fmt.Sprintf("f%d", n)} {
				mustSucceed(t, s.Delete(ctx, "t", id, nil))
			}
		}
	}
}

func testInterruptedDelete(t *testing.T, links int, fault faulttable.Fault, raw table.Table) {
	injected := faulttable.NewInjector(raw)
	s := store.New(injected, secret)
	for n := 1; ; n++ {
		if n > 1 {
			deleteAll(t, s, links)
		}
		key := fmt.Sprint("k", n)
		p := createWithParts(t, s, links, key)
		injected.SetPlan(faulttable.FaultAt(n, fault))
		err := s.Delete(ctx, "t", "p", nil)
		interrupted := len(injected.Injected()) > 0
		injected.SetPlan(nil)
		if !interrupted {
			if err != nil || n < 3 {
				t.Fatalf("deletion of %d calls: error = %v, want none and at least 2 calls", n-1, err)
			}
			wantGone(t, s, raw, p, links, key)
			return
		}
		wantError(t, fmt.Sprint("interrupted at call ", n), err, identity.ErrUnavailable)
		var want error
		if !checkWholeOrGone(t, s, p) {
			want = identity.ErrNotFound // the interrupted call deleted it
		}
		wantError(t, fmt.Sprint("the deletion after one interrupted at call ", n), s.Delete(ctx, "t", "p", nil), want)
		wantGone(t, s, raw, p, links, key)
	}
}

// checkWholeOrGone: an identity is there as a whole or not at all.
func checkWholeOrGone(t *testing.T, s *store.Store, p identity.Identity) (there bool) {
	t.Helper()
	found, err := s.Get(ctx, "t", "p")
	listed, err2 := s.GetMany(ctx, "t", []string{"p"})
	switch {
	case err2 != nil:
		t.Error(err2)
	case errors.Is(err, identity.ErrNotFound) && len(listed) == 0:
		if _, err := s.Update(ctx, nextVersion(p, "x"), nil, identity.Idempotency{}, identity.LinkChanges{}, identity.SideWrites{}); err == nil {
			t.Error("a deleted identity was changed")
		}
		wantLookups(t, s, 0)
		return false
	case err == nil && len(listed) == 1 && found.Version == p.Version:
		wantLookups(t, s, 1)
	default:
		t.Errorf("%v, %d listed", err, len(listed))
	}
	return true
}

func wantLookups(t *testing.T, s *store.Store, want int) {
	t.Helper()
	for _, src := range []identity.Index{{Tenant: "t", Email: "a@example.com"}, {Tenant: "t", Document: "19"}} {
		if got := len(readAllEntries(t, s, src)); got != want {
			t.Errorf("%+v: %d, want %d", src, got, want)
		}
	}
}

// deleteAll removes what loaded and wantGone made.
func deleteAll(t *testing.T, s *store.Store, links int) {
	t.Helper()
	ids := []string{"p"}
	for n := range links {
		ids = append(ids, fmt.Sprintf("c%d", n), fmt.Sprintf("f%d", n))
	}
	for _, id := range ids {
		mustSucceed(t, s.Delete(ctx, "t", id, nil))
	}
}
