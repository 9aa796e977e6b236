package tabletest

import (
	"fmt"
	"slices"

	"cedula/shared/table"
)

// listed is an item with an entry in index L.
func listed(sk, at string) table.Item {
	return table.Item{Key: key("p-"+sk, sk), Indexes: map[string]table.Key{"L": key("list", at)}, Body: []byte("body")}
}

var list = table.Query{Index: "L", PK: "list"}

var indexFacts = []fact{
	{"index: entries stand in the order of the index's sort key", func(s subject) {
		s.put(listed("a", "3"), listed("b", "1"), listed("c", "2"), listed("d", "1\u0000"), item("p-x", "x"))
		s.same("order", s.all(list), []string{"b", "d", "c", "a"})
		q := list
		q.Descending = true
		s.same("descending", s.all(q), []string{"a", "c", "d", "b"})
	}},
	{"index: bounds are both included", func(s subject) {
		s.put(listed("a", "1"), listed("b", "2"), listed("c", "2\u0000"), listed("d", "22"), listed("e", "3"))
		for _, c := range []struct {
			from, to string
			want     []string
		}{
			{"2", "", []string{"b", "c", "d", "e"}},
			{"", "2", []string{"a", "b"}},
			{"2", "2", []string{"b"}},
			{"2", "22", []string{"b", "c", "d"}},
			{"2", "2\U0010ffff", []string{"b", "c", "d"}},
			{"15", "19", nil},
		} {
			for limit := range 4 {
				q := table.Query{Index: "L", PK: "list", From: c.from, To: c.to, Limit: limit}
				s.same(fmt.Sprint(c), s.all(q), c.want)
				q.Descending = true
				s.same(fmt.Sprint("descending ", c), s.all(q), reversed(c.want))
			}
		}
	}},
	{"index: entries carry keys and the one entry only", func(s subject) {
		i := listed("a", "1")
		i.Version, i.Owner, i.Expires, i.Indexes["E"] = 1, "ann", noon, key("e", "e")
		s.put(i)
		want := table.Item{Key: i.Key, Indexes: map[string]table.Key{"L": key("list", "1")}}
		s.same("entries", s.query(list).Items, []table.Item{want})
	}},
	{"index: a page's next holds both keys", func(s subject) {
		s.put(listed("a", "1"), listed("b", "2"))
		q := list
		q.Limit = 1
		s.same("next", s.query(q).Next, &table.Position{Key: key("p-a", "a"), Index: key("list", "1")})
	}},
	{"index: paging over equal sort keys shows each item once", func(s subject) {
		var want []string
		for n := range 12 {
			sk := fmt.Sprintf("%03d", n)
			s.put(listed(sk, fmt.Sprint(n/6)))
			want = append(want, sk)
		}
		for limit := range 8 {
			for _, descending := range []bool{false, true} {
				got := s.all(table.Query{Index: "L", PK: "list", Limit: limit, Descending: descending})
				halves := slices.Concat(slices.Sorted(slices.Values(got[:6])), slices.Sorted(slices.Values(got[6:])))
				if descending {
					halves = slices.Concat(halves[6:], halves[:6])
				}
				s.same(fmt.Sprint("limit ", limit), halves, want)
			}
		}
	}},
	{"index: an item without an entry is not in it", func(s subject) {
		s.put(item("p", "s"))
		s.same("entries", s.all(list), []string(nil))
	}},
	{"index: an entry appears, moves and disappears with its item", func(s subject) {
		bare := item("p-a", "a")
		s.put(bare)
		s.same("none yet", s.all(list), []string(nil))
		s.put(listed("a", "5"))
		s.same("appears", s.query(list).Items[0].Indexes["L"], key("list", "5"))
		s.put(listed("a", "7"))
		s.same("moves", s.query(list).Items[0].Indexes["L"], key("list", "7"))
		s.same("not twice", len(s.all(list)), 1)
		moved := listed("a", "7")
		moved.Indexes["L"] = key("other", "7")
		s.put(moved)
		s.same("left the partition", s.all(list), []string(nil))
		s.same("is in the other", s.all(table.Query{Index: "L", PK: "other"}), []string{"a"})
		s.put(bare)
		s.same("disappears", s.all(table.Query{Index: "L", PK: "other"}), []string(nil))
	}},
	{"index: a deleted item leaves every index", func(s subject) {
		i := listed("a", "1")
		i.Indexes["E"] = key("list", "1")
		s.put(i)
		s.same("in E", s.all(table.Query{Index: "E", PK: "list"}), []string{"a"})
		s.write(table.Delete(i.Key, table.Exists()))
		s.same("L", s.all(list), []string(nil))
		s.same("E", s.all(table.Query{Index: "E", PK: "list"}), []string(nil))
	}},
	{"index: a refused write changes no entry", func(s subject) {
		s.put(listed("a", "1"))
		s.refused(table.Put(listed("a", "2"), table.Always()), table.Check(key("p", "none"), table.Exists()))
		s.same("entry", s.query(list).Items[0].Indexes["L"], key("list", "1"))
	}},
	{"index: one index does not show the entries of the other", func(s subject) {
		s.put(listed("a", "1"))
		s.same("E", s.all(table.Query{Index: "E", PK: "list"}), []string(nil))
	}},
}
