package tabletest

import (
	"fmt"
	"slices"

	"cedula/shared/table"
)

// indexedItem is an item with an entry in index L.
func indexedItem(sk, at string) table.Item {
	return table.Item{Key: key("p-"+sk, sk), Indexes: map[string]table.Key{"L": key("list", at)}, Body: []byte("body")}
}

var listQuery = table.Query{Index: "L", PK: "list"}

var indexCases = []testCase{
	{"index: entries stand in the order of the index's sort key", func(s fixture) {
		s.mustPut(indexedItem("a", "3"), indexedItem("b", "1"), indexedItem("c", "2"), indexedItem("d", "1\u0000"), item("p-x", "x"))
		s.wantEqual("order", s.allSortKeys(listQuery), []string{"b", "d", "c", "a"})
		q := listQuery
		q.Descending = true
		s.wantEqual("descending", s.allSortKeys(q), []string{"a", "c", "d", "b"})
	}},
	{"index: bounds are both included", func(s fixture) {
		s.mustPut(indexedItem("a", "1"), indexedItem("b", "2"), indexedItem("c", "2\u0000"), indexedItem("d", "22"), indexedItem("e", "3"))
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
				s.wantEqual(fmt.Sprint(c), s.allSortKeys(q), c.want)
				q.Descending = true
				s.wantEqual(fmt.Sprint("descending ", c), s.allSortKeys(q), reversed(c.want))
			}
		}
	}},
	{"index: entries carry keys and the one entry only", func(s fixture) {
		i := indexedItem("a", "1")
		i.Version, i.Owner, i.Expires, i.Indexes["E"] = 1, "ann", noon, key("e", "e")
		s.mustPut(i)
		want := table.Item{Key: i.Key, Indexes: map[string]table.Key{"L": key("list", "1")}}
		s.wantEqual("entries", s.mustQuery(listQuery).Items, []table.Item{want})
	}},
	{"index: a page's next holds both keys", func(s fixture) {
		s.mustPut(indexedItem("a", "1"), indexedItem("b", "2"))
		q := listQuery
		q.Limit = 1
		s.wantEqual("next", s.mustQuery(q).Next, &table.Position{Key: key("p-a", "a"), Index: key("list", "1")})
	}},
	{"index: paging over equal sort keys shows each item once", func(s fixture) {
		var want []string
		for n := range 12 {
			sk := fmt.Sprintf("%03d", n)
			s.mustPut(indexedItem(sk, fmt.Sprint(n/6)))
			want = append(want, sk)
		}
		for limit := range 8 {
			for _, descending := range []bool{false, true} {
				got := s.allSortKeys(table.Query{Index: "L", PK: "list", Limit: limit, Descending: descending})
				halves := slices.Concat(slices.Sorted(slices.Values(got[:6])), slices.Sorted(slices.Values(got[6:])))
				if descending {
					halves = slices.Concat(halves[6:], halves[:6])
				}
				s.wantEqual(fmt.Sprint("limit ", limit), halves, want)
			}
		}
	}},
	{"index: an item without an entry is not in it", func(s fixture) {
		s.mustPut(item("p", "s"))
		s.wantEqual("entries", s.allSortKeys(listQuery), []string(nil))
	}},
	{"index: an entry appears, moves and disappears with its item", func(s fixture) {
		bare := item("p-a", "a")
		s.mustPut(bare)
		s.wantEqual("none yet", s.allSortKeys(listQuery), []string(nil))
		s.mustPut(indexedItem("a", "5"))
		s.wantEqual("appears", s.mustQuery(listQuery).Items[0].Indexes["L"], key("list", "5"))
		s.mustPut(indexedItem("a", "7"))
		s.wantEqual("moves", s.mustQuery(listQuery).Items[0].Indexes["L"], key("list", "7"))
		s.wantEqual("not twice", len(s.allSortKeys(listQuery)), 1)
		moved := indexedItem("a", "7")
		moved.Indexes["L"] = key("other", "7")
		s.mustPut(moved)
		s.wantEqual("left the partition", s.allSortKeys(listQuery), []string(nil))
		s.wantEqual("is in the other", s.allSortKeys(table.Query{Index: "L", PK: "other"}), []string{"a"})
		s.mustPut(bare)
		s.wantEqual("disappears", s.allSortKeys(table.Query{Index: "L", PK: "other"}), []string(nil))
	}},
	{"index: a deleted item leaves every index", func(s fixture) {
		i := indexedItem("a", "1")
		i.Indexes["E"] = key("list", "1")
		s.mustPut(i)
		s.wantEqual("in E", s.allSortKeys(table.Query{Index: "E", PK: "list"}), []string{"a"})
		s.mustWrite(table.Delete(i.Key, table.Exists()))
		s.wantEqual("L", s.allSortKeys(listQuery), []string(nil))
		s.wantEqual("E", s.allSortKeys(table.Query{Index: "E", PK: "list"}), []string(nil))
	}},
	{"index: a refused write changes no entry", func(s fixture) {
		s.mustPut(indexedItem("a", "1"))
		s.mustFailConditions(table.Put(indexedItem("a", "2"), table.Always()), table.Check(key("p", "none"), table.Exists()))
		s.wantEqual("entry", s.mustQuery(listQuery).Items[0].Indexes["L"], key("list", "1"))
	}},
	{"index: one index does not show the entries of the other", func(s fixture) {
		s.mustPut(indexedItem("a", "1"))
		s.wantEqual("E", s.allSortKeys(table.Query{Index: "E", PK: "list"}), []string(nil))
	}},
}
