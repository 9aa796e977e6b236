package tabletest

import (
	"context"

	"cedula/shared/table"
)

// writeUnitsCase is one operation's price by the Developer Guide's "Capacity unit
// consumption".
type writeUnitsCase struct {
	name     string
	existing []table.Item
	ops      []table.Op
	want     float64
}

func itemOfKB(n int, sk string) table.Item { return itemOfSize(item("p", sk), n<<10) }

// itemInIndexes is an item of at most 1 KB with entries at the given places.
func itemInIndexes(at map[string]table.Key) table.Item {
	return table.Item{Key: key("p", "a"), Indexes: at, Body: []byte("x")}
}

var (
	inL    = map[string]table.Key{"L": key("l", "1")}
	movedL = map[string]table.Key{"L": key("l", "2")}
	inBoth = map[string]table.Key{"L": key("l", "1"), "E": key("e", "1")}
	longL  = map[string]table.Key{"L": key(stringOfLength(1000), stringOfLength(1000))}
)

func puts(items ...table.Item) []table.Op {
	ops := make([]table.Op, len(items))
	for i := range items {
		ops[i] = table.Put(items[i], table.Always())
	}
	return ops
}

var writeUnitsCases = []writeUnitsCase{
	{"a put of 1 KB", nil, puts(itemOfKB(1, "a")), 1},
	{"a put of 1 KB and a byte", nil, puts(itemOfSize(item("p", "a"), 1025)), 2},
	{"a put of 3 KB over 1 KB", []table.Item{itemOfKB(1, "a")}, puts(itemOfKB(3, "a")), 3},
	{"a put of 1 KB over 3 KB", []table.Item{itemOfKB(3, "a")}, puts(itemOfKB(1, "a")), 3},
	{"a delete of 3 KB", []table.Item{itemOfKB(3, "a")}, []table.Op{table.Delete(key("p", "a"), table.Exists())}, 3},
	{"a delete of nothing", nil, []table.Op{table.Delete(key("p", "a"), table.Always())}, 1},
	{"a put with one entry", nil, puts(itemInIndexes(inL)), 2},
	{"a put with two entries", nil, puts(itemInIndexes(inBoth)), 3},
	{"a put that keeps its entry", []table.Item{itemInIndexes(inL)}, puts(itemInIndexes(inL)), 1},
	{"a put that moves its entry", []table.Item{itemInIndexes(inL)}, puts(itemInIndexes(movedL)), 3},
	{"a put that adds an entry to one", []table.Item{itemInIndexes(inL)}, puts(itemInIndexes(inBoth)), 2},
	{"a put that drops its entry", []table.Item{itemInIndexes(inL)}, puts(itemInIndexes(nil)), 2},
	{"a delete with two entries", []table.Item{itemInIndexes(inBoth)}, []table.Op{table.Delete(key("p", "a"), table.Always())}, 3},
	{"a put with an entry of 2 KB", nil, puts(itemInIndexes(longL)), 4},
	{"a check alone", []table.Item{itemOfKB(1, "a")}, []table.Op{table.Check(key("p", "a"), table.Exists())}, 2},
	{"two puts of 1 KB together", nil, puts(itemOfKB(1, "a"), itemOfKB(1, "b")), 4},
	{"two puts of 1 KB and a byte together", nil, puts(itemOfSize(item("p", "a"), 1025), itemOfSize(item("p", "b"), 1025)), 8},
	{"a put and a check of 3 KB together", []table.Item{itemOfKB(3, "b")}, append(puts(itemOfKB(1, "a")), table.Check(key("p", "b"), table.Exists())), 8},
	{"a put and a delete of nothing together", nil, append(puts(itemOfKB(1, "a")), table.Delete(key("p", "b"), table.Always())), 4},
	{"a put over 3 KB beside another", []table.Item{itemOfKB(3, "a")}, puts(itemOfKB(1, "a"), itemOfKB(1, "b")), 8},
	{"two puts together, one with an entry", nil, puts(itemInIndexes(inL), item("p", "b")), 5},
}

// readUnitsCase is one read's price; a Query when keys is empty.
type readUnitsCase struct {
	name     string
	existing []table.Item
	strong   bool
	keys     []table.Key
	query    table.Query
	want     float64
}

var (
	keyA, keyB, absentKey = key("p", "a"), key("p", "b"), key("p", "none")
	itemsAround4KB        = []table.Item{itemOfSize(item("p", "a"), 4096), itemOfSize(item("p", "b"), 4097)}
	tenItems              = func() (items []table.Item) {
		for _, i := range numberedItems("p", 10) {
			items = append(items, itemOfSize(i, 1000))
		}
		return items
	}()
	itemsWithLongEntries = func() (items []table.Item) {
		for _, i := range numberedItems("p", 5) {
			i.Indexes = longL
			items = append(items, itemOfSize(i, 9000))
		}
		return items
	}()
)

var readUnitsCases = []readUnitsCase{
	{"4 KB strong", itemsAround4KB, true, []table.Key{keyA}, table.Query{}, 1},
	{"4 KB and a byte strong", itemsAround4KB, true, []table.Key{keyB}, table.Query{}, 2},
	{"4 KB eventual", itemsAround4KB, false, []table.Key{keyA}, table.Query{}, 0.5},
	{"4 KB and a byte eventual", itemsAround4KB, false, []table.Key{keyB}, table.Query{}, 1},
	{"nothing strong", itemsAround4KB, true, []table.Key{absentKey}, table.Query{}, 1},
	{"nothing eventual", itemsAround4KB, false, []table.Key{absentKey}, table.Query{}, 0.5},
	{"two keys strong, each rounded", itemsAround4KB, true, []table.Key{keyA, keyB}, table.Query{}, 3},
	{"two keys eventual, each rounded", itemsAround4KB, false, []table.Key{keyA, keyB}, table.Query{}, 1.5},
	{"two keys strong, one absent", itemsAround4KB, true, []table.Key{keyB, absentKey}, table.Query{}, 3},
	{"a query strong, the sum rounded", tenItems, true, nil, table.Query{PK: "p"}, 3},
	{"a query eventual, the sum rounded", tenItems, false, nil, table.Query{PK: "p"}, 1.5},
	{"a query limited to 4", tenItems, true, nil, table.Query{PK: "p", Limit: 4}, 1},
	{"a query limited to 5", tenItems, true, nil, table.Query{PK: "p", Limit: 5}, 2},
	{"a query of nothing strong", tenItems, true, nil, table.Query{PK: "q"}, 1},
	{"a query of nothing eventual", tenItems, false, nil, table.Query{PK: "q"}, 0.5},
	{"an index query of keys, not of bodies", itemsWithLongEntries, false, nil, table.Query{Index: "L", PK: stringOfLength(1000)}, 1.5},
	{"an index query of nothing", nil, false, nil, table.Query{Index: "L", PK: "q"}, 0.5},
}

var unitCases = func() (facts []testCase) {
	for _, b := range writeUnitsCases {
		facts = append(facts, testCase{"units: " + b.name, func(s fixture) {
			s.mustPut(b.existing...)
			s.wantEqual("units", s.mustWrite(b.ops...), table.Units{Write: b.want})
		}})
	}
	for _, b := range readUnitsCases {
		facts = append(facts, testCase{"units: " + b.name, func(s fixture) {
			s.mustPut(b.existing...)
			s.wantEqual("units", s.readUnits(b), table.Units{Read: b.want})
		}})
	}
	return facts
}()

func (s fixture) readUnits(b readUnitsCase) table.Units {
	s.Helper()
	if len(b.keys) == 0 {
		b.query.Strong = b.strong
		return s.mustQuery(b.query).Units
	}
	got, err := s.table.Get(context.Background(), b.strong, b.keys...)
	if err != nil {
		s.Fatalf("get: %v", err)
	}
	return got.Units
}
