package registry_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"cedula/infra/testenv"
	"cedula/shared/identity"
	"cedula/shared/registry"
)

// newListedRegistry returns a registry with eight identities, created one a minute, three of which have equal creation
// numbers, and their ids in the order of creation.
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

// idsWithEqualNumbers returns sorted ids whose identities have equal creation numbers if they are created at this time.
func idsWithEqualNumbers(at time.Time, n int) []string {
	byNumber := make(map[int64][]string)
	for i := 10_000; ; i++ {
		x := identity.Identity{ID: fmt.Sprintf("e%d", i), CreatedAt: at}
		equal := append(byNumber[x.CreationNumber()], x.ID)
		if len(equal) == n {
			return equal
		}
		byNumber[x.CreationNumber()] = equal
	}
}

// listPages returns the ids of a list page by page. It calls between, if not nil, with the ids so far after each page.
func (w *testRegistry) listPages(t *testing.T, l registry.ListParams, between func(met []string)) (pages [][]string) {
	t.Helper()
	l.Tenant = "acme"
	for range 5000 {
		page := testenv.Must(w.List(ctx, l))(t)
		pages = append(pages, idsOf(page.Identities))
		if page.Next == 0 {
			return pages
		}
		if page.Next == l.After {
			t.Fatal("a page has the cursor that it was requested with, want progress")
		}
		l.After = page.Next
		if between != nil {
			between(slices.Concat(pages...))
		}
	}
	t.Fatal("the list has more pages than identities, want an end")
	return nil
}

func idsOf(list []identity.Identity) (ids []string) {
	for _, i := range list {
		ids = append(ids, i.ID)
	}
	return ids
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
	_, err := w.List(ctx, registry.ListParams{Tenant: "acme", Limit: 5, Filter: registry.Filter{GrantedTo: "absent"}})
	wantIs(t, "granted to an unknown identity", err, identity.ErrNotFound)
	page := testenv.Must(w.List(ctx, registry.ListParams{Tenant: "other", Limit: 5}))(t)
	if len(page.Identities) > 0 || page.Total != 0 {
		t.Errorf("another tenant's list = %v of %d, want none", idsOf(page.Identities), page.Total)
	}
}

// combineFilters returns a filter with the conditions of two, or false if they contradict each other.
func combineFilters(a, b registry.Filter) (registry.Filter, bool) {
	combined, more := reflect.ValueOf(&a).Elem(), reflect.ValueOf(b)
	for n := range more.NumField() {
		field, other := combined.Field(n), more.Field(n)
		if !field.IsZero() && !other.IsZero() && !field.Equal(other) {
			return a, false
		}
		if field.IsZero() {
			field.Set(other)
		}
	}
	return a, true
}

// wantAllPageSizes checks a list in both orders with pages of every size. Identities with equal numbers are on one page,
// which only then is longer than the limit.
func (w *testRegistry) wantAllPageSizes(t *testing.T, name string, f registry.Filter, want []string) {
	t.Helper()
	number := make(map[string]int64)
	for _, id := range want {
		i := w.mustGet(t, id)
		number[id] = i.CreationNumber()
	}
	for _, oldest := range []bool{true, false} {
		for limit := 1; limit <= len(want)+1; limit++ {
			what := fmt.Sprintf("%s, limit %d, oldest first: %v", name, limit, oldest)
			pages := w.listPages(t, registry.ListParams{Filter: f, OldestFirst: oldest, Limit: limit}, nil)
			if got := slices.Concat(pages...); !slices.Equal(got, want) {
				t.Errorf("%s: ids = %v, want %v", what, pages, want)
				continue
			}
			var last int64 // number of the page before
			for _, page := range pages {
				if len(page) > limit && number[page[limit-1]] != number[page[len(page)-1]] {
					t.Errorf("%s: page = %v, want at most %d with different numbers", what, page, limit)
				}
				if len(page) > 0 && number[page[0]] == last {
					t.Errorf("%s: pages = %v, want identities with equal numbers on one page", what, pages)
				}
				if len(page) > 0 {
					last = number[page[len(page)-1]]
				}
			}
		}
		slices.Reverse(want)
	}
}

func TestCursors(t *testing.T) {
	w, _ := newListedRegistry(t)
	const least, most = 1, 1<<53 - 1
	for _, f := range []registry.Filter{{}, {Email: "mail1@example.com"}, {Country: "PER"}} {
		for cursor, oldest := range map[int64]bool{least: false, most: true} {
			page := testenv.Must(w.List(ctx, registry.ListParams{Tenant: "acme", Filter: f, Limit: 100, After: cursor, OldestFirst: oldest}))(t)
			if len(page.Identities) > 0 {
				t.Errorf("%+v after %d, oldest first: %v: ids = %v, want none", f, cursor, oldest, idsOf(page.Identities))
			}
			page = testenv.Must(w.List(ctx, registry.ListParams{Tenant: "acme", Filter: f, Limit: 100, After: cursor, OldestFirst: !oldest}))(t)
			if len(page.Identities) == 0 {
				t.Errorf("%+v after %d, oldest first: %v: no ids, want all", f, cursor, !oldest)
			}
		}
	}
}

// TestFilterWithoutIndex: a page reads no more identities than MaxExamined and continues on the next page.
func TestFilterWithoutIndex(t *testing.T) {
	defer registry.SetMaxExamined(200)()
	w := newTestRegistry(t)
	for n := range 421 {
		w.now = w.now.Add(time.Millisecond)
		d := draft(identity.Profile{Country: map[bool]string{true: "PER"}[n%200 == 20]})
		d.ID = fmt.Sprintf("p%d", n)
		w.mustCreate(t, d)
	}
	for _, oldest := range []bool{true, false} {
		for country, want := range map[string][]string{"PER": {"p20", "p220", "p420"}, "CHL": nil} {
			w.store.identitiesRead.Store(0)
			pages := w.listPages(t, registry.ListParams{Filter: registry.Filter{Country: country}, Limit: 20, OldestFirst: oldest}, nil)
			if got := slices.Sorted(slices.Values(slices.Concat(pages...))); !slices.Equal(got, want) || len(pages) != 3 {
				t.Errorf("country %s: pages = %v, want %v on 3 pages", country, pages, want)
			}
			if got := w.store.identitiesRead.Load(); got > 421+2 {
				t.Errorf("country %s: %d identities read, want each once and one more for each further page", country, got)
			}
		}
	}
}

// TestPagesAreLimitedInSize: a page ends early, so that it fits in a response of 6 MB.
func TestPagesAreLimitedInSize(t *testing.T) {
	w := newTestRegistry(t)
	w.createWithID(t, "holder")
	var scopes []identity.AccessScope
	for range 16 {
		w.now = w.now.Add(time.Millisecond)
		large := draft(identity.Profile{ExternalID: "large", Metadata: identity.JSON(`"` + strings.Repeat("x", 256<<10-2) + `"`)})
		scopes = append(scopes, identity.AccessScope{Resource: identity.ResourceIdentity, Reference: w.mustCreate(t, large).ID})
	}
	w.mustUpdate(t, change("holder", func(i *identity.Identity) error { i.Grant(scopes); return nil }))
	for _, f := range []registry.Filter{{ExternalID: "large"}, {GrantedTo: "holder"}} {
		pages := w.listPages(t, registry.ListParams{Filter: f, Limit: 100}, nil)
		if len(pages) != 2 || len(pages[0]) != 12 || len(pages[1]) != 4 {
			t.Errorf("%+v: pages = %v, want 12 identities of 256 KB and then 4", f, pages)
		}
	}
}

func TestTotal(t *testing.T) {
	w, _ := newListedRegistry(t)
	want := func(what string, f registry.Filter, limit, want int, exact bool) {
		t.Helper()
		got := testenv.Must(w.List(ctx, registry.ListParams{Tenant: "acme", Filter: f, Limit: limit}))(t)
		if got.Total != want || got.TotalIsExact != exact {
			t.Errorf("%s: Total = %d, exact: %v, want %d, %v", what, got.Total, got.TotalIsExact, want, exact)
		}
	}
	want("whole tenant", registry.Filter{}, 1, 8, true)
	want("one index", registry.Filter{ExternalID: "ext"}, 1, 4, true)
	want("one index, no match", registry.Filter{ExternalID: "none"}, 1, 0, true)
	want("parent absent", registry.Filter{ParentID: "none"}, 1, 0, true)
	want("narrower, first page", registry.Filter{ExternalID: "ext", Status: identity.Blocked}, 1, 1, false)
	want("narrower, all", registry.Filter{ExternalID: "ext", Status: identity.Blocked}, 5, 2, true)
	w.createWithID(t, "late")
	want("whole tenant within a minute", registry.Filter{}, 1, 8, true)
	w.now = w.now.Add(time.Minute)
	want("whole tenant after a minute", registry.Filter{}, 1, 9, true)
}

// TestSlowListContinues: a page that runs out of time has a next page, and together they list every match.
func TestSlowListContinues(t *testing.T) {
	w := newTestRegistry(t)
	for n := range 20 {
		w.now = w.now.Add(time.Second)
		d := draft(identity.Profile{Country: map[bool]string{true: "PER"}[n%10 == 0]})
		d.ID = fmt.Sprintf("i%02d", n)
		w.mustCreate(t, d)
	}
	w.Now = func() time.Time { w.now = w.now.Add(time.Second); return w.now }
	pages := w.listPages(t, registry.ListParams{Filter: registry.Filter{Country: "PER"}, Limit: 20}, nil)
	if got := slices.Concat(pages...); !slices.Equal(got, []string{"i10", "i00"}) || len(pages) < 3 {
		t.Errorf("pages = %v, want i10 and i00 on at least 3", pages)
	}
}

// TestListDuringConcurrentWrites: each identity that lasts is listed once, although those listed before are deleted and
// others created after each page.
func TestListDuringConcurrentWrites(t *testing.T) {
	for _, f := range []registry.Filter{{}, {ExternalID: "e"}, {ExternalID: "e", Status: identity.Active}} {
		for _, oldest := range []bool{true, false} {
			w := newTestRegistry(t)
			create := func(id string) {
				w.now = w.now.Add(time.Millisecond)
				d := draft(identity.Profile{ExternalID: "e"})
				d.ID = id
				w.mustCreate(t, d)
			}
			var want []string
			for n := range 100 {
				want = append(want, fmt.Sprintf("p%d", n))
				create(want[n])
			}
			deleted, created := 0, 0
			pages := w.listPages(t, registry.ListParams{Filter: f, Limit: 7, OldestFirst: oldest}, func(met []string) {
				for ; deleted < len(met); deleted++ {
					w.mustDelete(t, met[deleted])
				}
				if created++; created < 30 {
					create(fmt.Sprintf("new%d", created))
				}
			})
			got := slices.DeleteFunc(slices.Concat(pages...), func(id string) bool { return strings.HasPrefix(id, "new") })
			if !oldest {
				slices.Reverse(got)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%+v, oldest first: %v: ids = %v, want %v", f, oldest, got, want)
			}
		}
	}
}

// endlessStore is a store whose indexes never end and whose identities are all deleted.
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

// TestListIsBounded: neither counting nor searching continues without an end.
func TestListIsBounded(t *testing.T) {
	for _, f := range []registry.Filter{{}, {Email: "a"}, {Status: identity.Active}, {Email: "a", Status: identity.Active}} {
		e := new(endlessStore)
		r := registry.Registry{Store: e, Now: time.Now}
		page := testenv.Must(r.List(ctx, registry.ListParams{Tenant: "acme", Filter: f, Limit: 100, OldestFirst: true}))(t)
		counted := map[bool]int{true: registry.MaxTotal}[f.Status == ""]
		if len(page.Identities) > 0 || page.Next != registry.MaxExamined || page.Total != counted {
			t.Errorf("%+v: %d identities of %d, next %d, want none of %d, next %d", f, len(page.Identities), page.Total, page.Next, counted, registry.MaxExamined)
		}
		if most := counted + registry.MaxExamined + 101; e.entriesRead > most {
			t.Errorf("%+v: %d entries read, want at most %d", f, e.entriesRead, most)
		}
	}
}
