package tabletest

import (
	"context"
	"fmt"
	"slices"

	"cedula/shared/table"
)

var getFacts = []fact{
	{"get of an absent key answers nothing", func(s subject) {
		s.same("items", s.get(key("p", "a")), []table.Item(nil))
		s.same("items", s.get(key("p", "a"), key("p", "b")), []table.Item(nil))
	}},
	{"get answers in the order of the keys, without the absent ones", func(s subject) {
		s.put(item("p", "a"), item("p", "b"), item("q", "a"))
		got := s.get(key("q", "a"), key("p", "none"), key("p", "b"), key("p", "a"))
		s.same("items", got, []table.Item{item("q", "a"), item("p", "b"), item("p", "a")})
	}},
	{"get does not take one item for another of alike keys", func(s subject) {
		s.put(versioned("ab", "c", 1))
		s.same("items", s.get(key("a", "bc"), key("abc", "c"), key("ab", "cc"), key("AB", "c")), []table.Item(nil))
	}},
	{"get of 100 keys, in their order", func(s subject) {
		items := numbered("p", table.MaxGetItems)
		keys := make([]table.Key, len(items))
		for n, i := range items {
			s.put(i)
			keys[len(keys)-1-n] = i.Key
		}
		slices.Reverse(items)
		s.same("items", s.get(keys...), items)
	}},
	{"get of more than one answer holds", func(s subject) {
		var keys []table.Key
		for n := range 50 {
			i := sized(item("p", fmt.Sprintf("%03d", n)), table.MaxItemBytes)
			s.put(i)
			keys = append(keys, i.Key)
		}
		s.same("items", sortKeys(s.get(keys...)), sortKeys(numbered("p", 50)))
	}},
	{"a strong read sees the write before it", func(s subject) {
		for v := range int64(50) {
			s.put(versioned("p", "s", v+1))
			s.same("get", s.get(key("p", "s"))[0].Version, v+1)
			s.same("query", s.query(table.Query{PK: "p", Strong: true}).Items[0].Version, v+1)
		}
	}},
	{"an expired item stays until it is swept", func(s subject) {
		i := table.Item{Key: key("p", "s"), Expires: noon.AddDate(-3, 0, 0)}
		s.put(i)
		s.same("get", s.get(i.Key), []table.Item{i})
	}},
	{"an eventual read answers", func(s subject) {
		s.put(item("p", "s"))
		got, err := s.table.Get(context.Background(), false, key("p", "s"))
		if err != nil || len(got.Items) != 1 {
			s.Fatalf("%d items, %v", len(got.Items), err)
		}
	}},
}
