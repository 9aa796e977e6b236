package tabletest

import (
	"fmt"
	"slices"

	"cedula/shared/table"
)

// letters is a partition to be queried, with neighbours that must not show.
func letters(s subject) {
	s.Helper()
	for _, sk := range []string{"b", "a", "ab", "c", "ba", "b\u0000", "bb"} {
		s.put(item("p", sk))
	}
	s.put(item("o", "b"), item("pp", "b"), item("p\u0000", "b"), item("q", "b"))
}

var inOrder = []string{"a", "ab", "b", "b\u0000", "ba", "bb", "c"}

var queryFacts = []fact{
	finds("a whole partition", table.Query{PK: "p"}, inOrder...),
	finds("a partition that is not there", table.Query{PK: "none"}),
	finds("from a key on, itself included", table.Query{PK: "p", From: "b"}, "b", "b\u0000", "ba", "bb", "c"),
	finds("from between two keys on", table.Query{PK: "p", From: "aa"}, "ab", "b", "b\u0000", "ba", "bb", "c"),
	finds("up to a key, itself included", table.Query{PK: "p", To: "b"}, "a", "ab", "b"),
	finds("between two keys, both included", table.Query{PK: "p", From: "ab", To: "ba"}, "ab", "b", "b\u0000", "ba"),
	finds("exactly one key", table.Query{PK: "p", From: "b", To: "b"}, "b"),
	finds("everything that begins with a prefix", table.Query{PK: "p", From: "b", To: "b\U0010ffff"}, "b", "b\u0000", "ba", "bb"),
	finds("nothing between two neighbours", table.Query{PK: "p", From: "bba", To: "bz"}),
	{"query: order is that of UTF-8 bytes", func(s subject) {
		// U+FF5E is greater than U+1F600 in UTF-16, not in UTF-8.
		want := []string{"\u0001", "A", "Z", "a", "z", "\u007f", "é", "漢", "\uff5e", "\U0001f600"}
		for _, n := range []int{9, 3, 7, 0, 5, 1, 8, 2, 6, 4} {
			s.put(item("p", want[n]))
		}
		s.same("order", s.all(table.Query{PK: "p"}), want)
		s.same("descending", s.all(table.Query{PK: "p", Descending: true}), reversed(want))
	}},
	{"query: a limit ends the page", func(s subject) {
		s.put(numbered("p", 5)...)
		page := s.query(table.Query{PK: "p", Limit: 2})
		s.same("items", sortKeys(page.Items), []string{"000", "001"})
		s.same("next", page.Next, &table.Position{Key: key("p", "001")})
		s.same("the last two", sortKeys(s.query(table.Query{PK: "p", Limit: 2, Descending: true}).Items), []string{"004", "003"})
	}},
	{"query: the last page has no next", func(s subject) {
		s.put(numbered("p", 3)...)
		page := s.query(table.Query{PK: "p", Limit: 4})
		s.same("items", len(page.Items), 3)
		s.same("next", page.Next, (*table.Position)(nil))
		s.same("next of nothing", s.query(table.Query{PK: "none", Limit: 1}).Next, (*table.Position)(nil))
	}},
	{"query: a start may be a key that was deleted meanwhile", func(s subject) {
		s.put(numbered("p", 5)...)
		page := s.query(table.Query{PK: "p", Limit: 2})
		s.write(table.Delete(page.Next.Key, table.Exists()))
		s.same("rest", s.all(table.Query{PK: "p", Start: page.Next}), []string{"002", "003", "004"})
	}},
	{"query: paging neither repeats nor skips while others write", func(s subject) {
		s.put(numbered("p", 20)...)
		q, n := table.Query{PK: "p", Limit: 3}, 0
		var seen []string
		for ; n < 100; n++ {
			page := s.query(q)
			seen = append(seen, sortKeys(page.Items)...)
			s.put(item("p", fmt.Sprintf("%03dx", n*3)), item("p", fmt.Sprintf("000%d", n)))
			if q.Start = page.Next; q.Start == nil {
				break
			}
		}
		old := slices.DeleteFunc(seen, func(sk string) bool { return len(sk) > 3 })
		s.same("items that were there all along", old, sortKeys(numbered("p", 20)))
	}},
	{"query: a page ends after 1 MB", func(s subject) {
		const size = 100_000
		for _, i := range numbered("p", 25) {
			s.put(sized(i, size))
		}
		page := s.query(table.Query{PK: "p"})
		if n := len(page.Items); n < 10 || n > 11 || page.Next == nil {
			s.Fatalf("%d items of %d bytes in a page, next %v", n, size, page.Next)
		}
		s.same("all", s.all(table.Query{PK: "p"}), sortKeys(numbered("p", 25)))
		s.same("descending", s.all(table.Query{PK: "p", Descending: true}), reversed(sortKeys(numbered("p", 25))))
	}},
}

// finds runs a query forwards and backwards, whole and by pages of every size.
func finds(name string, q table.Query, want ...string) fact {
	return fact{"query: " + name, func(s subject) {
		letters(s)
		for limit := range len(inOrder) + 2 {
			q.Limit, q.Descending = limit, false
			s.same(fmt.Sprint("limit ", limit), s.all(q), want)
			q.Descending = true
			s.same(fmt.Sprint("descending, limit ", limit), s.all(q), reversed(want))
		}
		q.Limit, q.Strong = 0, true
		s.same("strong", s.all(q), reversed(want))
	}}
}
