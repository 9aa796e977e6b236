package store_test

import (
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

// wantGone checks on every side that a deletion of p, which was created under a key, has left nothing.
func wantGone(t *testing.T, s *store.Store, raw table.Table, p identity.Identity, links int, key string) {
	t.Helper()
	wantError(t, "get", errorOf(s.Get(ctx, "t", "p")), identity.ErrNotFound)
	partitions := []table.Query{{PK: "T#t#I#p", Strong: true}}
	for shard := range identity.PendingIndexShards {
		partitions = append(partitions, table.Query{Index: "Q", PK: fmt.Sprintf("P#%02d", shard)})
	}
	for _, q := range partitions {
		if page, err := raw.Query(ctx, q); err != nil || len(page.Items) > 0 {
			t.Errorf("items left of %+v = %v, %v, want none", q, page.Items, err)
		}
	}
	wantNoEntries(t, s, emailOfP, identity.Index{Tenant: "t", Phone: "+56912345678"}, documentOfP, identity.Index{Tenant: "t", ExternalID: "ext"}, childrenOf("p"), parentsOf("p"))
	for n := range links {
		wantNoEntries(t, s, parentsOf(fmt.Sprintf("c%d", n)), childrenOf(fmt.Sprintf("f%d", n)))
	}
	if slices.ContainsFunc(readAllEntries(t, s, identity.Index{Tenant: "t"}), func(e identity.IndexEntry) bool { return e.ID == "p" }) {
		t.Error("the list has an entry of p, want none")
	}
	wantError(t, "second deletion", s.Delete(ctx, "t", "p", time.Now(), nil), identity.ErrNotFound)
	// The claim only says that the key was used.
	claim := table.Item{
		Key:   table.Key{PK: p.StoreState.(store.State).IdempotencyKey, SK: "#"},
		Owner: "p", Expires: p.CreatedAt.Add(24 * time.Hour).Truncate(time.Second),
	}
	used, err := raw.Get(ctx, true, claim.Key)
	wantEqual(t, []table.Item{claim}, used.Items, err)
	for _, request := range []byte{1, 2} {
		wantError(t, fmt.Sprintf("request %d under its key", request), errorOf(s.Create(ctx, minimalIdentity("p"), newClaims("a", "b"), newIdempotency(key, request), identity.LinkChanges{})), identity.ErrNotFound)
	}
	mustCreate(t, s, minimalIdentity("p"), newClaims("a", "b"), identity.Idempotency{})
	wantError(t, "replay of a change", errorOf(s.Replay(ctx, "t", "p", time.Time{}, newIdempotency("change", 1))), identity.ErrNotFound)
}

// Sources in which createWithParts's identity has an entry.
var (
	emailOfP    = identity.Index{Tenant: "t", Email: "a@example.com"}
	documentOfP = identity.Index{Tenant: "t", Document: "19"}
)

// testDelete: an identity with few parts goes in one transaction.
func testDelete(t *testing.T, s *store.Store, calls *faulttable.Counter) {
	for _, links := range []int{0, 13} { // 13 of each of three kinds and a key: the most for one transaction
		key := fmt.Sprint("k", links)
		p := createWithParts(t, s, links, key)
		wantError(t, "deletion by another tenant", s.Delete(ctx, "other", "p", time.Now(), nil), identity.ErrNotFound)
		wantError(t, "deletion of an absent identity", s.Delete(ctx, "t", "p9", time.Now(), nil), identity.ErrNotFound)
		only := func(tag string) func(*identity.Identity) error {
			return func(i *identity.Identity) error {
				if i.ETag() != tag {
					return identity.ErrPreconditionFailed
				}
				return nil
			}
		}
		wantError(t, "of another version", s.Delete(ctx, "t", "p", time.Now(), only("")), identity.ErrPreconditionFailed)
		calls.Reset()
		mustSucceed(t, s.Delete(ctx, "t", "p", time.Now(), only(p.ETag())))
		wantCalls(t, calls, fmt.Sprintf("a deletion with %d links of each kind", links), faulttable.Calls{Query: 1, Write: 1})
		wantGone(t, s, calls, p, links, key)
		deleteAll(t, s, links)
	}
}

// interruptedDelete returns a test that interrupts the deletion of an identity at every call that it makes, and then
// deletes it again.
func interruptedDelete(links int, fault faulttable.Fault) func(*testing.T, *store.Store, *faulttable.Counter) {
	return func(t *testing.T, _ *store.Store, raw *faulttable.Counter) {
		injected := faulttable.NewInjector(raw)
		s := store.New(injected, secret)
		for n := 1; ; n++ {
			if n > 1 {
				deleteAll(t, s, links)
			}
			key := fmt.Sprint("k", n)
			p := createWithParts(t, s, links, key)
			injected.SetPlan(faulttable.FaultAt(n, fault))
			err := s.Delete(ctx, "t", "p", time.Now(), nil)
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
			wantError(t, fmt.Sprint("the deletion after one interrupted at call ", n), s.Delete(ctx, "t", "p", time.Now(), nil), want)
			wantGone(t, s, raw, p, links, key)
		}
	}
}

// checkWholeOrGone checks that an identity exists as a whole or not at all, and reports which.
func checkWholeOrGone(t *testing.T, s *store.Store, p identity.Identity) (exists bool) {
	t.Helper()
	found, err := s.Get(ctx, "t", "p")
	exists = err == nil
	want := 0
	if exists {
		want = 1
		if found.Version != p.Version {
			t.Errorf("Version = %d, want %d", found.Version, p.Version)
		}
	} else {
		wantError(t, "get", err, identity.ErrNotFound)
		if _, err := s.Update(ctx, nextVersion(p, "x"), nil, identity.Idempotency{}, identity.LinkChanges{}, identity.SideWrites{}); err == nil {
			t.Error("Update of a deleted identity: error = nil, want one")
		}
	}
	listed, err := s.GetMany(ctx, "t", []string{"p"})
	counts := []int{len(listed), len(readAllEntries(t, s, emailOfP)), len(readAllEntries(t, s, documentOfP))}
	wantEqual(t, []int{want, want, want}, counts, err)
	return exists
}

// deleteAll removes what loaded and wantGone made.
func deleteAll(t *testing.T, s *store.Store, links int) {
	t.Helper()
	ids := []string{"p"}
	for n := range links {
		ids = append(ids, fmt.Sprintf("c%d", n), fmt.Sprintf("f%d", n))
	}
	for _, id := range ids {
		mustSucceed(t, s.Delete(ctx, "t", id, time.Now(), nil))
	}
}
