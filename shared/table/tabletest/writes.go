package tabletest

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"cedula/shared/table"
)

var writeFacts = []fact{
	{"several items are written together", func(s subject) {
		s.put(item("p", "gone"))
		s.write(
			table.Put(versioned("p", "a", 1), table.Absent()),
			table.Put(versioned("q", "b", 2), table.Absent()),
			table.Delete(key("p", "gone"), table.Exists()),
			table.Check(key("p", "nothing"), table.Absent()),
		)
		got := s.get(key("p", "a"), key("q", "b"), key("p", "gone"))
		s.same("items", got, []table.Item{versioned("p", "a", 1), versioned("q", "b", 2)})
	}},
	{"one failed condition among many writes nothing", func(s subject) {
		s.put(versioned("p", "gone", 1))
		failed := s.refused(
			table.Put(item("p", "a"), table.Absent()),
			table.Delete(key("p", "gone"), table.Exists()),
			table.Check(key("p", "nothing"), table.Exists()),
			table.Put(item("p", "b"), table.Absent()),
		)
		s.same("failures", failed, []table.Failure{{Op: 2}})
		s.same("items", s.get(key("p", "a"), key("p", "b"), key("p", "gone")), []table.Item{versioned("p", "gone", 1)})
	}},
	{"every failed condition is named with its own item", func(s subject) {
		a, c := versioned("p", "a", 1), table.Item{Key: key("p", "c"), Owner: "ann", Body: []byte("c")}
		s.put(a, c)
		ops := []table.Op{
			table.Put(versioned("p", "a", 5), table.VersionIs(4)),
			table.Put(item("p", "b"), table.Absent()),
			table.Check(key("p", "c"), table.OwnerIs("bob")),
			table.Delete(key("p", "d"), table.Exists()),
		}
		failed := s.refused(ops...)
		s.same("failures", failed, []table.Failure{{Op: 0, Current: &a}, {Op: 2, Current: &c}, {Op: 3}})
	}},
	{"a condition error finds failures by operation and holds no keys", func(s subject) {
		s.put(versioned("secret", "a", 1))
		_, err := s.table.Write(s.Context(), table.Put(item("secret", "b"), table.Absent()), table.Put(item("secret", "a"), table.Absent()))
		var failed *table.ConditionError
		if !errors.As(err, &failed) || failed.Of(0) != nil || failed.Of(1) == nil {
			s.Fatalf("error %v", err)
		}
		if strings.Contains(err.Error(), "secret") {
			s.Fatal("the error quotes a key")
		}
	}},
	{"an item put again replaces the whole item", func(s subject) {
		s.put(standing())
		s.put(item("p", "s"))
		s.same("item", s.get(key("p", "s")), []table.Item{item("p", "s")})
	}},
	{"deleting what is absent is no error", func(s subject) {
		s.write(table.Delete(key("p", "a"), table.Always()))
		s.write(table.Delete(key("p", "a"), table.Always()), table.Delete(key("p", "b"), table.Absent()))
	}},
	{"a check that holds of nothing or something changes neither", func(s subject) {
		s.put(item("p", "a"))
		s.write(table.Check(key("p", "a"), table.Exists()), table.Check(key("p", "b"), table.Absent()))
		s.same("items", s.get(key("p", "a"), key("p", "b")), []table.Item{item("p", "a")})
	}},
	{"100 operations are written, on the last of which may hang all", func(s subject) {
		ops := make([]table.Op, table.MaxWriteItems)
		for i := range ops {
			ops[i] = table.Put(item("p", fmt.Sprintf("%03d", i)), table.Absent())
		}
		s.put(item("p", "099"))
		s.same("failures", len(s.refused(ops...)), 1)
		s.same("written", len(s.all(table.Query{PK: "p"})), 1)
		s.write(table.Delete(key("p", "099"), table.Always()))
		s.write(ops...)
		s.same("written", len(s.all(table.Query{PK: "p"})), 100)
	}},
}

var itemFacts = []fact{
	roundTrip("a key only", item("p", "s")),
	roundTrip("every field", table.Item{
		Key: key("p", "s"), Indexes: map[string]table.Key{"L": key("lp", "ls"), "E": key("ep", "es")},
		Version: 7, Owner: "ann", Expires: noon, Body: []byte{0, 1, 254, 255},
	}),
	roundTrip("one index of two", table.Item{Key: key("p", "s"), Indexes: map[string]table.Key{"E": key("ep", "es")}}),
	roundTrip("no index, an empty map", table.Item{Key: key("p", "s"), Indexes: map[string]table.Key{}}),
	roundTrip("an empty body", table.Item{Key: key("p", "s"), Body: []byte{}}),
	roundTrip("a body of one zero byte", table.Item{Key: key("p", "s"), Body: []byte{0}}),
	roundTrip("the greatest version", versioned("p", "s", 1<<63-1)),
	roundTrip("a negative version", versioned("p", "s", -1<<63)),
	roundTrip("the first second of 1970", table.Item{Key: key("p", "s"), Expires: time.Unix(0, 0)}),
	roundTrip("a second before 1970", table.Item{Key: key("p", "s"), Expires: time.Unix(-1, 0)}),
	roundTrip("a second far ahead", table.Item{Key: key("p", "s"), Expires: time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)}),
	roundTrip("an owner that is no ASCII", table.Item{Key: key("p", "s"), Owner: "añß漢😀\u0000x"}),
	roundTrip("keys with zero bytes", item("p\u0000", "\u0000\u0001s\u0000")),
	roundTrip("keys that are no ASCII", item("ñ漢", "😀\u200d")),
	{"round trip: a time to the second, in UTC", func(s subject) {
		i := item("p", "s")
		i.Expires = noon.Add(987 * time.Millisecond).In(time.FixedZone("x", 3600))
		s.put(i)
		got := s.get(i.Key)[0].Expires
		s.same("time", got, noon)
		s.same("zone", got.Location().String(), "UTC")
	}},
}

func roundTrip(name string, i table.Item) fact {
	return fact{"round trip: " + name, func(s subject) {
		s.put(i)
		want := []table.Item{i}
		s.same("get", s.get(i.Key), want)
		s.same("query", s.query(table.Query{PK: i.PK, Strong: true}).Items, want)
		failed := s.refused(table.Check(i.Key, table.Absent()))
		s.same("failure", failed[0].Current, &i)
	}}
}
