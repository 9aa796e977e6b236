package tabletest

import (
	"context"
	"strings"

	"cedula/shared/table"
)

// What exceeds a limit by a byte never reaches an engine; package table tests its checks itself.
var limitCases = []testCase{
	{"limit: an item of 400 KB is written, with index keys and an owner", func(s fixture) {
		i := table.Item{Key: key("p", "s"), Indexes: map[string]table.Key{"L": key("l", "l")}, Owner: strings.Repeat("k", 300<<10)}
		s.mustPut(itemOfSize(item("p", "s"), table.MaxItemBytes), itemOfSize(i, table.MaxItemBytes))
		s.wantEqual("bytes", s.mustGet(i.Key)[0].Bytes(), table.MaxItemBytes)
	}},
	{"limit: keys of 2048 and 1024 bytes are written", func(s fixture) {
		k := key(strings.Repeat("k", table.MaxPKBytes), strings.Repeat("k", table.MaxSKBytes))
		i := table.Item{Key: k, Indexes: map[string]table.Key{"L": k}}
		s.mustPut(i)
		s.wantItems([]table.Key{k}, i)
		s.wantSortKeys(table.Query{PK: k.PK, From: k.SK, To: k.SK}, k.SK)
		s.wantSortKeys(table.Query{Index: "L", PK: k.PK, Limit: 1}, k.SK)
	}},
	{"limit: 4 MB are written together", func(s fixture) {
		items := itemsOfSize(table.MaxItemBytes, numberedItems(table.MaxWriteBytes/table.MaxItemBytes)...)
		s.mustWrite(puts(append(items, itemOfSize(item("p", "rest"), table.MaxWriteBytes%table.MaxItemBytes))...)...)
	}},
	{"misuse: every method rejects a wrong call", func(s fixture) {
		_, err := s.table.Get(context.Background(), true)
		s.wantError("Get", err, table.ErrMisuse)
		_, err = s.table.Query(context.Background(), table.Query{Index: "Z", PK: "p"})
		s.wantError("Query", err, table.ErrMisuse)
		_, err = s.table.Write(context.Background(), puts(table.Item{Key: key("p", "s"), Indexes: map[string]table.Key{"Z": key("x", "y")}})...)
		s.wantError("Write", err, table.ErrMisuse)
	}},
}

// indexed returns an item of at most 1 KB with entries at the given places.
func indexed(at map[string]table.Key) table.Item {
	return table.Item{Key: key("p", "a"), Indexes: at, Body: []byte("x")}
}

var (
	inL    = map[string]table.Key{"L": key("l", "1")}
	movedL = map[string]table.Key{"L": key("l", "2")}
	inBoth = map[string]table.Key{"L": key("l", "1"), "E": key("e", "1")}
	longL  = map[string]table.Key{"L": key(strings.Repeat("k", 1000), strings.Repeat("k", 1000))}

	oneKB      = itemOfSize(item("p", "a"), 1<<10)
	otherOneKB = itemOfSize(item("p", "b"), 1<<10)
	overOneKB  = itemOfSize(item("p", "a"), 1<<10+1)
	threeKB    = itemOfSize(item("p", "a"), 3<<10)
	keyA, keyB = key("p", "a"), key("p", "b")
)

// The prices are those of the Developer Guide, "Capacity unit consumption".
var writeUnitsCases = []testCase{
	writeUnits(1, "a put of 1 KB", nil, puts(oneKB)...),
	writeUnits(2, "a put of 1 KB and a byte", nil, puts(overOneKB)...),
	writeUnits(3, "a put of 3 KB over 1 KB", &oneKB, puts(threeKB)...),
	writeUnits(3, "a put of 1 KB over 3 KB", &threeKB, puts(oneKB)...),
	writeUnits(3, "a delete of 3 KB", &threeKB, table.Delete(keyA, table.Exists())),
	writeUnits(1, "a delete of nothing", nil, table.Delete(keyA, table.Always())),
	writeUnits(2, "a put with one entry", nil, puts(indexed(inL))...),
	writeUnits(3, "a put with two entries", nil, puts(indexed(inBoth))...),
	writeUnits(1, "a put that keeps its entry", new(indexed(inL)), puts(indexed(inL))...),
	writeUnits(3, "a put that moves its entry", new(indexed(inL)), puts(indexed(movedL))...),
	writeUnits(2, "a put that adds an entry to one", new(indexed(inL)), puts(indexed(inBoth))...),
	writeUnits(2, "a put that drops its entry", new(indexed(inL)), puts(indexed(nil))...),
	writeUnits(3, "a delete with two entries", new(indexed(inBoth)), table.Delete(keyA, table.Always())),
	writeUnits(4, "a put with an entry of 2 KB", nil, puts(indexed(longL))...),
	writeUnits(2, "a check alone", &oneKB, table.Check(keyA, table.Exists())),
	writeUnits(4, "two puts of 1 KB together", nil, puts(oneKB, otherOneKB)...),
	writeUnits(8, "two puts of 1 KB and a byte together", nil, puts(itemsOfSize(1<<10+1, item("p", "a"), item("p", "b"))...)...),
	writeUnits(8, "a put and a check of 3 KB together", &threeKB, table.Check(keyA, table.Exists()), table.Put(otherOneKB, table.Always())),
	writeUnits(4, "a put and a delete of nothing together", nil, table.Put(oneKB, table.Always()), table.Delete(keyB, table.Always())),
	writeUnits(8, "a put over 3 KB beside another", &threeKB, puts(oneKB, otherOneKB)...),
	writeUnits(5, "two puts together, one with an entry", nil, puts(indexed(inL), item("p", "b"))...),
}

func writeUnits(want float64, name string, existing *table.Item, ops ...table.Op) testCase {
	return testCase{"units: " + name, func(s fixture) {
		if existing != nil {
			s.mustPut(*existing)
		}
		s.wantEqual("units", s.mustWrite(ops...), table.Units{Write: want})
	}}
}

var readUnitsCases = []testCase{
	getUnits(1, "4 KB strong", true, keyA),
	getUnits(2, "4 KB and a byte strong", true, keyB),
	getUnits(0.5, "4 KB eventual", false, keyA),
	getUnits(1, "4 KB and a byte eventual", false, keyB),
	getUnits(1, "nothing strong", true, key("p", "none")),
	getUnits(0.5, "nothing eventual", false, key("p", "none")),
	getUnits(3, "two keys strong, each rounded", true, keyA, keyB),
	getUnits(1.5, "two keys eventual, each rounded", false, keyA, keyB),
	getUnits(3, "two keys strong, one absent", true, keyB, key("p", "none")),
	queryUnits(3, "a query strong, the sum rounded", table.Query{PK: "p", Strong: true}),
	queryUnits(1.5, "a query eventual, the sum rounded", table.Query{PK: "p"}),
	queryUnits(1, "a query limited to 4", table.Query{PK: "p", Limit: 4, Strong: true}),
	queryUnits(2, "a query limited to 5", table.Query{PK: "p", Limit: 5, Strong: true}),
	queryUnits(1, "a query of nothing strong", table.Query{PK: "q", Strong: true}),
	queryUnits(0.5, "a query of nothing eventual", table.Query{PK: "q"}),
	queryUnits(1.5, "an index query of keys, not of bodies", table.Query{Index: "L", PK: longL["L"].PK}),
	queryUnits(0.5, "an index query of nothing", table.Query{Index: "L", PK: "q"}),
}

// getUnits reads from items of 4 KB and of a byte more.
func getUnits(want float64, name string, strong bool, keys ...table.Key) testCase {
	return testCase{"units: " + name, func(s fixture) {
		s.mustPut(itemOfSize(item("p", "a"), 4096), itemOfSize(item("p", "b"), 4097))
		got, err := s.table.Get(context.Background(), strong, keys...)
		s.wantError("Get", err, nil)
		s.wantEqual("units", got.Units, table.Units{Read: want})
	}}
}

// queryUnits queries ten items of 1000 bytes, or five with entries of 2 KB.
func queryUnits(want float64, name string, q table.Query) testCase {
	return testCase{"units: " + name, func(s fixture) {
		items := itemsOfSize(1000, numberedItems(10)...)
		if q.Index != "" {
			items = numberedItems(5)
			for n := range items {
				items[n].Indexes = longL
			}
			itemsOfSize(9000, items...)
		}
		s.mustPut(items...)
		s.wantEqual("units", s.mustQuery(q).Units, table.Units{Read: want})
	}}
}
