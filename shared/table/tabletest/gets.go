package tabletest

import (
	"context"
	"fmt"
	"slices"

	"cedula/shared/table"
)

var getCases = []testCase{
	{"get of an absent key answers nothing", func(s fixture) {
		s.wantEqual("items", s.mustGet(key("p", "a")), []table.Item(nil))
		s.wantEqual("items", s.mustGet(key("p", "a"), key("p", "b")), []table.Item(nil))
	}},
	{"get answers in the order of the keys, without the absent ones", func(s fixture) {
		s.mustPut(item("p", "a"), item("p", "b"), item("q", "a"))
		got := s.mustGet(key("q", "a"), key("p", "none"), key("p", "b"), key("p", "a"))
		s.wantEqual("items", got, []table.Item{item("q", "a"), item("p", "b"), item("p", "a")})
	}},
	{"get does not take one item for another of alike keys", func(s fixture) {
		s.mustPut(versionedItem("ab", "c", 1))
		s.wantEqual("items", s.mustGet(key("a", "bc"), key("abc", "c"), key("ab", "cc"), key("AB", "c")), []table.Item(nil))
	}},
	{"get of 100 keys, in their order", func(s fixture) {
		items := numberedItems("p", table.MaxGetItems)
		keys := make([]table.Key, len(items))
		for n, i := range items {
			s.mustPut(i)
			keys[len(keys)-1-n] = i.Key
		}
		slices.Reverse(items)
		s.wantEqual("items", s.mustGet(keys...), items)
	}},
	{"get of more than one answer holds", func(s fixture) {
		var keys []table.Key
		for n := range 50 {
			i := itemOfSize(item("p", fmt.Sprintf("%03d", n)), table.MaxItemBytes)
			s.mustPut(i)
			keys = append(keys, i.Key)
		}
		s.wantEqual("items", sortKeys(s.mustGet(keys...)), sortKeys(numberedItems("p", 50)))
	}},
	{"a strong read sees the write before it", func(s fixture) {
		for v := range int64(50) {
			s.mustPut(versionedItem("p", "s", v+1))
			s.wantEqual("get", s.mustGet(key("p", "s"))[0].Version, v+1)
			s.wantEqual("query", s.mustQuery(table.Query{PK: "p", Strong: true}).Items[0].Version, v+1)
		}
	}},
	{"an expired item stays until it is swept", func(s fixture) {
		i := table.Item{Key: key("p", "s"), Expires: noon.AddDate(-3, 0, 0)}
		s.mustPut(i)
		s.wantEqual("get", s.mustGet(i.Key), []table.Item{i})
	}},
	{"an eventual read answers", func(s fixture) {
		s.mustPut(item("p", "s"))
		got, err := s.table.Get(context.Background(), false, key("p", "s"))
		if err != nil || len(got.Items) != 1 {
			s.Fatalf("%d items, %v", len(got.Items), err)
		}
	}},
}
