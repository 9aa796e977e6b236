package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cedula/shared/identity"
	"cedula/shared/store"
	"cedula/shared/table/faulttable"
)

func childrenOf(of string) identity.Index { return identity.Index{Tenant: "t", ChildrenOf: of} }
func parentsOf(of string) identity.Index  { return identity.Index{Tenant: "t", ParentsOf: of} }

func testChildrenAndParents(t *testing.T, s *store.Store, calls *faulttable.Counter) {
	p, q := mustCreate(t, s, minimalIdentity("p"), nil, identity.Idempotency{}).Identity, mustCreate(t, s, minimalIdentity("q"), nil, identity.Idempotency{}).Identity
	a := minimalIdentity("a")
	a.CreatedAt = now.Add(time.Hour)
	a = mustCreate(t, s, a, nil, identity.Idempotency{}).Identity
	b := mustCreate(t, s, minimalIdentity("b"), nil, identity.Idempotency{}).Identity
	calls.Reset()
	p, q = addChildren(t, s, p, a, b), addChildren(t, s, q, a)
	if got := calls.Reset(); got.Write != 2 || got.Query != 0 {
		t.Errorf("calls of two changes = %+v, want 2 writes and no query", got)
	}
	wantSides := func(step string, want map[identity.Index][]identity.IndexEntry) {
		t.Helper()
		for src, list := range want {
			if diff := cmp.Diff(list, readAllEntries(t, s, src)); diff != "" {
				t.Errorf("%s: entries of %+v (-want +got):\n%s", step, src, diff)
			}
		}
	}
	pq := []identity.IndexEntry{entryOf(p), entryOf(q)}
	slices.SortFunc(pq, func(x, y identity.IndexEntry) int { return int(x.CreationNumber - y.CreationNumber) })
	linked := map[identity.Index][]identity.IndexEntry{
		childrenOf("p"): {entryOf(b), entryOf(a)}, childrenOf("q"): {entryOf(a)}, childrenOf("a"): nil,
		parentsOf("a"): pq, parentsOf("b"): {entryOf(p)}, parentsOf("p"): nil,
		{Tenant: "other", ChildrenOf: "p"}: nil,
	}
	wantSides("linked", linked)
	addChildren(t, s, q, a) // once more changes nothing but the version
	wantSides("linked again", linked)

	p = nextVersion(p, p.FirstName)
	mustSucceed(t, errorOf(s.Update(ctx, p, nil, identity.Idempotency{}, identity.LinkChanges{Remove: []identity.IndexEntry{entryOf(a), {ID: "never", CreationNumber: 1}}}, identity.SideWrites{})))
	wantSides("unlinked", map[identity.Index][]identity.IndexEntry{
		childrenOf("p"): {entryOf(b)}, childrenOf("q"): {entryOf(a)}, parentsOf("a"): {entryOf(q)}, parentsOf("b"): {entryOf(p)},
	})
	// A create links too.
	c := minimalIdentity("c")
	c.MayHaveChildren = true
	mustSucceed(t, errorOf(s.Create(ctx, c, nil, identity.Idempotency{}, identity.LinkChanges{Add: reload(t, s, []identity.Identity{a, b})})))
	wantSides("created", map[identity.Index][]identity.IndexEntry{childrenOf("c"): {entryOf(b), entryOf(a)}})
}

func testStaleChild(t *testing.T, s *store.Store, _ *faulttable.Counter) {
	p, a := mustCreate(t, s, minimalIdentity("p"), nil, identity.Idempotency{}).Identity, mustCreate(t, s, minimalIdentity("a"), nil, identity.Idempotency{}).Identity
	mustUpdate(t, s, nextVersion(a, "Changed"))
	for name, l := range map[string]identity.LinkChanges{
		"a child of an old version": {Add: []identity.Identity{a}}, "one to be checked of an old version": {Check: []identity.Identity{a}},
		"a child that does not exist": {Add: []identity.Identity{minimalIdentity("absent")}}, "one to check that does not exist": {Check: []identity.Identity{minimalIdentity("absent")}},
	} {
		wantError(t, name+": update", errorOf(s.Update(ctx, nextVersion(p, "x"), nil, newIdempotency("k", 1), l, identity.SideWrites{})), identity.ErrVersionMismatch)
		wantError(t, name+": create", errorOf(s.Create(ctx, minimalIdentity("new"), newClaims("a"), newIdempotency("k", 1), l)), identity.ErrVersionMismatch)
	}
	wantNoEntries(t, s, childrenOf("p"), childrenOf("new"), parentsOf("a"), parentsOf("absent"))
	mustCreate(t, s, minimalIdentity("new"), newClaims("a"), newIdempotency("k", 1))
}

// testEntries: whatever the source, all of its entries and no others are met, in both directions, whatever the size of
// the portions, and equal numbers too.
func testEntries(t *testing.T, s *store.Store, _ *faulttable.Counter) {
	parent := mustCreate(t, s, minimalIdentity("parent"), nil, identity.Idempotency{}).Identity
	kid := mustCreate(t, s, minimalIdentity("kid"), nil, identity.Idempotency{}).Identity
	var all []identity.Identity
	for n, id := range append(idsWithEqualNumber(3), "d1", "d2", "d3", "d4") {
		i := minimalIdentity(id)
		if n >= 3 {
			i.CreatedAt = now.Add(time.Duration(n-5) * time.Hour)
		}
		i.Email, i.Phone, i.DocumentNumber, i.ExternalID = "Ana@Example.com", "+1", "1.1-k", "e"
		all = append(all, mustCreate(t, s, i, nil, identity.Idempotency{}).Identity)
	}
	other := minimalIdentity("other")
	other.Email, other.Phone, other.DocumentNumber, other.ExternalID = "e", "ana@example.com", "+1", "11K"
	mustCreate(t, s, other, nil, identity.Idempotency{})
	foreign := all[0]
	foreign.Tenant, foreign.ID = "other", "foreign"
	mustCreate(t, s, foreign, nil, identity.Idempotency{})
	addChildren(t, s, parent, all...)
	for _, i := range all {
		addChildren(t, s, i, kid)
	}
	var want []identity.IndexEntry
	for _, i := range all {
		want = append(want, entryOf(i))
	}
	slices.SortFunc(want, identity.IndexEntry.Compare)
	whole := append([]identity.IndexEntry{entryOf(parent), entryOf(kid), entryOf(other)}, want...)
	slices.SortFunc(whole, identity.IndexEntry.Compare)

	for src, want := range map[identity.Index][]identity.IndexEntry{
		{Tenant: "t", Email: "ana@example.com"}: want, {Tenant: "t", Phone: "+1"}: want, {Tenant: "t", Document: "11K"}: want,
		{Tenant: "t", ExternalID: "e"}: want, childrenOf("parent"): want, parentsOf("kid"): want, {Tenant: "t"}: whole,
		{Tenant: "t", Email: "none"}: nil, {Tenant: "none"}: nil, childrenOf("kid"): nil, {Tenant: "other", Phone: "+1"}: {entryOf(foreign)},
	} {
		for _, descending := range []bool{false, true} {
			want := slices.Clone(want)
			if descending {
				slices.Reverse(want)
			}
			for _, limit := range []int{1, 2, 3, len(want), 1000} {
				if got := pageThrough(t, s, src, max(1, limit), descending); cmp.Diff(want, got) != "" {
					t.Errorf("entries of %+v by %d, descending %v (-want +got):\n%s", src, limit, descending, cmp.Diff(want, got))
				}
			}
			checkAfter(t, s, src, want, descending)
		}
	}
}

// pageThrough reads a source portion by portion.
func pageThrough(t *testing.T, s *store.Store, src identity.Index, limit int, descending bool) (all []identity.IndexEntry) {
	t.Helper()
	var last *identity.IndexEntry
	for range 100 {
		some, err := s.Entries(ctx, src, last, limit, descending)
		if err != nil || len(some) > limit {
			t.Fatalf("entries = %d, %v, want no error and at most the limit", len(some), err)
		}
		if all = append(all, some...); len(some) < limit {
			return all
		}
		last = &some[len(some)-1]
	}
	t.Fatal("the list has more pages than identities, want an end")
	return nil
}

// checkAfter: a page may start after an entry that is not in the source, and after every entry of a number.
func checkAfter(t *testing.T, s *store.Store, src identity.Index, all []identity.IndexEntry, descending bool) {
	t.Helper()
	for _, e := range all {
		n := e.CreationNumber
		for _, after := range []identity.IndexEntry{
			{CreationNumber: n - 1},
			{CreationNumber: n},
			{CreationNumber: n + 1},
			{ID: "-", CreationNumber: n},
			{ID: e.ID + "0", CreationNumber: n},
			{ID: "zz", CreationNumber: n},
		} {
			var want []identity.IndexEntry
			for _, x := range all {
				order := x.Compare(after)
				if after.ID == "" {
					order = int(x.CreationNumber - after.CreationNumber)
				}
				if order != 0 && (order < 0) == descending {
					want = append(want, x)
				}
			}
			got, err := s.Entries(ctx, src, &after, 1000, descending)
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("entries of %+v after %+v, descending %v: error = %v, want none (-want +got):\n%s", src, after, descending, err, diff)
			}
		}
	}
}

// idsWithEqualNumber returns ids of identities that have the same creation number if created at the same time.
func idsWithEqualNumber(n int) (ids []string) {
	byNumber := make(map[int64][]string)
	for i := 0; ; i++ {
		x := minimalIdentity(fmt.Sprintf("e%d", i))
		of := append(byNumber[x.CreationNumber()], x.ID)
		if byNumber[x.CreationNumber()] = of; len(of) == n {
			return of
		}
	}
}
