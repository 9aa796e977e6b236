package tabletest

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"cedula/shared/table"
)

var writeCases = []testCase{
	{"several items are written together", func(s fixture) {
		s.mustPut(item("p", "gone"))
		s.mustWrite(
			table.Put(versionedItem("p", "a", 1), table.Absent()),
			table.Put(versionedItem("q", "b", 2), table.Absent()),
			table.Delete(key("p", "gone"), table.Exists()),
			table.Check(key("p", "nothing"), table.Absent()),
		)
		got := s.mustGet(key("p", "a"), key("q", "b"), key("p", "gone"))
		s.wantEqual("items", got, []table.Item{versionedItem("p", "a", 1), versionedItem("q", "b", 2)})
	}},
	{"one failed condition among many writes nothing", func(s fixture) {
		s.mustPut(versionedItem("p", "gone", 1))
		failed := s.mustFailConditions(
			table.Put(item("p", "a"), table.Absent()),
			table.Delete(key("p", "gone"), table.Exists()),
			table.Check(key("p", "nothing"), table.Exists()),
			table.Put(item("p", "b"), table.Absent()),
		)
		s.wantEqual("failures", failed, []table.Failure{{Op: 2}})
		s.wantEqual("items", s.mustGet(key("p", "a"), key("p", "b"), key("p", "gone")), []table.Item{versionedItem("p", "gone", 1)})
	}},
	{"every failed condition is named with its own item", func(s fixture) {
		a, c := versionedItem("p", "a", 1), table.Item{Key: key("p", "c"), Owner: "ann", Body: []byte("c")}
		s.mustPut(a, c)
		ops := []table.Op{
			table.Put(versionedItem("p", "a", 5), table.VersionIs(4)),
			table.Put(item("p", "b"), table.Absent()),
			table.Check(key("p", "c"), table.OwnerIs("bob")),
			table.Delete(key("p", "d"), table.Exists()),
		}
		failed := s.mustFailConditions(ops...)
		s.wantEqual("failures", failed, []table.Failure{{Op: 0, Current: &a}, {Op: 2, Current: &c}, {Op: 3}})
	}},
	{"a condition error finds failures by operation and holds no keys", func(s fixture) {
		s.mustPut(versionedItem("secret", "a", 1))
		_, err := s.table.Write(s.Context(), table.Put(item("secret", "b"), table.Absent()), table.Put(item("secret", "a"), table.Absent()))
		var failed *table.ConditionError
		if !errors.As(err, &failed) || failed.FailureOf(0) != nil || failed.FailureOf(1) == nil {
			s.Fatalf("error %v", err)
		}
		if strings.Contains(err.Error(), "secret") {
			s.Fatal("the error quotes a key")
		}
	}},
	{"an item put again replaces the whole item", func(s fixture) {
		s.mustPut(conditionItem())
		s.mustPut(item("p", "s"))
		s.wantEqual("item", s.mustGet(key("p", "s")), []table.Item{item("p", "s")})
	}},
	{"deleting what is absent is no error", func(s fixture) {
		s.mustWrite(table.Delete(key("p", "a"), table.Always()))
		s.mustWrite(table.Delete(key("p", "a"), table.Always()), table.Delete(key("p", "b"), table.Absent()))
	}},
	{"a check that holds of nothing or something changes neither", func(s fixture) {
		s.mustPut(item("p", "a"))
		s.mustWrite(table.Check(key("p", "a"), table.Exists()), table.Check(key("p", "b"), table.Absent()))
		s.wantEqual("items", s.mustGet(key("p", "a"), key("p", "b")), []table.Item{item("p", "a")})
	}},
	{"100 operations are written, on the last of which may hang all", func(s fixture) {
		ops := make([]table.Op, table.MaxWriteItems)
		for i := range ops {
			ops[i] = table.Put(item("p", fmt.Sprintf("%03d", i)), table.Absent())
		}
		s.mustPut(item("p", "099"))
		s.wantEqual("failures", len(s.mustFailConditions(ops...)), 1)
		s.wantEqual("written", len(s.allSortKeys(table.Query{PK: "p"})), 1)
		s.mustWrite(table.Delete(key("p", "099"), table.Always()))
		s.mustWrite(ops...)
		s.wantEqual("written", len(s.allSortKeys(table.Query{PK: "p"})), 100)
	}},
}

var itemCases = []testCase{
	roundTrip("a key only", item("p", "s")),
	roundTrip("every field", table.Item{
		Key: key("p", "s"), Indexes: map[string]table.Key{"L": key("lp", "ls"), "E": key("ep", "es")},
		Version: 7, Owner: "ann", Expires: noon, Body: []byte{0, 1, 254, 255},
	}),
	roundTrip("one index of two", table.Item{Key: key("p", "s"), Indexes: map[string]table.Key{"E": key("ep", "es")}}),
	roundTrip("no index, an empty map", table.Item{Key: key("p", "s"), Indexes: map[string]table.Key{}}),
	roundTrip("an empty body", table.Item{Key: key("p", "s"), Body: []byte{}}),
	roundTrip("a body of one zero byte", table.Item{Key: key("p", "s"), Body: []byte{0}}),
	roundTrip("the greatest version", versionedItem("p", "s", 1<<63-1)),
	roundTrip("a negative version", versionedItem("p", "s", -1<<63)),
	roundTrip("the first second of 1970", table.Item{Key: key("p", "s"), Expires: time.Unix(0, 0)}),
	roundTrip("a second before 1970", table.Item{Key: key("p", "s"), Expires: time.Unix(-1, 0)}),
	roundTrip("a second far ahead", table.Item{Key: key("p", "s"), Expires: time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)}),
	roundTrip("an owner that is no ASCII", table.Item{Key: key("p", "s"), Owner: "añß漢😀\u0000x"}),
	roundTrip("keys with zero bytes", item("p\u0000", "\u0000\u0001s\u0000")),
	roundTrip("keys that are no ASCII", item("ñ漢", "😀\u200d")),
	{"round trip: a time to the second, in UTC", func(s fixture) {
		i := item("p", "s")
		i.Expires = noon.Add(987 * time.Millisecond).In(time.FixedZone("x", 3600))
		s.mustPut(i)
		got := s.mustGet(i.Key)[0].Expires
		s.wantEqual("time", got, noon)
		s.wantEqual("zone", got.Location().String(), "UTC")
	}},
}

func roundTrip(name string, i table.Item) testCase {
	return testCase{"round trip: " + name, func(s fixture) {
		s.mustPut(i)
		want := []table.Item{i}
		s.wantEqual("get", s.mustGet(i.Key), want)
		s.wantEqual("query", s.mustQuery(table.Query{PK: i.PK, Strong: true}).Items, want)
		failed := s.mustFailConditions(table.Check(i.Key, table.Absent()))
		s.wantEqual("failure", failed[0].Current, &i)
	}}
}
