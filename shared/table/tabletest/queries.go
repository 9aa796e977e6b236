package tabletest

import (
	"fmt"
	"slices"

	"cedula/shared/table"
)

// putSampleItems is a partition to be queried, with neighbours that must not show.
func putSampleItems(s fixture) {
	s.Helper()
	for _, sk := range []string{"b", "a", "ab", "c", "ba", "b\u0000", "bb"} {
		s.mustPut(item("p", sk))
	}
	s.mustPut(item("o", "b"), item("pp", "b"), item("p\u0000", "b"), item("q", "b"))
}

var sampleSortKeys = []string{"a", "ab", "b", "b\u0000", "ba", "bb", "c"}

var queryCases = []testCase{
	queryReturns("a whole partition", table.Query{PK: "p"}, sampleSortKeys...),
	queryReturns("a partition that is not there", table.Query{PK: "none"}),
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
		s.wantEqual("order", s.allSortKeys(table.Query{PK: "p"}), want)
		s.wantEqual("descending", s.allSortKeys(table.Query{PK: "p", Descending: true}), reversed(want))
	}},
	{"query: a limit ends the page", func(s fixture) {
		s.mustPut(numberedItems("p", 5)...)
		page := s.mustQuery(table.Query{PK: "p", Limit: 2})
		s.wantEqual("items", sortKeys(page.Items), []string{"000", "001"})
		s.wantEqual("next", page.Next, &table.Position{Key: key("p", "001")})
		s.wantEqual("the last two", sortKeys(s.mustQuery(table.Query{PK: "p", Limit: 2, Descending: true}).Items), []string{"004", "003"})
	}},
	{"query: the last page has no next", func(s fixture) {
		s.mustPut(numberedItems("p", 3)...)
		page := s.mustQuery(table.Query{PK: "p", Limit: 4})
		s.wantEqual("items", len(page.Items), 3)
		s.wantEqual("next", page.Next, (*table.Position)(nil))
		s.wantEqual("next of nothing", s.mustQuery(table.Query{PK: "none", Limit: 1}).Next, (*table.Position)(nil))
	}},
	{"query: a start may be a key that was deleted meanwhile", func(s fixture) {
		s.mustPut(numberedItems("p", 5)...)
		page := s.mustQuery(table.Query{PK: "p", Limit: 2})
		s.mustWrite(table.Delete(page.Next.Key, table.Exists()))
		s.wantEqual("rest", s.allSortKeys(table.Query{PK: "p", Start: page.Next}), []string{"002", "003", "004"})
	}},
	{"query: paging neither repeats nor skips while others write", func(s fixture) {
		s.mustPut(numberedItems("p", 20)...)
		q, n := table.Query{PK: "p", Limit: 3}, 0
		var seen []string
		for ; n < 100; n++ {
			page := s.mustQuery(q)
			seen = append(seen, sortKeys(page.Items)...)
			s.mustPut(item("p", fmt.Sprintf("%03dx", n*3)), item("p", fmt.Sprintf("000%d", n)))
			if q.Start = page.Next; q.Start == nil {
				break
			}
		}
		old := slices.DeleteFunc(seen, func(sk string) bool { return len(sk) > 3 })
		s.wantEqual("items that were there all along", old, sortKeys(numberedItems("p", 20)))
	}},
	{"query: a page ends after 1 MB", func(s fixture) {
		const size = 100_000
		for _, i := range numberedItems("p", 25) {
			s.mustPut(itemOfSize(i, size))
		}
		page := s.mustQuery(table.Query{PK: "p"})
		if n := len(page.Items); n < 10 || n > 11 || page.Next == nil {
			s.Fatalf("%d items of %d bytes in a page, next %v", n, size, page.Next)
		}
		s.wantEqual("all", s.allSortKeys(table.Query{PK: "p"}), sortKeys(numberedItems("p", 25)))
		s.wantEqual("descending", s.allSortKeys(table.Query{PK: "p", Descending: true}), reversed(sortKeys(numberedItems("p", 25))))
	}},
}

// queryReturns runs a query forwards and backwards, whole and by pages of every size.
func queryReturns(name string, q table.Query, want ...string) testCase {
	return testCase{"query: " + name, func(s fixture) {
		putSampleItems(s)
		for limit := range len(sampleSortKeys) + 2 {
			q.Limit, q.Descending = limit, false
			s.wantEqual(fmt.Sprint("limit ", limit), s.allSortKeys(q), want)
			q.Descending = true
			s.wantEqual(fmt.Sprint("descending, limit ", limit), s.allSortKeys(q), reversed(want))
		}
		q.Limit, q.Strong = 0, true
		s.wantEqual("strong", s.allSortKeys(q), reversed(want))
	}}
}
