package tabletest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"cedula/shared/table"
)

func stringOfLength(n int) string { return strings.Repeat("k", n) }

var limitCases = []testCase{
	{"limit: an item of 400 KB is written, one byte more is too large", func(s fixture) {
		s.mustPut(itemOfSize(item("p", "s"), table.MaxItemBytes))
		s.wantEqual("bytes", s.mustGet(key("p", "s"))[0].Bytes(), table.MaxItemBytes)
		s.mustFail(table.ErrTooLarge, table.Put(itemOfSize(item("p", "s"), table.MaxItemBytes+1), table.Always()))
		s.mustFail(table.ErrTooLarge, table.Put(item("p", "a"), table.Always()), table.Put(itemOfSize(item("p", "s"), table.MaxItemBytes+1), table.Always()))
		s.wantEqual("nothing beside it", s.mustGet(key("p", "a")), []table.Item(nil))
	}},
	{"limit: index keys and owner count towards an item's size", func(s fixture) {
		i := table.Item{Key: key("p", "s"), Indexes: map[string]table.Key{"L": key("l", "l")}, Owner: stringOfLength(300 << 10)}
		s.mustPut(itemOfSize(i, table.MaxItemBytes))
		s.mustFail(table.ErrTooLarge, table.Put(itemOfSize(i, table.MaxItemBytes+1), table.Always()))
	}},
	{"limit: keys of 2048 and 1024 bytes are written, one byte more is too large", func(s fixture) {
		k := key(stringOfLength(table.MaxPKBytes), stringOfLength(table.MaxSKBytes))
		i := table.Item{Key: k, Indexes: map[string]table.Key{"L": k}}
		s.mustPut(i)
		s.wantEqual("get", s.mustGet(k), []table.Item{i})
		s.wantEqual("query", s.allSortKeys(table.Query{PK: k.PK, From: k.SK, To: k.SK}), []string{k.SK})
		s.wantEqual("index", s.allSortKeys(table.Query{Index: "L", PK: k.PK, Limit: 1}), []string{k.SK})
		for _, k := range []table.Key{key(stringOfLength(table.MaxPKBytes+1), "s"), key("p", stringOfLength(table.MaxSKBytes+1))} {
			s.mustFail(table.ErrTooLarge, table.Put(table.Item{Key: k}, table.Always()))
			s.mustFail(table.ErrTooLarge, table.Put(table.Item{Key: key("p", "s"), Indexes: map[string]table.Key{"L": k}}, table.Always()))
			s.mustFail(table.ErrTooLarge, table.Delete(k, table.Always()), table.Check(key("p", "s"), table.Always()))
		}
	}},
	{"limit: 101 operations are too many", func(s fixture) {
		var ops []table.Op
		for _, i := range numberedItems("p", table.MaxWriteItems+1) {
			ops = append(ops, table.Put(i, table.Always()))
		}
		s.mustFail(table.ErrTooLarge, ops...)
		s.mustWrite(ops[:table.MaxWriteItems]...)
	}},
	{"limit: 4 MB in one write, one byte more is too large", func(s fixture) {
		var ops []table.Op
		left := table.MaxWriteBytes
		for n := 0; left > 0; n++ {
			i := itemOfSize(item("p", fmt.Sprintf("%03d", n)), min(left, table.MaxItemBytes))
			left -= i.Bytes()
			ops = append(ops, table.Put(i, table.Always()))
		}
		s.mustWrite(ops...)
		last := &ops[len(ops)-1].Item
		last.Body = append(last.Body, 0)
		s.mustFail(table.ErrTooLarge, ops...)
	}},
	{"limit: 101 keys are too many", func(s fixture) {
		var keys []table.Key
		for _, i := range numberedItems("p", table.MaxGetItems+1) {
			keys = append(keys, i.Key)
		}
		if _, err := s.table.Get(context.Background(), true, keys...); !errors.Is(err, table.ErrTooLarge) {
			s.Fatalf("get: %v", err)
		}
	}},
}

var misuseCases = []testCase{
	badWrite("no operation"),
	badWrite("an empty PK", table.Put(item("", "s"), table.Always())),
	badWrite("an empty SK", table.Delete(key("p", ""), table.Always())),
	badWrite("an empty key among others", table.Put(item("p", "s"), table.Always()), table.Check(key("", "s"), table.Absent())),
	badWrite("an index key without PK", table.Put(table.Item{Key: key("p", "s"), Indexes: map[string]table.Key{"L": key("", "x")}}, table.Always())),
	badWrite("an index key without SK", table.Put(table.Item{Key: key("p", "s"), Indexes: map[string]table.Key{"L": key("x", "")}}, table.Always())),
	badWrite("an unknown index", table.Put(table.Item{Key: key("p", "s"), Indexes: map[string]table.Key{"Z": key("x", "y")}}, table.Always())),
	badWrite("one key put twice", table.Put(item("p", "s"), table.Always()), table.Put(item("p", "s"), table.Always())),
	badWrite("one key put and checked", table.Put(item("p", "s"), table.Always()), table.Check(key("p", "s"), table.Absent())),
	badWrite("a key that is no UTF-8", table.Put(item("p\xff", "s"), table.Always())),
	badWrite("an owner that is no UTF-8", table.Put(table.Item{Key: key("p", "s"), Owner: "\xff"}, table.Always())),
	badWrite("an unknown action", table.Op{Action: 9, Item: item("p", "s")}),
	badWrite("an unknown condition", table.Put(item("p", "s"), table.Condition{Kind: 99})),
	badGet("no key"),
	badGet("an empty key", key("p", "")),
	badGet("an empty key among others", key("p", "s"), key("", "s")),
	badGet("one key twice", key("p", "s"), key("p", "a"), key("p", "s")),
	badQuery("no partition", table.Query{}),
	badQuery("an unknown index", table.Query{Index: "Z", PK: "p"}),
	badQuery("a strong read of an index", table.Query{Index: "L", PK: "p", Strong: true}),
	badQuery("a limit below zero", table.Query{PK: "p", Limit: -1}),
	badQuery("bounds the wrong way round", table.Query{PK: "p", From: "b", To: "a"}),
	badQuery("a start in another partition", table.Query{PK: "p", Start: &table.Position{Key: key("q", "s")}}),
	badQuery("a start before the bounds", table.Query{PK: "p", From: "b", Start: &table.Position{Key: key("p", "a")}}),
	badQuery("a start behind the bounds", table.Query{PK: "p", To: "b", Start: &table.Position{Key: key("p", "c")}}),
	badQuery("a table's start in an index", table.Query{Index: "L", PK: "p", Start: &table.Position{Key: key("p", "s")}}),
}

func badWrite(name string, ops ...table.Op) testCase {
	return testCase{"misuse: write with " + name, func(s fixture) { s.mustFail(table.ErrMisuse, ops...) }}
}

func badGet(name string, keys ...table.Key) testCase {
	return testCase{"misuse: get with " + name, func(s fixture) {
		if _, err := s.table.Get(context.Background(), true, keys...); !errors.Is(err, table.ErrMisuse) {
			s.Fatalf("get: %v", err)
		}
	}}
}

func badQuery(name string, q table.Query) testCase {
	return testCase{"misuse: query with " + name, func(s fixture) {
		if _, err := s.table.Query(context.Background(), q); !errors.Is(err, table.ErrMisuse) {
			s.Fatalf("query: %v", err)
		}
	}}
}
