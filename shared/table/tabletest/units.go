package tabletest

import (
	"context"

	"cedula/shared/table"
)

// bill is one operation's price by the Developer Guide's "Capacity unit
// consumption".
type bill struct {
	name  string
	there []table.Item
	ops   []table.Op
	want  float64
}

func kilobytes(n int, sk string) table.Item { return sized(item("p", sk), n<<10) }

// standingIn is an item of at most 1 KB with entries at the given places.
func standingIn(at map[string]table.Key) table.Item {
	return table.Item{Key: key("p", "a"), Indexes: at, Body: []byte("x")}
}

var (
	inL    = map[string]table.Key{"L": key("l", "1")}
	movedL = map[string]table.Key{"L": key("l", "2")}
	inBoth = map[string]table.Key{"L": key("l", "1"), "E": key("e", "1")}
	farL   = map[string]table.Key{"L": key(long(1000), long(1000))}
)

func puts(items ...table.Item) []table.Op {
	ops := make([]table.Op, len(items))
	for i := range items {
		ops[i] = table.Put(items[i], table.Always())
	}
	return ops
}

var writeBills = []bill{
	{"a put of 1 KB", nil, puts(kilobytes(1, "a")), 1},
	{"a put of 1 KB and a byte", nil, puts(sized(item("p", "a"), 1025)), 2},
	{"a put of 3 KB over 1 KB", []table.Item{kilobytes(1, "a")}, puts(kilobytes(3, "a")), 3},
	{"a put of 1 KB over 3 KB", []table.Item{kilobytes(3, "a")}, puts(kilobytes(1, "a")), 3},
	{"a delete of 3 KB", []table.Item{kilobytes(3, "a")}, []table.Op{table.Delete(key("p", "a"), table.Exists())}, 3},
	{"a delete of nothing", nil, []table.Op{table.Delete(key("p", "a"), table.Always())}, 1},
	{"a put with one entry", nil, puts(standingIn(inL)), 2},
	{"a put with two entries", nil, puts(standingIn(inBoth)), 3},
	{"a put that keeps its entry", []table.Item{standingIn(inL)}, puts(standingIn(inL)), 1},
	{"a put that moves its entry", []table.Item{standingIn(inL)}, puts(standingIn(movedL)), 3},
	{"a put that adds an entry to one", []table.Item{standingIn(inL)}, puts(standingIn(inBoth)), 2},
	{"a put that drops its entry", []table.Item{standingIn(inL)}, puts(standingIn(nil)), 2},
	{"a delete with two entries", []table.Item{standingIn(inBoth)}, []table.Op{table.Delete(key("p", "a"), table.Always())}, 3},
	{"a put with an entry of 2 KB", nil, puts(standingIn(farL)), 4},
	{"a check alone", []table.Item{kilobytes(1, "a")}, []table.Op{table.Check(key("p", "a"), table.Exists())}, 2},
	{"two puts of 1 KB together", nil, puts(kilobytes(1, "a"), kilobytes(1, "b")), 4},
	{"two puts of 1 KB and a byte together", nil, puts(sized(item("p", "a"), 1025), sized(item("p", "b"), 1025)), 8},
	{"a put and a check of 3 KB together", []table.Item{kilobytes(3, "b")}, append(puts(kilobytes(1, "a")), table.Check(key("p", "b"), table.Exists())), 8},
	{"a put and a delete of nothing together", nil, append(puts(kilobytes(1, "a")), table.Delete(key("p", "b"), table.Always())), 4},
	{"a put over 3 KB beside another", []table.Item{kilobytes(3, "a")}, puts(kilobytes(1, "a"), kilobytes(1, "b")), 8},
	{"two puts together, one with an entry", nil, puts(standingIn(inL), item("p", "b")), 5},
}

// readBill is one read's price; a Query when keys is empty.
type readBill struct {
	name   string
	there  []table.Item
	strong bool
	keys   []table.Key
	query  table.Query
	want   float64
}

var (
	a, b, none = key("p", "a"), key("p", "b"), key("p", "none")
	page4      = []table.Item{sized(item("p", "a"), 4096), sized(item("p", "b"), 4097)}
	lines      = func() (items []table.Item) {
		for _, i := range numbered("p", 10) {
			items = append(items, sized(i, 1000))
		}
		return items
	}()
	farEntries = func() (items []table.Item) {
		for _, i := range numbered("p", 5) {
			i.Indexes = farL
			items = append(items, sized(i, 9000))
		}
		return items
	}()
)

var readBills = []readBill{
	{"4 KB strong", page4, true, []table.Key{a}, table.Query{}, 1},
	{"4 KB and a byte strong", page4, true, []table.Key{b}, table.Query{}, 2},
	{"4 KB eventual", page4, false, []table.Key{a}, table.Query{}, 0.5},
	{"4 KB and a byte eventual", page4, false, []table.Key{b}, table.Query{}, 1},
	{"nothing strong", page4, true, []table.Key{none}, table.Query{}, 1},
	{"nothing eventual", page4, false, []table.Key{none}, table.Query{}, 0.5},
	{"two keys strong, each rounded", page4, true, []table.Key{a, b}, table.Query{}, 3},
	{"two keys eventual, each rounded", page4, false, []table.Key{a, b}, table.Query{}, 1.5},
	{"two keys strong, one absent", page4, true, []table.Key{b, none}, table.Query{}, 3},
	{"a query strong, the sum rounded", lines, true, nil, table.Query{PK: "p"}, 3},
	{"a query eventual, the sum rounded", lines, false, nil, table.Query{PK: "p"}, 1.5},
	{"a query limited to 4", lines, true, nil, table.Query{PK: "p", Limit: 4}, 1},
	{"a query limited to 5", lines, true, nil, table.Query{PK: "p", Limit: 5}, 2},
	{"a query of nothing strong", lines, true, nil, table.Query{PK: "q"}, 1},
	{"a query of nothing eventual", lines, false, nil, table.Query{PK: "q"}, 0.5},
	{"an index query of keys, not of bodies", farEntries, false, nil, table.Query{Index: "L", PK: long(1000)}, 1.5},
	{"an index query of nothing", nil, false, nil, table.Query{Index: "L", PK: "q"}, 0.5},
}

var unitFacts = func() (facts []fact) {
	for _, b := range writeBills {
		facts = append(facts, fact{"units: " + b.name, func(s subject) {
			s.put(b.there...)
			s.same("units", s.write(b.ops...), table.Units{Write: b.want})
		}})
	}
	for _, b := range readBills {
		facts = append(facts, fact{"units: " + b.name, func(s subject) {
			s.put(b.there...)
			s.same("units", s.consumed(b), table.Units{Read: b.want})
		}})
	}
	return facts
}()

func (s subject) consumed(b readBill) table.Units {
	s.Helper()
	if len(b.keys) == 0 {
		b.query.Strong = b.strong
		return s.query(b.query).Units
	}
	got, err := s.table.Get(context.Background(), b.strong, b.keys...)
	if err != nil {
		s.Fatalf("get: %v", err)
	}
	return got.Units
}
