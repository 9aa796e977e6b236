package store_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cedula/shared/identity"
	"cedula/shared/store"
	"cedula/shared/table/faults"
)

// link makes children of an identity and returns its next version.
func link(t *testing.T, s *store.Store, parent identity.Identity, children ...identity.Identity) identity.Identity {
	t.Helper()
	for some := range slices.Chunk(children, 30) {
		some = newest(t, s, some)
		parent = next(newest(t, s, []identity.Identity{parent})[0], parent.FirstName)
		parent.Parent = true
		if _, err := s.Update(ctx, parent, nil, identity.Idempotency{}, identity.Links{Add: some}, identity.Aside{}); err != nil {
			t.Fatal(err)
		}
	}
	return parent
}

// newest reads identities again: to become a child is a change too.
func newest(t *testing.T, s *store.Store, list []identity.Identity) []identity.Identity {
	t.Helper()
	fresh := make([]identity.Identity, len(list))
	for n, i := range list {
		var err error
		if fresh[n], err = s.Get(ctx, i.Tenant, i.ID); err != nil {
			t.Fatal(err)
		}
	}
	return fresh
}

// addAccount writes an account beside the newest version of its identity.
func addAccount(s *store.Store, tenant, id string, b identity.BankAccount) error {
	i, err := s.Get(ctx, tenant, id)
	if err != nil {
		return err
	}
	i.Version++
	_, err = s.AddWithdrawal(ctx, i, b, identity.Idempotency{})
	return err
}

func entriesOf(t *testing.T, s *store.Store, src identity.Source) []identity.Entry {
	t.Helper()
	list, err := s.Entries(ctx, src, nil, 1000, false)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func children(of string) identity.Source { return identity.Source{Tenant: "t", ChildrenOf: of} }
func parents(of string) identity.Source  { return identity.Source{Tenant: "t", ParentsOf: of} }

func bothSides(t *testing.T, s *store.Store, calls *faults.Counter) {
	p, q := create(t, s, bare("p"), nil, identity.Idempotency{}).Identity, create(t, s, bare("q"), nil, identity.Idempotency{}).Identity
	a := bare("a")
	a.CreatedAt = now.Add(time.Hour)
	a = create(t, s, a, nil, identity.Idempotency{}).Identity
	b := create(t, s, bare("b"), nil, identity.Idempotency{}).Identity
	calls.Reset()
	p, q = link(t, s, p, a, b), link(t, s, q, a)
	if c := calls.Reset(); c.Write != 2 || c.Query != 0 {
		t.Errorf("two changes took %+v", c)
	}
	wantSides := func(step string, want map[identity.Source][]identity.Entry) {
		t.Helper()
		for src, list := range want {
			if diff := cmp.Diff(list, entriesOf(t, s, src)); diff != "" {
				t.Errorf("%s: %+v\n%s", step, src, diff)
			}
		}
	}
	pq := []identity.Entry{entry(p), entry(q)}
	slices.SortFunc(pq, func(x, y identity.Entry) int { return int(x.Number - y.Number) })
	linked := map[identity.Source][]identity.Entry{
		children("p"): {entry(b), entry(a)}, children("q"): {entry(a)}, children("a"): nil,
		parents("a"): pq, parents("b"): {entry(p)}, parents("p"): nil,
		{Tenant: "other", ChildrenOf: "p"}: nil,
	}
	wantSides("linked", linked)
	link(t, s, q, a) // once more changes nothing but the version
	wantSides("linked again", linked)

	p = next(p, p.FirstName)
	if _, err := s.Update(ctx, p, nil, identity.Idempotency{}, identity.Links{Remove: []identity.Entry{entry(a), {ID: "never", Number: 1}}}, identity.Aside{}); err != nil {
		t.Fatal(err)
	}
	wantSides("unlinked", map[identity.Source][]identity.Entry{
		children("p"): {entry(b)}, children("q"): {entry(a)}, parents("a"): {entry(q)}, parents("b"): {entry(p)},
	})
	// A create links too.
	c := bare("c")
	c.Parent = true
	if _, err := s.Create(ctx, c, nil, identity.Idempotency{}, identity.Links{Add: newest(t, s, []identity.Identity{a, b})}); err != nil {
		t.Fatal(err)
	}
	wantSides("created", map[identity.Source][]identity.Entry{children("c"): {entry(b), entry(a)}})
}

func childChanged(t *testing.T, s *store.Store, _ *faults.Counter) {
	p, a := create(t, s, bare("p"), nil, identity.Idempotency{}).Identity, create(t, s, bare("a"), nil, identity.Idempotency{}).Identity
	if _, err := s.Update(ctx, next(a, "Changed"), nil, identity.Idempotency{}, identity.Links{}, identity.Aside{}); err != nil {
		t.Fatal(err)
	}
	for name, l := range map[string]identity.Links{
		"a child of an old version": {Add: []identity.Identity{a}}, "one to be checked of an old version": {Check: []identity.Identity{a}},
		"a child that is nobody": {Add: []identity.Identity{bare("nobody")}}, "one to be checked that is nobody": {Check: []identity.Identity{bare("nobody")}},
	} {
		if _, err := s.Update(ctx, next(p, "x"), nil, once("k", 1), l, identity.Aside{}); !errors.Is(err, identity.ErrStale) {
			t.Errorf("%s: update: %v", name, err)
		}
		if _, err := s.Create(ctx, bare("new"), claims("a"), once("k", 1), l); !errors.Is(err, identity.ErrStale) {
			t.Errorf("%s: create: %v", name, err)
		}
	}
	for _, src := range []identity.Source{children("p"), children("new"), parents("a"), parents("nobody")} {
		if list := entriesOf(t, s, src); len(list) > 0 {
			t.Errorf("%+v: %v", src, list)
		}
	}
	create(t, s, bare("new"), claims("a"), once("k", 1))
}

// sources: whatever the source, all of its entries and no others are met, in
// both directions, whatever the size of the portions, and equal numbers too.
func sources(t *testing.T, s *store.Store, _ *faults.Counter) {
	parent := create(t, s, bare("parent"), nil, identity.Idempotency{}).Identity
	kid := create(t, s, bare("kid"), nil, identity.Idempotency{}).Identity
	var all []identity.Identity
	for n, id := range append(equalNumbers(3), "d1", "d2", "d3", "d4") {
		i := bare(id)
		if n >= 3 {
			i.CreatedAt = now.Add(time.Duration(n-5) * time.Hour)
		}
		i.Email, i.Phone, i.DocumentNumber, i.ExternalID = "Ana@Example.com", "+1", "1.1-k", "e"
		all = append(all, create(t, s, i, nil, identity.Idempotency{}).Identity)
	}
	other := bare("other")
	other.Email, other.Phone, other.DocumentNumber, other.ExternalID = "e", "ana@example.com", "+1", "11K"
	create(t, s, other, nil, identity.Idempotency{})
	foreign := all[0]
	foreign.Tenant, foreign.ID = "other", "foreign"
	create(t, s, foreign, nil, identity.Idempotency{})
	link(t, s, parent, all...)
	for _, i := range all {
		link(t, s, i, kid)
	}
	var want []identity.Entry
	for _, i := range all {
		want = append(want, entry(i))
	}
	byNumber := func(a, b identity.Entry) int {
		if a.Number != b.Number {
			return int(min(1, max(-1, a.Number-b.Number)))
		}
		return map[bool]int{true: -1, false: 1}[a.ID < b.ID]
	}
	slices.SortFunc(want, byNumber)
	whole := append([]identity.Entry{entry(parent), entry(kid), entry(other)}, want...)
	slices.SortFunc(whole, byNumber)

	for src, want := range map[identity.Source][]identity.Entry{
		{Tenant: "t", Email: "ana@example.com"}: want, {Tenant: "t", Phone: "+1"}: want, {Tenant: "t", Document: "11K"}: want,
		{Tenant: "t", ExternalID: "e"}: want, children("parent"): want, parents("kid"): want, {Tenant: "t"}: whole,
		{Tenant: "t", Email: "none"}: nil, {Tenant: "none"}: nil, children("kid"): nil, {Tenant: "other", Phone: "+1"}: {entry(foreign)},
	} {
		for _, descending := range []bool{false, true} {
			want := slices.Clone(want)
			if descending {
				slices.Reverse(want)
			}
			for _, limit := range []int{1, 2, 3, len(want), 1000} {
				if got := walk(t, s, src, max(1, limit), descending); cmp.Diff(want, got) != "" {
					t.Errorf("%+v by %d, descending %v\n%s", src, limit, descending, cmp.Diff(want, got))
				}
			}
			afterNumbers(t, s, src, want, descending)
			afterStrangers(t, s, src, want, descending)
		}
	}
}

// walk reads a source portion by portion.
func walk(t *testing.T, s *store.Store, src identity.Source, limit int, descending bool) (all []identity.Entry) {
	t.Helper()
	var last *identity.Entry
	for range 100 {
		some, err := s.Entries(ctx, src, last, limit, descending)
		if err != nil || len(some) > limit {
			t.Fatalf("%d entries: %v", len(some), err)
		}
		if all = append(all, some...); len(some) < limit {
			return all
		}
		last = &some[len(some)-1]
	}
	t.Fatal("no end")
	return nil
}

// afterNumbers: a cursor without an id stands for all of its number, also for
// one that nothing has.
func afterNumbers(t *testing.T, s *store.Store, src identity.Source, all []identity.Entry, descending bool) {
	t.Helper()
	for _, e := range all {
		for _, number := range []int64{e.Number - 1, e.Number, e.Number + 1} {
			var want []identity.Entry
			for _, x := range all {
				if x.Number != number && (x.Number > number) != descending {
					want = append(want, x)
				}
			}
			got, err := s.Entries(ctx, src, &identity.Entry{Number: number}, 1000, descending)
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%+v after %d, descending %v: %v\n%s", src, number, descending, err, diff)
			}
		}
	}
}

// afterStrangers: one may go on after an entry that is not in the source, be it
// gone or another source's.
func afterStrangers(t *testing.T, s *store.Store, src identity.Source, all []identity.Entry, descending bool) {
	t.Helper()
	for _, e := range all {
		for _, id := range []string{"-", e.ID + "0", "zz"} {
			var want []identity.Entry
			for _, x := range all {
				if c := inOrder(x, identity.Entry{ID: id, Number: e.Number}); c != 0 && (c < 0) == descending {
					want = append(want, x)
				}
			}
			got, err := s.Entries(ctx, src, &identity.Entry{ID: id, Number: e.Number}, 1000, descending)
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%+v after %s of %d, descending %v: %v\n%s", src, id, e.Number, descending, err, diff)
			}
		}
	}
}

func inOrder(a, b identity.Entry) int {
	if a.Number != b.Number {
		return map[bool]int{true: -1, false: 1}[a.Number < b.Number]
	}
	return strings.Compare(a.ID, b.ID)
}

// equalNumbers are ids whose identities have one number if created at once.
func equalNumbers(n int) (ids []string) {
	byNumber := make(map[int64][]string)
	for i := 0; ; i++ {
		x := bare(fmt.Sprintf("e%d", i))
		of := append(byNumber[x.Number()], x.ID)
		if byNumber[x.Number()] = of; len(of) == n {
			return of
		}
	}
}
