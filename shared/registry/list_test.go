package registry_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cedula/infra/testenv"
	"cedula/shared/identity"
	"cedula/shared/registry"
)

// newListedRegistry is a registry to list: eight people, one a minute, of which three have
// one creation number.
func newListedRegistry(t *testing.T) (w *testRegistry, oldest []string) {
	w = newTestRegistry(t)
	at := w.now
	ids := append(idsWithEqualNumbers(at.Add(2*time.Minute), 3), "d", "e", "f")
	ids = append([]string{"a", "b"}, ids...)
	for n, id := range ids {
		w.now = at.Add(time.Duration(min(n, 2)+max(0, n-4)) * time.Minute)
		d := draft(identity.Profile{
			Kind:  []identity.Kind{identity.Individual, identity.Organization, "alien"}[n%3],
			Email: fmt.Sprintf("Mail%d@Example.com", n%2), Phone: fmt.Sprintf("+%d", n%3), DocumentNumber: fmt.Sprintf("1.%d-k", n%4),
			ExternalID: []string{"", "ext"}[n%2], Country: []string{"CHL", "PER", ""}[n%3],
		})
		d.ID, d.Status = id, []identity.Status{identity.Active, identity.Blocked}[n/4]
		w.mustCreate(t, d)
	}
	return w, ids
}

// idsWithEqualNumbers are ids, in their order, whose identities have one number if
// created at the same time.
func idsWithEqualNumbers(at time.Time, n int) []string {
	byNumber := make(map[int64][]string)
	for i := 10_000; ; i++ {
		x := identity.Identity{ID: fmt.Sprintf("e%d", i), CreatedAt: at}
		of := append(byNumber[x.CreationNumber()], x.ID)
		if byNumber[x.CreationNumber()] = of; len(of) == n {
			return of
		}
	}
}

// listPages walks a list and returns the ids page by page.
func (w *testRegistry) listPages(t *testing.T, l registry.ListParams) (pages [][]string) {
	t.Helper()
	l.Tenant = "acme"
	for range 5000 {
		page, err := w.List(ctx, l)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, i := range page.Identities {
			ids = append(ids, i.ID)
		}
		pages = append(pages, ids)
		if page.Next == 0 {
			return pages
		}
		if page.Next == l.After {
			t.Fatal("a page has the cursor that it was requested with, want progress")
		}
		l.After = page.Next
	}
	t.Fatal("the list has more pages than identities, want an end")
	return nil
}

func TestFilters(t *testing.T) {
	w, oldest := newListedRegistry(t)
	w.mustUpdate(t, childrenUpdate("d", registry.AddChildren, "a", "b", oldest[2], oldest[3], oldest[4]))
	w.mustUpdate(t, registry.Change{Tenant: "acme", ID: "f", Apply: func(i *identity.Identity) error {
		for _, id := range []string{"e", "a", oldest[3], oldest[2], "absent", "a#b"} {
			i.Grant([]identity.AccessScope{{Resource: identity.ResourceIdentity, Reference: id}})
		}
		i.Grant([]identity.AccessScope{{Resource: "ACCOUNT", Reference: "b"}, {Resource: "OTHER", Reference: "a"}})
		return nil
	}})
	one := map[string]struct {
		filter registry.Filter
		fits   func(n int, id string) bool
	}{
		"nothing":           {registry.Filter{}, func(int, string) bool { return true }},
		"email, other case": {registry.Filter{Email: "mAIL1@example.COM"}, func(n int, _ string) bool { return n%2 == 1 }},
		"phone":             {registry.Filter{Phone: "+2"}, func(n int, _ string) bool { return n%3 == 2 }},
		"document":          {registry.Filter{DocumentNumber: "12 K"}, func(n int, _ string) bool { return n%4 == 2 }},
		"external id":       {registry.Filter{ExternalID: "ext"}, func(n int, _ string) bool { return n%2 == 1 }},
		"organizations":     {registry.Filter{Kind: identity.Organization}, func(n int, _ string) bool { return n%3 == 1 }},
		"all but them":      {registry.Filter{Kind: identity.Individual}, func(n int, _ string) bool { return n%3 != 1 }},
		"country":           {registry.Filter{Country: "PER"}, func(n int, _ string) bool { return n%3 == 1 }},
		"status":            {registry.Filter{Status: identity.Blocked}, func(n int, _ string) bool { return n >= 4 }},
		"parent":            {registry.Filter{ParentID: "d"}, func(n int, _ string) bool { return n < 5 }},
		"parent of none":    {registry.Filter{ParentID: "a"}, func(int, string) bool { return false }},
		"no parent":         {registry.Filter{ParentID: "absent"}, func(int, string) bool { return false }},
		"granted": {registry.Filter{GrantedTo: "f"}, func(_ int, id string) bool {
			return slices.Contains([]string{"e", "a", oldest[2], oldest[3]}, id)
		}},
		"granted nothing": {registry.Filter{GrantedTo: "e"}, func(int, string) bool { return false }},
	}
	for name, first := range one {
		for name2, second := range one {
			both, ok := combineFilters(first.filter, second.filter)
			if !ok {
				continue
			}
			var want []string
			for n, id := range oldest {
				if first.fits(n, id) && second.fits(n, id) {
					want = append(want, id)
				}
			}
			w.wantAllPageSizes(t, name+" and "+name2, both, want)
		}
	}
	if _, err := w.List(ctx, registry.ListParams{Tenant: "acme", Limit: 5, Filter: registry.Filter{GrantedTo: "absent"}}); !errors.Is(err, identity.ErrNotFound) {
		t.Errorf("granted to an unknown identity: %v; want identity.ErrNotFound", err)
	}
	if page, err := w.List(ctx, registry.ListParams{Tenant: "other", Limit: 5}); err != nil || len(page.Identities) > 0 || page.Total != 0 {
		t.Errorf("another tenant's list: %+v, %v; want no error and len(page.Identities) == 0 and page.Total == 0", page, err)
	}
}

// combineFilters puts two filters together, unless both are of one field.
func combineFilters(a, b registry.Filter) (registry.Filter, bool) {
	ok := true
	pick := func(dst *string, other string) {
		ok = ok && (*dst == "" || other == "" || *dst == other)
		*dst += strings.TrimPrefix(other, *dst)
	}
	kind, status := string(a.Kind), string(a.Status)
	pick(&a.Email, b.Email)
	pick(&a.Phone, b.Phone)
	pick(&a.DocumentNumber, b.DocumentNumber)
	pick(&a.ExternalID, b.ExternalID)
	pick(&kind, string(b.Kind))
	pick(&a.Country, b.Country)
	pick(&status, string(b.Status))
	pick(&a.ParentID, b.ParentID)
	pick(&a.GrantedTo, b.GrantedTo)
	a.Kind, a.Status = identity.Kind(kind), identity.Status(status)
	return a, ok
}

// wantAllPageSizes walks a list in both orders by pages of every size. No page may
// split what has one number, and only such a page may be longer than asked for.
func (w *testRegistry) wantAllPageSizes(t *testing.T, name string, f registry.Filter, want []string) {
	t.Helper()
	number := make(map[string]int64)
	for _, id := range want {
		i, err := w.Get(ctx, "acme", id)
		if err != nil {
			t.Fatal(err)
		}
		number[id] = i.CreationNumber()
	}
	for _, oldest := range []bool{true, false} {
		want := slices.Clone(want)
		if !oldest {
			slices.Reverse(want)
		}
		for limit := 1; limit <= len(want)+1; limit++ {
			pages := w.listPages(t, registry.ListParams{Filter: f, OldestFirst: oldest, Limit: limit})
			got := slices.Concat(pages...)
			if f.GrantedTo != "" { // within one number any order will do
				if !slices.IsSortedFunc(got, func(a, b string) int {
					if !oldest {
						a, b = b, a
					}
					return int(min(1, max(-1, number[a]-number[b])))
				}) {
					t.Errorf("%s, by %d, oldest first %v: out of order; want slices.IsSortedFunc(got, func(a, b string) int { if !oldest { a, b = b, a } return int(min(1, max(-1, number[a]-number[b]))) })", name, limit, oldest)
				}
				slices.Sort(got)
				want = slices.Sorted(slices.Values(want))
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s, by %d, oldest first %v: got %v, want %v", name, limit, oldest, pages, want)
			}
			for n, page := range pages {
				if len(page) > limit && number[page[limit-1]] != number[page[len(page)-1]] {
					t.Errorf("%s: a page of %d, by %d; want len(page) <= limit or number[page[limit-1]] == number[page[len(page)-1]]", name, len(page), limit)
				}
				if n > 0 && len(page) > 0 && len(pages[n-1]) > 0 && number[page[0]] == number[pages[n-1][len(pages[n-1])-1]] {
					t.Errorf("%s, by %d: one number on two pages; want ((n == 0 or len(page) == 0) or len(pages[n-1]) == 0) or number[page[0]] != number[pages[n-1][len(pages[n-1])-1]]", name, limit)
				}
			}
		}
	}
}

func TestCursors(t *testing.T) {
	w, _ := newListedRegistry(t)
	for _, cursor := range []int64{1, math.MaxInt32, 1<<53 - 1} {
		for _, f := range []registry.Filter{{}, {Email: "mail1@example.com"}, {Country: "PER"}, {GrantedTo: "a"}, {ParentID: "a"}} {
			for _, oldest := range []bool{true, false} {
				page, err := w.List(ctx, registry.ListParams{Tenant: "acme", Filter: f, Limit: 100, After: cursor, OldestFirst: oldest})
				if err != nil || len(page.Identities) > 0 && (cursor == 1<<53-1) == oldest {
					t.Errorf("after %d, %+v: %d, %v; want no error and (len(page.Identities) == 0 or (cursor == 1<<53-1) != oldest)", cursor, f, len(page.Identities), err)
				}
			}
		}
	}
}

// TestFilterWithoutIndex: a page reads no more identities than MaxExamined and
// says where to go on, and the walk finds all that fit.
func TestFilterWithoutIndex(t *testing.T) {
	defer registry.SetMaxExamined(200)()
	w := newTestRegistry(t)
	w.Random = rand.Reader
	for n := range 421 {
		w.now = w.now.Add(time.Millisecond)
		d := draft(identity.Profile{Country: map[bool]string{true: "PER"}[n%200 == 20]})
		d.ID = fmt.Sprintf("p%d", n)
		w.mustCreate(t, d)
	}
	for _, oldest := range []bool{true, false} {
		w.store.identitiesRead.Store(0)
		page, err := w.List(ctx, registry.ListParams{Tenant: "acme", Filter: registry.Filter{Country: "PER"}, Limit: 20, OldestFirst: oldest})
		if err != nil || len(page.Identities) != 1 || page.Next == 0 || w.store.identitiesRead.Load() > 201 {
			t.Errorf("%d found, next %d, %d read, %v; want no error and len(page.Identities) == 1 and page.Next != 0 and w.store.identitiesRead.Load() <= 1001", len(page.Identities), page.Next, w.store.identitiesRead.Load(), err)
		}
		pages := w.listPages(t, registry.ListParams{Filter: registry.Filter{Country: "PER"}, Limit: 20, OldestFirst: oldest})
		if got := slices.Sorted(slices.Values(slices.Concat(pages...))); !slices.Equal(got, []string{"p20", "p220", "p420"}) || len(pages) != 3 {
			t.Errorf(`got %v; want got == []string{"p100", "p1100", "p2100"} and len(pages) == 3`, pages)
		}
		if pages := w.listPages(t, registry.ListParams{Filter: registry.Filter{Country: "CHL"}, Limit: 20, OldestFirst: oldest}); len(pages) != 3 || len(slices.Concat(pages...)) > 0 {
			t.Errorf("none fits, got %v; want len(pages) == 3 and len(slices.Concat(pages...)) == 0", pages)
		}
	}
}

func TestTotal(t *testing.T) {
	w, _ := newListedRegistry(t)
	total := func(f registry.Filter, limit int) int {
		t.Helper()
		page, err := w.List(ctx, registry.ListParams{Tenant: "acme", Filter: f, Limit: limit})
		if err != nil {
			t.Fatal(err)
		}
		return page.Total
	}
	for name, tt := range map[string]struct {
		registry.Filter
		limit, want int
	}{
		"whole tenant":         {registry.Filter{}, 1, 8},
		"looked up":            {registry.Filter{ExternalID: "ext"}, 1, 4},
		"looked up, none":      {registry.Filter{ExternalID: "none"}, 1, 0},
		"narrower, first page": {registry.Filter{ExternalID: "ext", Status: identity.Blocked}, 1, 1},
		"narrower, all":        {registry.Filter{ExternalID: "ext", Status: identity.Blocked}, 5, 2},
	} {
		if got := total(tt.Filter, tt.limit); got != tt.want {
			t.Errorf("%s: total %d, want %d", name, got, tt.want)
		}
	}
	w.createWithID(t, "late")
	if got := total(registry.Filter{}, 1); got != 8 {
		t.Errorf("within the minute: %d; want got == 8", got)
	}
	w.now = w.now.Add(time.Minute)
	if got := total(registry.Filter{}, 1); got != 9 {
		t.Errorf("after a minute: %d; want got == 9", got)
	}
}

// TestListDuringConcurrentWrites: those who live throughout are met exactly once,
// whatever is created and deleted concurrently, in both orders.
func TestListDuringConcurrentWrites(t *testing.T) {
	const writers = 8
	lasting := 200
	if testenv.Has(testenv.Soak) {
		lasting = 1000
	}
	w := newTestRegistry(t)
	w.Random, w.Store, w.Now = rand.Reader, w.store.Store, time.Now
	started := time.Now()
	fleeting := make(chan string, 4*lasting)
	var want []string
	for n := range 2 * lasting {
		d := draft(identity.Profile{ExternalID: "e"})
		if d.ID = fmt.Sprintf("lasts%d", n/2); n%2 > 0 {
			d.ID = fmt.Sprintf("goes%d", n/2)
			fleeting <- d.ID
		} else {
			want = append(want, d.ID)
		}
		at := started.Add(time.Duration(n%3-n) * time.Millisecond) // some out of order
		w.Now = func() time.Time { return at }
		w.mustCreate(t, d)
	}
	slices.Sort(want)
	w.Now = time.Now
	stop := make(chan struct{})
	var group sync.WaitGroup
	for g := range writers {
		group.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				case id := <-fleeting:
					if err := w.Delete(ctx, "acme", id, nil); err != nil {
						t.Errorf("error = %v, want none", err)
					}
				}
				d := draft(identity.Profile{ExternalID: "e"})
				d.ID = fmt.Sprintf("comes%d-%d", g, n)
				if _, err := w.Create(ctx, d); err != nil {
					t.Errorf("error = %v, want none", err)
				}
				fleeting <- d.ID
			}
		})
	}
	for _, f := range []registry.Filter{{}, {ExternalID: "e"}, {ExternalID: "e", Status: identity.Active}} {
		for _, oldest := range []bool{true, false} {
			var got []string
			l := registry.ListParams{Filter: f, Limit: 7, OldestFirst: oldest}
			// The oldest first would follow the new identities without an end.
			for id := range w.listUntil(t, l, started) {
				if strings.HasPrefix(id, "lasts") {
					got = append(got, id)
				}
			}
			if slices.Sort(got); !slices.Equal(got, want) {
				t.Errorf("%+v, oldest first %v: %d met, %d different, of %d; want got == want", f, oldest, len(got), len(slices.Compact(got)), len(want))
			}
		}
	}
	close(stop)
	group.Wait()
}

// listUntil walks a list until its end, or until the identities are younger than a time.
func (w *testRegistry) listUntil(t *testing.T, l registry.ListParams, youngest time.Time) func(func(string) bool) {
	return func(yield func(string) bool) {
		l.Tenant = "acme"
		for {
			page, err := w.List(ctx, l)
			if err != nil {
				t.Errorf("error = %v, want none", err)
				return
			}
			for _, i := range page.Identities {
				if l.OldestFirst && i.CreatedAt.After(youngest.Add(time.Second)) || !yield(i.ID) {
					return
				}
			}
			if l.After = page.Next; l.After == 0 {
				return
			}
		}
	}
}

// endlessStore is a store whose sources never end and whose identities are all gone.
type endlessStore struct {
	identity.Store
	entriesRead int
}

func (e *endlessStore) Entries(_ context.Context, _ identity.Index, after *identity.IndexEntry, limit int, _ bool) ([]identity.IndexEntry, error) {
	list := make([]identity.IndexEntry, limit)
	for n := range list {
		list[n] = identity.IndexEntry{ID: "x", CreationNumber: int64(n + 1)}
		if after != nil {
			list[n].CreationNumber += after.CreationNumber
		}
	}
	e.entriesRead += limit
	return list, nil
}

func (e *endlessStore) GetMany(context.Context, string, []string) ([]identity.Identity, error) {
	return nil, nil
}

// TestListIsBounded: neither counting nor looking for what fits goes on without an end.
func TestListIsBounded(t *testing.T) {
	for _, f := range []registry.Filter{{}, {Email: "a"}, {Status: identity.Active}, {Email: "a", Status: identity.Active}} {
		e := new(endlessStore)
		s := registry.Registry{Store: e, Now: time.Now}
		page, err := s.List(ctx, registry.ListParams{Tenant: "acme", Filter: f, Limit: 100, OldestFirst: true})
		counted := map[bool]int{true: registry.MaxTotal, false: 0}[f.Status == ""]
		if err != nil || len(page.Identities) > 0 || page.Next != registry.MaxExamined || page.Total != counted || e.entriesRead > counted+registry.MaxExamined+101 {
			t.Errorf("%+v: next %d, total %d, %d entries read, %v; want no error and len(page.Identities) == 0 and page.Next == registry.MaxExamined and page.Total == counted and e.entriesRead <= counted + registry.MaxExamined + 101", f, page.Next, page.Total, e.entriesRead, err)
		}
	}
}
