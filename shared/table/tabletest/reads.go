package tabletest

import (
	"context"
	"fmt"
	"slices"

	"cedula/shared/table"
)

var getCases = []testCase{
	{"get of 100 keys returns the items in the order of the keys, without the absent ones", func(s fixture) {
		items := numberedItems(table.MaxGetItems)
		stored := append([]table.Item{item("q", "000")}, items[10:]...)
		s.mustPut(stored...)
		items[0] = stored[0]
		s.wantItems(keysOf(reversed(items)), reversed(stored)...)
	}},
	{"get of more than one response holds", func(s fixture) {
		items := itemsOfSize(table.MaxItemBytes, numberedItems(50)...)
		s.mustPut(items...)
		s.wantEqual("sort keys", sortKeys(s.mustGet(keysOf(items)...)), sortKeys(items))
	}},
	{"an eventual read returns the item", func(s fixture) {
		s.mustPut(item("p", "s"))
		got, err := s.table.Get(context.Background(), false, key("p", "s"))
		s.wantError("Get", err, nil)
		s.wantEqual("items", got.Items, []table.Item{item("p", "s")})
	}},
}

var sampleSortKeys = []string{"a", "ab", "b", "b\u0000", "ba", "bb", "c"}

var queryCases = []testCase{
	queryReturns("a whole partition", table.Query{PK: "p"}, sampleSortKeys...),
	queryReturns("a partition that does not exist", table.Query{PK: "none"}),
	queryReturns("from a key on, itself included", table.Query{PK: "p", From: "b"}, "b", "b\u0000", "ba", "bb", "c"),
	queryReturns("from between two keys on", table.Query{PK: "p", From: "aa"}, "ab", "b", "b\u0000", "ba", "bb", "c"),
	queryReturns("up to a key, itself included", table.Query{PK: "p", To: "b"}, "a", "ab", "b"),
	queryReturns("between two keys, both included", table.Query{PK: "p", From: "ab", To: "ba"}, "ab", "b", "b\u0000", "ba"),
	queryReturns("exactly one key", table.Query{PK: "p", From: "b", To: "b"}, "b"),
	queryReturns("everything that begins with a prefix", table.Query{PK: "p", From: "b", To: "b\U0010ffff"}, "b", "b\u0000", "ba", "bb"),
	queryReturns("nothing between two neighbours", table.Query{PK: "p", From: "bba", To: "bz"}),
	{"query: order is that of UTF-8 bytes", func(s fixture) {
		// U+FF5E is greater than U+1F600 in UTF-16, not in UTF-8.
		want := []string{"\u0001", "A", "Z", "a", "z", "\u007f", "é", "漢", "\uff5e", "\U0001f600"}
		for _, n := range []int{9, 3, 7, 0, 5, 1, 8, 2, 6, 4} {
			s.mustPut(item("p", want[n]))
		}
		s.wantSortKeys(table.Query{PK: "p"}, want...)
		s.wantSortKeys(table.Query{PK: "p", Descending: true}, reversed(want)...)
	}},
	{"query: a limit ends the page, at a key that may be deleted", func(s fixture) {
		s.mustPut(numberedItems(5)...)
		page := s.mustQuery(table.Query{PK: "p", Limit: 2})
		s.wantEqual("items", page.Items, numberedItems(2))
		s.wantEqual("next", page.Next, &table.Position{Key: key("p", "001")})
		s.mustWrite(table.Delete(page.Next.Key, table.Exists()))
		s.wantSortKeys(table.Query{PK: "p", Start: page.Next}, "002", "003", "004")
	}},
	{"query: the last page has no next", func(s fixture) {
		s.mustPut(numberedItems(3)...)
		for pk, want := range map[string][]table.Item{"p": numberedItems(3), "none": nil} {
			page := s.mustQuery(table.Query{PK: pk, Limit: 4})
			s.wantEqual("items", page.Items, want)
			s.wantEqual("next", page.Next, (*table.Position)(nil))
		}
	}},
	{"query: a page ends after 1 MB", func(s fixture) {
		items := itemsOfSize(100_000, numberedItems(25)...)
		s.mustPut(items...)
		page := s.mustQuery(table.Query{PK: "p"})
		if n := len(page.Items); n < 10 || n > 11 || page.Next == nil {
			s.Fatalf("page of %d items of 100,000 bytes, next = %v, want 10 or 11 and a next", n, page.Next)
		}
		s.wantSortKeys(table.Query{PK: "p"}, sortKeys(items)...)
		s.wantSortKeys(table.Query{PK: "p", Descending: true}, reversed(sortKeys(items))...)
	}},
}

// queryReturns runs a query on a partition with neighbours.
func queryReturns(name string, q table.Query, want ...string) testCase {
	return testCase{"query: " + name, func(s fixture) {
		for _, sk := range []string{"b", "a", "ab", "c", "ba", "b\u0000", "bb"} {
			s.mustPut(item("p", sk))
		}
		s.mustPut(item("o", "b"), item("pp", "b"), item("p\u0000", "b"), item("q", "b"))
		s.wantOnAllPages(q, want)
		q.Strong = true
		s.wantSortKeys(q, want...)
	}}
}

// wantOnAllPages runs a query in both directions with every limit up to one more than the result.
func (s fixture) wantOnAllPages(q table.Query, want []string) {
	s.Helper()
	for q.Limit = range len(want) + 2 {
		q.Descending = false
		s.wantSortKeys(q, want...)
		q.Descending = true
		s.wantSortKeys(q, reversed(want)...)
	}
}

var listQuery = table.Query{Index: "L", PK: "list"}

// wantEntry checks the only entry in the partition "list" of index L.
func (s fixture) wantEntry(at string) {
	s.Helper()
	items := s.mustQuery(listQuery).Items
	if len(items) != 1 {
		s.Fatalf("entries = %v, want one", items)
	}
	s.wantEqual("entry", items[0].Indexes["L"], key("list", at))
}

var indexCases = []testCase{
	{"index: entries are in the order of the index's sort key, and bounds are both included", func(s fixture) {
		s.mustPut(indexedItem("e", "3"), indexedItem("a", "1"), indexedItem("c", "2\u0000"), indexedItem("b", "2"), indexedItem("d", "22"), item("p-x", "x"))
		for bounds, want := range map[[2]string][]string{
			{"", ""}:             {"a", "b", "c", "d", "e"},
			{"2", ""}:            {"b", "c", "d", "e"},
			{"", "2"}:            {"a", "b"},
			{"2", "2"}:           {"b"},
			{"2", "22"}:          {"b", "c", "d"},
			{"2", "2\U0010ffff"}: {"b", "c", "d"},
			{"15", "19"}:         nil,
		} {
			s.wantOnAllPages(table.Query{Index: "L", PK: "list", From: bounds[0], To: bounds[1]}, want)
		}
	}},
	{"index: entries and a page's next carry only the keys and the one entry", func(s fixture) {
		i := indexedItem("a", "1")
		i.Version, i.Owner, i.Expires, i.Indexes["E"] = 1, "ann", noon, key("e", "e")
		s.mustPut(i)
		page := s.mustQuery(table.Query{Index: "L", PK: "list", Limit: 1})
		s.wantEqual("entries", page.Items, []table.Item{{Key: i.Key, Indexes: map[string]table.Key{"L": key("list", "1")}}})
		s.wantEqual("next", page.Next, &table.Position{Key: i.Key, Index: key("list", "1")})
	}},
	{"index: paging over equal sort keys returns each item once", func(s fixture) {
		for n, i := range numberedItems(12) {
			s.mustPut(indexedItem(i.SK, fmt.Sprint(n/6)))
		}
		for limit := range 8 {
			for _, descending := range []bool{false, true} {
				got := s.allSortKeys(table.Query{Index: "L", PK: "list", Limit: limit, Descending: descending})
				slices.Sort(got[:6]) // the order within an index key is not defined
				slices.Sort(got[6:])
				if descending {
					got = slices.Concat(got[6:], got[:6])
				}
				s.wantEqual(fmt.Sprint("sort keys with limit ", limit), got, sortKeys(numberedItems(12)))
			}
		}
	}},
	{"index: an entry appears, moves and disappears as its item changes", func(s fixture) {
		s.mustPut(item("p-a", "a"))
		s.wantSortKeys(listQuery)
		s.mustPut(indexedItem("a", "5"))
		s.wantEntry("5")
		s.mustPut(indexedItem("a", "7"))
		s.wantEntry("7")
		s.mustFailConditions(table.Put(indexedItem("a", "8"), table.Always()), table.Check(key("p", "none"), table.Exists()))
		s.wantEntry("7")
		moved := indexedItem("a", "7")
		moved.Indexes["L"] = key("other", "7")
		s.mustPut(moved)
		s.wantSortKeys(listQuery)
		other := table.Query{Index: "L", PK: "other"}
		s.wantSortKeys(other, "a")
		s.wantSortKeys(table.Query{Index: "E", PK: "other"})
		s.mustPut(item("p-a", "a"))
		s.wantSortKeys(other)
		s.mustPut(moved)
		s.wantSortKeys(other, "a")
		s.mustWrite(table.Delete(moved.Key, table.Exists()))
		s.wantSortKeys(other)
	}},
}

var memoryCases = []testCase{
	{"memory: the caller may change what it passed", func(s fixture) {
		i := indexedItem("a", "1")
		s.mustPut(i)
		overwrite(i)
		s.wantItems([]table.Key{i.Key}, indexedItem("a", "1"))
		s.wantEntry("1")
	}},
	{"memory: the caller may change what it received", func(s fixture) {
		want := indexedItem("a", "1")
		s.mustPut(want)
		for range 2 {
			for what, got := range map[string]table.Item{
				"get":     s.mustGet(want.Key)[0],
				"query":   s.mustQuery(table.Query{PK: want.PK, Strong: true}).Items[0],
				"failure": *s.mustFailConditions(table.Check(want.Key, table.Absent()))[0].Current,
			} {
				s.wantEqual(what, got, want)
				overwrite(got)
			}
			s.wantEntry("1")
			overwrite(s.mustQuery(listQuery).Items[0])
		}
	}},
}

func overwrite(i table.Item) {
	for n := range i.Body {
		i.Body[n] = 'X'
	}
	i.Indexes["L"] = key("overwritten", "overwritten")
}
