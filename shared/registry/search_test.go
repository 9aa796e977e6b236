package registry_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cedula/infra/testenv"
	"cedula/shared/identity"
	"cedula/shared/registry"
)

// newSearchableRegistry returns a registry with 204 identities in the order of creation. Groups of them have equal
// creation times, some have equal creation numbers. Another tenant has as many.
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

// expectedIDs returns what a search finds, computed in a simple way: each window of identities is filtered and sorted.
func expectedIDs(oldest []identity.Identity, q registry.Query, window int) (ids []string) {
	all := slices.Clone(oldest)
	if !q.Ascending {
		slices.Reverse(all)
	}
	if q.SortBy == nil {
		window = len(all)
	}
	for examined := range slices.Chunk(all, window) {
		fit := slices.DeleteFunc(slices.Clone(examined), func(i identity.Identity) bool { return q.Match != nil && !q.Match(&i) })
		if q.SortBy != nil {
			slices.SortStableFunc(fit, func(a, b identity.Identity) int {
				if !q.Ascending {
					a, b = b, a
				}
				return cmp.Compare(q.SortBy(&a), q.SortBy(&b))
			})
		}
		ids = append(ids, idsOf(fit)...)
	}
	return ids[min(q.Cursor.Skip, len(ids)):]
}

// searchAll returns the ids on all pages of a search. It calls between, if not nil, with the ids so far after each page.
func (w *testRegistry) searchAll(t *testing.T, q registry.Query, between func(met []string)) (ids []string, pages int) {
	t.Helper()
	q.Tenant = "acme"
	for pages = 1; pages < 2000; pages++ {
		found := testenv.Must(w.Search(ctx, q))(t)
		if got := len(found.Identities); got > q.Limit {
			t.Fatalf("%d identities on a page, want at most %d", got, q.Limit)
		}
		if slices.ContainsFunc(found.Identities, func(i identity.Identity) bool { return i.Tenant != "acme" }) {
			t.Fatalf("identities = %+v, want those of acme alone", found.Identities)
		}
		ids = append(ids, idsOf(found.Identities)...)
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
	t.Fatal("the search has more pages than identities, want an end")
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
	for _, window := range []int{registry.MaxExamined, 70} {
		undo := registry.SetMaxExamined(window)
		for fit, match := range fits {
			for by, text := range sorts {
				for _, page := range []struct{ limit, skip int }{{1, 0}, {1, 69}, {40, 0}, {40, 69}, {100, 100}, {301, 0}, {301, 5000}} {
					if page.limit == 1 && text != nil && fit != "few" || by == "nothing" && fit != "all" {
						continue // slow, and shown by the others
					}
					for _, ascending := range []bool{true, false} {
						q := registry.Query{Match: match, SortBy: text, Ascending: ascending, Limit: page.limit, Cursor: registry.Cursor{Skip: page.skip}}
						got, _ := w.searchAll(t, q, nil)
						if want := expectedIDs(oldest, q, window); !slices.Equal(got, want) {
							t.Fatalf("%s by %s, ascending %v, %+v, window %d: ids =\n%v, want\n%v", fit, by, ascending, page, window, got, want)
						}
					}
				}
			}
		}
		undo()
	}
}

// TestSearchByIndex: conditions that every match fulfils only reduce what is read.
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
	never := func(*identity.Identity) bool { return false }
	firstEmail := func(i *identity.Identity) bool { return i.Email == "Mail1@Example.com" }
	tests := map[string]struct {
		registry.Query
		mostRead int // identities, for all pages together
	}{
		"in three indexes":      {registry.Query{Indexes: []identity.Index{email(1), phone(3), phone(1)}, Match: mailOrPhone}, 150},
		"in one of two indexes": {registry.Query{Indexes: []identity.Index{phone(1), phone(1), email(1)}, Match: firstEmail}, 150},
		"empty index":           {registry.Query{Indexes: []identity.Index{phone(99)}, Match: never}, 0},
		"index and time":        {registry.Query{Indexes: []identity.Index{email(1)}, CreatedFrom: at(3), CreatedUntil: at(5), Match: func(i *identity.Identity) bool { return firstEmail(i) && between(at(3), at(5))(i) }}, 30},
		"since":                 {registry.Query{CreatedFrom: at(9), Match: between(at(9), time.Time{})}, 85},
		"until":                 {registry.Query{CreatedUntil: at(2), Match: between(time.Time{}, at(2))}, 85},
		"one instant":           {registry.Query{CreatedFrom: at(4), CreatedUntil: at(4), Match: between(at(4), at(4))}, 35},
		"until before since":    {registry.Query{CreatedFrom: at(5), CreatedUntil: at(3), Match: never}, 0},
		"since long ago":        {registry.Query{CreatedFrom: time.Date(1, 1, 1, 0, 0, 0, 1, time.UTC)}, 900},
		"until long ago":        {registry.Query{CreatedUntil: time.Date(1, 1, 1, 0, 0, 0, 1, time.UTC), Match: never}, 0},
		"since far ahead":       {registry.Query{CreatedFrom: time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC), Match: never}, 0},
		"until far ahead":       {registry.Query{CreatedUntil: time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)}, 900},
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
						t.Errorf("%s, ascending %v, limit %d: ids =\n%v, want\n%v", name, ascending, limit, got, want)
					}
					if read := w.store.identitiesRead.Load(); sort == nil && limit == 400 && read > int64(tt.mostRead) {
						t.Errorf("%s: %d identities read for %d pages, want at most %d", name, read, pages, tt.mostRead)
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
		t.Errorf("no ids: got %v, want none", got)
	}
	many := idsOf(oldest)
	if got, _ := w.searchAll(t, registry.Query{IDs: many, Ascending: true, Limit: 50}, nil); !slices.Equal(got, many) {
		t.Errorf("all ids: got %v, want %v", got, many)
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
		"all":           {registry.Query{}, len(oldest)},
		"half":          {registry.Query{Match: half}, perus},
		"none":          {registry.Query{Match: func(*identity.Identity) bool { return false }}, 0},
		"index":         {registry.Query{Indexes: mail}, mails},
		"index, sorted": {registry.Query{Indexes: mail, SortBy: firstName}, mails},
		"half, sorted":  {registry.Query{Match: half, SortBy: firstName}, perus},
		"all, sorted":   {registry.Query{SortBy: firstName}, len(oldest)},
	} {
		for _, limit := range []int{1, 40, 400} {
			for _, skip := range []int{0, 30, 5000} {
				q := tt.Query
				q.Tenant, q.Limit, q.CountTotal, q.Cursor.Skip = "acme", limit, true, skip
				for page := range 3 {
					found, err := w.Search(ctx, q)
					if err != nil || found.Total != tt.want {
						t.Errorf("%s, limit %d, skip %d, page %d: Total = %d, %v, want %d", name, limit, skip, page, found.Total, err, tt.want)
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
	found := testenv.Must(w.Search(ctx, registry.Query{Tenant: "acme", Limit: 1, CountTotal: true}))(t)
	if got := found.Total; got != len(oldest)+1 {
		t.Errorf("with one more: Total = %d, want %d", got, len(oldest)+1)
	}
	defer registry.SetMaxExamined(70)()
	found = testenv.Must(w.Search(ctx, registry.Query{Tenant: "acme", Limit: 5, CountTotal: true, Match: half}))(t)
	if total := found.Total; total < 30 || total > 40 || len(found.Identities) != 5 {
		t.Errorf("half of 70 examined: %d identities of %d, want 5 of 30 to 40", len(found.Identities), total)
	}
}

// TestTotalIsAtLeastTheNumberShown: also if there are more identities than one search examines.
func TestTotalIsAtLeastTheNumberShown(t *testing.T) {
	w, oldest := newSearchableRegistry(t)
	defer registry.SetMaxExamined(20)()
	first := func(i *identity.Identity) bool { return i.CreationNumber() <= oldest[2].CreationNumber() }
	for name, q := range map[string]registry.Query{
		"three": {Match: first}, "three, sorted": {Match: first, SortBy: firstName}, "one skipped": {Match: first, Cursor: registry.Cursor{Skip: 1}},
		"all": {Match: func(*identity.Identity) bool { return true }}, "all, sorted": {SortBy: firstName},
	} {
		for _, limit := range []int{1, 2, 15, 100} {
			q.Tenant, q.Limit, q.CountTotal = "acme", limit, true
			shown := q.Cursor.Skip
			for next := &q.Cursor; next != nil; {
				page := q
				page.Cursor = *next
				found := testenv.Must(w.Search(ctx, page))(t)
				next = found.Next
				shown += len(found.Identities)
				if len(found.Identities) > 0 && found.Total < shown {
					t.Errorf("%s, limit %d: Total = %d, want at least the %d shown or skipped", name, limit, found.Total, shown)
				}
				if next == nil && shown > 50 && found.Total != shown || found.Total > len(oldest) {
					t.Errorf("%s, limit %d: Total = %d of %d at the end, want %d", name, limit, found.Total, len(oldest), shown)
				}
			}
		}
	}
}

// TestSearchDuringConcurrentWrites: each identity that lasts is found once, although those found before are deleted and
// others created after each page.
func TestSearchDuringConcurrentWrites(t *testing.T) {
	for _, tt := range []struct {
		sort      func(*identity.Identity) string
		ascending bool
		window    int
	}{
		{nil, true, registry.MaxExamined},
		{nil, false, registry.MaxExamined},
		{firstName, true, registry.MaxExamined},
		{firstName, false, registry.MaxExamined},
		{firstName, true, 70},
		{firstName, false, 70},
	} {
		w, oldest := newSearchableRegistry(t)
		undo := registry.SetMaxExamined(tt.window)
		q := registry.Query{SortBy: tt.sort, Ascending: tt.ascending, Limit: 15}
		want := slices.Sorted(slices.Values(expectedIDs(oldest, q, tt.window)))
		deleted, created := 0, 0
		got, _ := w.searchAll(t, q, func(met []string) {
			for ; deleted < len(met); deleted++ {
				w.mustDelete(t, met[deleted])
			}
			if created++; created < 60 {
				w.now = w.now.Add(time.Millisecond)
				w.createWithID(t, fmt.Sprintf("new%d", created))
			}
		})
		got = slices.DeleteFunc(got, func(id string) bool { return strings.HasPrefix(id, "new") })
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("sorted: %v, ascending: %v, window %d: ids =\n%v, want\n%v", tt.sort != nil, tt.ascending, tt.window, got, want)
		}
		undo()
	}
}

// staleIndexStore is a store whose index still contains an entry of an identity that was deleted and created again.
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
		got, _ := w.searchAll(t, registry.Query{Limit: 50, SortBy: sort}, nil)
		if want := []string{"c", "b", "a"}; !slices.Equal(got, want) {
			t.Errorf("ids = %v, want %v", got, want)
		}
	}
}

// TestSearchIsBounded: a search of an endless index ends after a number of entries and after a time, with a cursor.
func TestSearchIsBounded(t *testing.T) {
	match := func(*identity.Identity) bool { return true }
	for name, q := range map[string]registry.Query{
		"filtered": {Match: match}, "sorted": {SortBy: firstName}, "counted": {Match: match, CountTotal: true}, "all": {}, "all counted": {CountTotal: true},
	} {
		q.Tenant, q.Limit, q.Ascending = "acme", 20, true
		e := new(endlessStore)
		search := func(now func() time.Time) int64 {
			found := testenv.Must((&registry.Registry{Store: e, Now: now}).Search(ctx, q))(t)
			if found.Next == nil {
				t.Fatalf("%s: no cursor, want one", name)
			}
			return found.Next.After.CreationNumber
		}
		if got := search(time.Now); got != registry.MaxExamined || e.entriesRead > 2*registry.MaxExamined+100 {
			t.Errorf("%s: continues after %d with %d entries read, want %d and about as many", name, got, e.entriesRead, registry.MaxExamined)
		}
		calls := noon
		got := search(func() time.Time { calls = calls.Add(time.Second); return calls })
		if got == 0 || got > 500 {
			t.Errorf("%s: continues after %d if each call takes a second, want 1 to 500", name, got)
		}
	}
}

// TestTimeIsCheckedAtEachIdentity: a condition that takes a second for each identity ends the page within the limit of four
// seconds, and the next page continues there. A request whose context ends is an error.
func TestTimeIsCheckedAtEachIdentity(t *testing.T) {
	w := newTestRegistry(t)
	for n := range 20 {
		w.createWithID(t, fmt.Sprintf("i%02d", n))
	}
	matched := 0
	slow := func(*identity.Identity) bool {
		w.now = w.now.Add(time.Second)
		matched++
		return false
	}
	q := registry.Query{Tenant: "acme", Limit: 10, Match: slow}
	page := testenv.Must(w.Search(ctx, q))(t)
	if matched > 5 || page.Next == nil {
		t.Fatalf("%d identities examined, next page %v, want at most 5 and a next page", matched, page.Next)
	}
	q.Cursor = *page.Next
	testenv.Must(w.Search(ctx, q))(t)
	if matched > 10 || matched < 7 {
		t.Errorf("%d identities examined in two pages, want 7 to 10", matched)
	}
	ended, cancel := context.WithCancel(ctx)
	q.Match = func(*identity.Identity) bool { cancel(); return false }
	_, err := w.Search(ended, registry.Query{Tenant: "acme", Limit: 10, Match: q.Match})
	wantIs(t, "a request whose context ended", err, identity.ErrUnavailable)
}
