package registry_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cedula/shared/identity"
	"cedula/shared/registry"
)

// newSearchableRegistry is a registry to search: some two hundred people, of whom many
// have one creation time and some one creation number, in the order of their
// creation. Another tenant has as many.
func newSearchableRegistry(t *testing.T) (w *testRegistry, oldest []identity.Identity) {
	t.Helper()
	w = newTestRegistry(t)
	start, equal := w.now, idsWithEqualNumbers(w.now, 36)
	for group := range 12 {
		w.now = start.Add(time.Duration(group) * time.Millisecond)
		ids := slices.Clone(equal[3*group : 3*group+3])
		for n := range 14 {
			ids = append(ids, fmt.Sprintf("p%d-%d", group, n))
		}
		for n, id := range ids {
			d := draft(identity.Profile{
				FirstName: []string{"Zoe", "ana", "Ana", "", "Ñandú"}[(n*7+group)%5], Country: []string{"CHL", "PER"}[n%2],
				Email: fmt.Sprintf("Mail%d@Example.com", n%4), Phone: fmt.Sprintf("+%d", n%6),
			})
			d.ID = id
			oldest = append(oldest, w.mustCreate(t, d).Identity)
			d.Tenant = "other"
			w.mustCreate(t, d)
		}
	}
	slices.SortFunc(oldest, byCreation)
	return w, oldest
}

func byCreation(a, b identity.Identity) int {
	return cmp.Or(cmp.Compare(a.CreationNumber(), b.CreationNumber()), cmp.Compare(a.ID, b.ID))
}

func firstName(i *identity.Identity) string { return i.FirstName }

// expectedIDs is what a search finds, page sizes aside, by the simplest means: of
// each so many that are examined together, those that fit, sorted.
func expectedIDs(oldest []identity.Identity, q registry.Query, together int) (ids []string) {
	all := slices.Clone(oldest)
	if !q.Ascending {
		slices.Reverse(all)
	}
	if q.SortBy == nil {
		together = len(all)
	}
	for examined := range slices.Chunk(all, together) {
		fit := slices.DeleteFunc(slices.Clone(examined), func(i identity.Identity) bool { return q.Match != nil && !q.Match(&i) })
		if q.SortBy != nil {
			slices.SortStableFunc(fit, func(a, b identity.Identity) int {
				if !q.Ascending {
					a, b = b, a
				}
				return cmp.Compare(q.SortBy(&a), q.SortBy(&b))
			})
		}
		for _, i := range fit {
			ids = append(ids, i.ID)
		}
	}
	return ids[min(q.Cursor.Skip, len(ids)):]
}

// searchAll follows a search to its end.
func (w *testRegistry) searchAll(t *testing.T, q registry.Query, between func(met []string)) (ids []string, pages int) {
	t.Helper()
	q.Tenant = "acme"
	for pages = 1; pages < 2000; pages++ {
		found, err := w.Search(ctx, q)
		if err != nil || len(found.Identities) > q.Limit {
			t.Fatalf("%d found, %v; want no error and len(found.Identities) <= q.Limit", len(found.Identities), err)
		}
		for _, i := range found.Identities {
			if i.Tenant != "acme" {
				t.Fatalf(`an identity of %s; want i.Tenant == "acme"`, i.Tenant)
			}
			ids = append(ids, i.ID)
		}
		if found.Next == nil {
			return ids, pages
		}
		if *found.Next == q.Cursor {
			t.Fatal("a page has the cursor that it was requested with, want progress")
		}
		q.Cursor = *found.Next
		if between != nil {
			between(ids)
		}
	}
	t.Fatal("the list has more pages than identities, want an end")
	return nil, 0
}

func TestSearchFindsEachOnce(t *testing.T) {
	w, oldest := newSearchableRegistry(t)
	fits := map[string]func(*identity.Identity) bool{
		"all":  nil,
		"half": func(i *identity.Identity) bool { return i.Country == "PER" },
		"few":  func(i *identity.Identity) bool { return strings.HasPrefix(i.ID, "p3-1") },
		"none": func(*identity.Identity) bool { return false },
	}
	sorts := map[string]func(*identity.Identity) string{"creation": nil, "first name": firstName, "nothing": func(*identity.Identity) string { return "" }}
	for _, together := range []int{registry.MaxExamined, 70} {
		undo := registry.SetMaxExamined(together)
		for fit, test := range fits {
			for by, text := range sorts {
				for _, ascending := range []bool{true, false} {
					for _, limit := range []int{1, 40, 100, 301} {
						for _, skip := range []int{0, 69, 100, 5000} {
							if limit < 100 && skip > 69 || limit == 1 && text != nil && fit != "few" || by == "nothing" && fit != "all" {
								continue // the same again, slowly
							}
							q := registry.Query{Match: test, SortBy: text, Ascending: ascending, Limit: limit, Cursor: registry.Cursor{Skip: skip}}
							got, _ := w.searchAll(t, q, nil)
							if want := expectedIDs(oldest, q, together); !slices.Equal(got, want) {
								t.Fatalf("%s by %s, ascending %v, limit %d, skip %d, %d together:\ngot  %v\nwant %v", fit, by, ascending, limit, skip, together, got, want)
							}
						}
					}
				}
			}
		}
		undo()
	}
}

// TestSearchByIndex: what is known beforehand only saves reading.
func TestSearchByIndex(t *testing.T) {
	w, oldest := newSearchableRegistry(t)
	email := func(n int) identity.Index {
		return identity.Index{Tenant: "acme", Email: fmt.Sprintf("mail%d@example.com", n)}
	}
	phone := func(n int) identity.Index { return identity.Index{Tenant: "acme", Phone: fmt.Sprintf("+%d", n)} }
	at := func(group int) time.Time { return oldest[0].CreatedAt.Add(time.Duration(group) * time.Millisecond) }
	mailOrPhone := func(i *identity.Identity) bool {
		return i.Email == "Mail1@Example.com" || i.Phone == "+3" || i.Phone == "+1"
	}
	between := func(since, until time.Time) func(*identity.Identity) bool {
		return func(i *identity.Identity) bool {
			return (since.IsZero() || !i.CreatedAt.Before(since)) && (until.IsZero() || !i.CreatedAt.After(until))
		}
	}
	tests := map[string]struct {
		registry.Query
		read int // at most so many identities for all pages together
	}{
		"in two sources":          {registry.Query{Indexes: []identity.Index{email(1), phone(3), phone(1)}, Match: mailOrPhone}, 150},
		"in two sources, a third": {registry.Query{Indexes: []identity.Index{phone(1), phone(1), email(1)}, Match: func(i *identity.Identity) bool { return i.Email == "Mail1@Example.com" }}, 150},
		"empty source":            {registry.Query{Indexes: []identity.Index{phone(99)}, Match: func(i *identity.Identity) bool { return i.Phone == "+99" }}, 0},
		"source and time":         {registry.Query{Indexes: []identity.Index{email(1)}, CreatedFrom: at(3), CreatedUntil: at(5), Match: func(i *identity.Identity) bool { return i.Email == "Mail1@Example.com" && between(at(3), at(5))(i) }}, 30},
		"since":                   {registry.Query{CreatedFrom: at(9), Match: between(at(9), time.Time{})}, 85},
		"until":                   {registry.Query{CreatedUntil: at(2), Match: between(time.Time{}, at(2))}, 85},
		"one instant":             {registry.Query{CreatedFrom: at(4), CreatedUntil: at(4), Match: between(at(4), at(4))}, 35},
		"until before since":      {registry.Query{CreatedFrom: at(5), CreatedUntil: at(3), Match: func(*identity.Identity) bool { return false }}, 0},
		"since long ago":          {registry.Query{CreatedFrom: time.Date(1, 1, 1, 0, 0, 0, 1, time.UTC)}, 900},
		"until long ago":          {registry.Query{CreatedUntil: time.Date(1, 1, 1, 0, 0, 0, 1, time.UTC), Match: func(*identity.Identity) bool { return false }}, 0},
		"since far ahead":         {registry.Query{CreatedFrom: time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC), Match: func(*identity.Identity) bool { return false }}, 0},
		"until far ahead":         {registry.Query{CreatedUntil: time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)}, 900},
	}
	for name, tt := range tests {
		for _, sort := range []func(*identity.Identity) string{nil, firstName} {
			for _, ascending := range []bool{true, false} {
				for _, limit := range []int{3, 400} {
					q := tt.Query
					q.SortBy, q.Ascending, q.Limit = sort, ascending, limit
					w.store.identitiesRead.Store(0)
					got, pages := w.searchAll(t, q, nil)
					if want := expectedIDs(oldest, q, 10_000); !slices.Equal(got, want) {
						t.Errorf("%s, ascending %v, limit %d:\ngot  %v\nwant %v", name, ascending, limit, got, want)
					}
					if sort == nil && limit == 400 && w.store.identitiesRead.Load() > int64(tt.read) {
						t.Errorf("%s: %d read in %d pages, want at most %d", name, w.store.identitiesRead.Load(), pages, tt.read)
					}
				}
			}
		}
	}
}

func TestSearchByID(t *testing.T) {
	w, oldest := newSearchableRegistry(t)
	w.createWithID(t, "alone")
	given := []string{oldest[200].ID, "absent", "a#b", "", "\xff", strings.Repeat("x", 65), oldest[3].ID, oldest[200].ID, oldest[0].ID, oldest[1].ID}
	in := func(i *identity.Identity) bool { return slices.Contains(given, i.ID) }
	for _, ascending := range []bool{true, false} {
		for _, limit := range []int{1, 2, 3, 4, 100} {
			for _, sort := range []func(*identity.Identity) string{nil, firstName} {
				q := registry.Query{IDs: given, Match: in, Ascending: ascending, Limit: limit, SortBy: sort}
				got, _ := w.searchAll(t, q, nil)
				if want := expectedIDs(oldest, q, 10_000); len(want) != 4 || !slices.Equal(got, want) {
					t.Errorf("ascending %v, limit %d: got %v, want %v", ascending, limit, got, want)
				}
			}
		}
	}
	if got, _ := w.searchAll(t, registry.Query{IDs: []string{}, Limit: 5}, nil); len(got) > 0 {
		t.Errorf("no ids: got %v; want len(got) == 0", got)
	}
	many := make([]string, 0, len(oldest))
	for _, i := range oldest {
		many = append(many, i.ID)
	}
	if got, _ := w.searchAll(t, registry.Query{IDs: many, Ascending: true, Limit: 50}, nil); !slices.Equal(got, many) {
		t.Errorf("all ids: got %v; want got == many", got)
	}
}

func TestSearchCounts(t *testing.T) {
	w, oldest := newSearchableRegistry(t)
	half := func(i *identity.Identity) bool { return i.Country == "PER" }
	mail := []identity.Index{{Tenant: "acme", Email: "mail1@example.com"}}
	var perus, mails int
	for _, i := range oldest {
		perus += map[bool]int{true: 1}[half(&i)]
		mails += map[bool]int{true: 1}[i.Email == "Mail1@Example.com"]
	}
	for name, tt := range map[string]struct {
		registry.Query
		want int
	}{
		"all":            {registry.Query{}, len(oldest)},
		"half":           {registry.Query{Match: half}, perus},
		"none":           {registry.Query{Match: func(*identity.Identity) bool { return false }}, 0},
		"source":         {registry.Query{Indexes: mail}, mails},
		"source, sorted": {registry.Query{Indexes: mail, SortBy: firstName}, mails},
		"half, sorted":   {registry.Query{Match: half, SortBy: firstName}, perus},
		"all, sorted":    {registry.Query{SortBy: firstName}, len(oldest)},
	} {
		for _, limit := range []int{1, 40, 400} {
			for _, skip := range []int{0, 30, 5000} {
				q := tt.Query
				q.Tenant, q.Limit, q.CountTotal, q.Cursor.Skip = "acme", limit, true, skip
				for page := range 3 {
					found, err := w.Search(ctx, q)
					if err != nil || found.Total != tt.want {
						t.Errorf("%s, limit %d, skip %d, page %d: total %d, want %d, %v", name, limit, skip, page, found.Total, tt.want, err)
					}
					if found.Next == nil {
						break
					}
					q.Cursor = *found.Next
				}
			}
		}
	}
	w.createWithID(t, "late")
	if found, err := w.Search(ctx, registry.Query{Tenant: "acme", Limit: 1, CountTotal: true}); err != nil || found.Total != len(oldest)+1 {
		t.Errorf("after one more: total %d, want %d, %v", found.Total, len(oldest)+1, err)
	}
	defer registry.SetMaxExamined(70)()
	if found, err := w.Search(ctx, registry.Query{Tenant: "acme", Limit: 5, CountTotal: true, Match: half}); err != nil || found.Total < 30 || found.Total > 40 || len(found.Identities) != 5 {
		t.Errorf("of 70: total %d, %d found, %v; want no error and found.Total >= 30 and found.Total <= 40 and len(found.Identities) == 5", found.Total, len(found.Identities), err)
	}
}

// TestTotalIsAtLeastTheNumberShown: also where there are more to examine than one
// search does.
func TestTotalIsAtLeastTheNumberShown(t *testing.T) {
	w, oldest := newSearchableRegistry(t)
	defer registry.SetMaxExamined(20)()
	first := func(i *identity.Identity) bool { return i.CreationNumber() <= oldest[2].CreationNumber() }
	for name, q := range map[string]registry.Query{
		"test": {Match: first}, "sorted": {Match: first, SortBy: firstName}, "skipped": {Match: first, Cursor: registry.Cursor{Skip: 1}},
		"all": {Match: func(*identity.Identity) bool { return true }}, "all, sorted": {SortBy: firstName},
	} {
		for _, limit := range []int{1, 2, 15, 100} {
			q := q
			q.Tenant, q.Limit, q.CountTotal = "acme", limit, true
			seen := q.Cursor.Skip
			for {
				found, err := w.Search(ctx, q)
				if err != nil {
					t.Fatal(err)
				}
				if seen += len(found.Identities); len(found.Identities) > 0 && found.Total < seen {
					t.Errorf("%s, limit %d: total %d when %d were shown or left out; want len(found.Identities) == 0 or found.Total >= seen", name, limit, found.Total, seen)
				}
				if found.Next == nil {
					if seen > 50 && found.Total != seen || found.Total > len(oldest) {
						t.Errorf("%s, limit %d: total %d at the end, of %d; want (seen <= 50 or found.Total == seen) and found.Total <= len(oldest)", name, limit, found.Total, seen)
					}
					break
				}
				q.Cursor = *found.Next
			}
		}
	}
}

// TestSearchDuringConcurrentWrites: a walk that deletes what it has met and meets
// newcomers still meets each of those that stay once.
func TestSearchDuringConcurrentWrites(t *testing.T) {
	for _, sort := range []func(*identity.Identity) string{nil, firstName} {
		for _, ascending := range []bool{true, false} {
			for _, together := range []int{registry.MaxExamined, 70} {
				if sort == nil && together == 70 {
					continue // where nothing is sorted, nothing is taken together
				}
				w, oldest := newSearchableRegistry(t)
				undo := registry.SetMaxExamined(together)
				q := registry.Query{SortBy: sort, Ascending: ascending, Limit: 15}
				want := expectedIDs(oldest, q, together)
				gone, come := 0, 0
				got, _ := w.searchAll(t, q, func(met []string) {
					for ; gone < len(met); gone++ {
						w.mustDelete(t, met[gone])
					}
					if come++; come < 60 {
						w.now = w.now.Add(time.Millisecond)
						w.createWithID(t, fmt.Sprintf("new%d", come))
					}
				})
				got = slices.DeleteFunc(got, func(id string) bool { return strings.HasPrefix(id, "new") })
				if slices.Sort(got); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
					t.Errorf("sorted %v, ascending %v, %d together: %d met, %d different, of %d; want got == slices.Sorted(slices.Values(want))", sort != nil, ascending, together, len(got), len(slices.Compact(got)), len(want))
				}
				undo()
			}
		}
	}
}

// staleIndexStore is a store whose index still holds an entry of an identity that was
// deleted and created again.
type staleIndexStore struct{ identity.Store }

func (s staleIndexStore) Entries(ctx context.Context, src identity.Index, after *identity.IndexEntry, limit int, descending bool) ([]identity.IndexEntry, error) {
	list, err := s.Store.Entries(ctx, src, after, limit-1, descending)
	if err == nil && len(list) > 0 {
		list = append(list, identity.IndexEntry{ID: list[0].ID, CreationNumber: list[len(list)-1].CreationNumber - 1})
	}
	return list, err
}

func TestSearchOverAStaleIndex(t *testing.T) {
	w := newTestRegistry(t)
	for _, id := range []string{"a", "b", "c"} {
		w.now = w.now.Add(time.Millisecond)
		w.createWithID(t, id)
	}
	w.Store = staleIndexStore{w.store}
	for _, sort := range []func(*identity.Identity) string{nil, firstName} {
		found, err := w.Search(ctx, registry.Query{Tenant: "acme", Limit: 50, SortBy: sort})
		if err != nil || len(found.Identities) != 3 || found.Identities[0].ID != "c" {
			t.Errorf(`%+v, %v; want no error and len(found.Identities) == 3 and found.Identities[0].ID == "c"`, found, err)
		}
	}
}

// TestSearchIsBounded: a search over what never ends stops, by number and by
// time, and says where to go on.
func TestSearchIsBounded(t *testing.T) {
	fits := func(*identity.Identity) bool { return true }
	for name, q := range map[string]registry.Query{
		"test": {Match: fits}, "sorted": {SortBy: firstName}, "counted": {Match: fits, CountTotal: true}, "all": {}, "all counted": {CountTotal: true},
	} {
		q.Tenant, q.Limit, q.Ascending = "acme", 20, true
		e := new(endlessStore)
		s := registry.Registry{Store: e, Now: time.Now}
		found, err := s.Search(ctx, q)
		if err != nil || found.Next == nil || found.Next.After.CreationNumber != registry.MaxExamined || e.entriesRead > 2*registry.MaxExamined+100 {
			t.Errorf("%s: %+v, %d entries read, %v; want no error and found.Next != nil and found.Next.After.CreationNumber == registry.MaxExamined and e.entriesRead <= 2*registry.MaxExamined + 100", name, found.Next, e.entriesRead, err)
		}
		var calls time.Duration
		s = registry.Registry{Store: new(endlessStore), Now: func() time.Time { calls += time.Second; return noon.Add(calls) }}
		if found, err = s.Search(ctx, q); err != nil || found.Next == nil || found.Next.After.CreationNumber == 0 || found.Next.After.CreationNumber > 500 {
			t.Errorf("%s, a second a call: %+v, %v; want no error and found.Next != nil and found.Next.After.CreationNumber != 0 and found.Next.After.CreationNumber <= 500", name, found.Next, err)
		}
	}
}
