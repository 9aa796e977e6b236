package tabletest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"cedula/shared/table"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// The items that conditions are evaluated on; a nil one is absent.
var (
	fullItem  = &table.Item{Key: key("p", "s"), Version: 3, Owner: "ann", Expires: noon, Body: []byte("x")}
	ownerless = &table.Item{Key: key("p", "s"), Version: 3, Body: []byte("x")}
	bodyOnly  = &table.Item{Key: key("p", "s"), Body: []byte("x")}
	absent    *table.Item
)

var conditionCases = []testCase{
	conditionHolds("always", table.Always(), absent, fullItem, ownerless, bodyOnly),
	conditionHolds("absent", table.Absent(), absent),
	conditionHolds("exists", table.Exists(), fullItem, ownerless, bodyOnly),
	conditionHolds("the version", table.VersionIs(3), fullItem, ownerless),
	conditionHolds("another version", table.VersionIs(2)),
	conditionHolds("version zero", table.VersionIs(0), bodyOnly),
	conditionHolds("the version and owner", table.VersionAndOwnerAre("ann", 3), fullItem, ownerless),
	conditionHolds("another version and the owner", table.VersionAndOwnerAre("ann", 2)),
	conditionHolds("the version and another owner", table.VersionAndOwnerAre("bob", 3), ownerless),
	conditionHolds("the owner", table.OwnerIs("ann"), fullItem),
	conditionHolds("another owner", table.OwnerIs("bob")),
	conditionHolds("no owner", table.OwnerIs(""), ownerless, bodyOnly),
	conditionHolds("absent or expired an hour ago", table.AbsentOrExpired(noon.Add(time.Hour)), absent, fullItem),
	conditionHolds("absent or expired this second", table.AbsentOrExpired(noon), absent, fullItem),
	conditionHolds("absent or expired within this second", table.AbsentOrExpired(noon.Add(999*time.Millisecond)), absent, fullItem),
	conditionHolds("absent or expired, a second too early", table.AbsentOrExpired(noon.Add(-time.Millisecond)), absent),
}

// conditionHolds tests that a condition is satisfied by these items and by no others: of a put, a delete and a check, alone
// and in a transaction.
func conditionHolds(name string, c table.Condition, of ...*table.Item) testCase {
	return testCase{"condition: " + name, func(s fixture) {
		for _, existing := range []*table.Item{absent, fullItem, ownerless, bodyOnly} {
			for _, op := range []table.Op{table.Put(versionedItem("p", "s", 9), c), table.Delete(key("p", "s"), c), table.Check(key("p", "s"), c)} {
				for _, ops := range [][]table.Op{{op}, {op, table.Put(item("p", "beside"), table.Always())}} {
					s.mustWrite(table.Delete(key("p", "s"), table.Always()), table.Delete(key("p", "beside"), table.Always()))
					if existing != nil {
						s.mustPut(*existing)
					}
					s.testCondition(ops, existing, slices.Contains(of, existing))
				}
			}
		}
	}}
}

// testCondition writes operations, the first with a condition, which does or does not hold for the existing item.
func (s fixture) testCondition(ops []table.Op, existing *table.Item, holds bool) {
	s.Helper()
	var want []table.Item
	if existing != nil {
		want = []table.Item{*existing}
	}
	if !holds {
		s.wantEqual(fmt.Sprintf("failures of %+v on %+v", ops, existing), s.mustFailConditions(ops...), []table.Failure{{Op: 0, Current: existing}})
		s.wantItems(keys("s", "beside"), want...)
		return
	}
	s.mustWrite(ops...)
	switch ops[0].Action {
	case table.ActionPut:
		want = []table.Item{ops[0].Item}
	case table.ActionDelete:
		want = nil
	}
	s.wantItems(keys("s"), want...)
}

var writeCases = []testCase{
	{"several items are written together", func(s fixture) {
		s.mustPut(item("p", "deleted"))
		s.mustWrite(
			table.Put(versionedItem("p", "a", 1), table.Absent()),
			table.Put(versionedItem("p", "b", 2), table.Absent()),
			table.Delete(key("p", "deleted"), table.Exists()),
			table.Check(key("p", "none"), table.Absent()),
		)
		s.wantItems(keys("a", "b", "deleted"), versionedItem("p", "a", 1), versionedItem("p", "b", 2))
	}},
	{"failed conditions are named with their own items, and nothing is written", func(s fixture) {
		a, c := versionedItem("p", "a", 1), table.Item{Key: key("p", "c"), Owner: "ann", Body: []byte("c")}
		s.mustPut(a, c)
		failed := s.mustFailConditions(
			table.Put(versionedItem("p", "a", 5), table.VersionIs(4)),
			table.Put(item("p", "b"), table.Absent()),
			table.Check(key("p", "c"), table.OwnerIs("bob")),
			table.Delete(key("p", "d"), table.Exists()),
		)
		s.wantEqual("failures", failed, []table.Failure{{Op: 0, Current: &a}, {Op: 2, Current: &c}, {Op: 3}})
		s.wantItems(keys("a", "b", "c"), a, c)
	}},
	{"100 operations are written together or not at all", func(s fixture) {
		ops := puts(numberedItems(table.MaxWriteItems)...)
		last := &ops[len(ops)-1]
		last.Condition = table.Absent()
		s.mustPut(last.Item)
		s.wantEqual("failures", len(s.mustFailConditions(ops...)), 1)
		s.wantSortKeys(table.Query{PK: "p"}, last.Item.SK)
		s.mustWrite(table.Delete(last.Item.Key, table.Always()))
		s.mustWrite(ops...)
		s.wantEqual("items", len(s.allSortKeys(table.Query{PK: "p"})), 100)
	}},
	{"a cancelled context reads and writes nothing", func(s fixture) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		for _, ops := range [][]table.Op{puts(item("p", "s")), puts(item("p", "s"), item("p", "t"))} {
			_, err := s.table.Write(ctx, ops...)
			s.wantError("Write", err, context.Canceled)
		}
		_, err := s.table.Get(ctx, true, key("p", "s"))
		s.wantError("Get", err, context.Canceled)
		_, err = s.table.Query(ctx, table.Query{PK: "p"})
		s.wantError("Query", err, context.Canceled)
		s.wantItems(keys("s", "t"))
	}},
}

var itemCases = []testCase{
	roundTrip("a key only", item("p", "s")),
	roundTrip("every field", table.Item{
		Key: key("p", "s"), Indexes: map[string]table.Key{"L": key("lp", "ls"), "E": key("ep", "es")},
		Version: 7, Owner: "ann", Expires: noon, Body: []byte{0, 1, 254, 255},
	}),
	roundTrip("one index of two", table.Item{Key: key("p", "s"), Indexes: map[string]table.Key{"E": key("ep", "es")}}),
	roundTrip("an empty map of indexes", table.Item{Key: key("p", "s"), Indexes: map[string]table.Key{}}),
	roundTrip("an empty body", table.Item{Key: key("p", "s"), Body: []byte{}}),
	roundTrip("a body of one zero byte", table.Item{Key: key("p", "s"), Body: []byte{0}}),
	roundTrip("the greatest version", versionedItem("p", "s", 1<<63-1)),
	roundTrip("a negative version", versionedItem("p", "s", -1<<63)),
	roundTrip("the first second of 1970", table.Item{Key: key("p", "s"), Expires: time.Unix(0, 0)}),
	roundTrip("a second before 1970", table.Item{Key: key("p", "s"), Expires: time.Unix(-1, 0)}),
	roundTrip("a second in 9999", table.Item{Key: key("p", "s"), Expires: time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)}),
	roundTrip("a non-ASCII owner", table.Item{Key: key("p", "s"), Owner: "añß漢😀\u0000x"}),
	roundTrip("keys with zero bytes", item("p\u0000", "\u0000\u0001s\u0000")),
	roundTrip("non-ASCII keys", item("ñ漢", "😀\u200d")),
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
		s.wantItems([]table.Key{i.Key}, i)
		s.wantEqual("query", s.mustQuery(table.Query{PK: i.PK, Strong: true}).Items, []table.Item{i})
		s.wantEqual("failures", s.mustFailConditions(table.Check(i.Key, table.Absent())), []table.Failure{{Op: 0, Current: &i}})
	}}
}

const writerCount = 32

// runWriters runs f concurrently for every writer and waits for all.
func runWriters(f func(writer int)) {
	var group sync.WaitGroup
	start := make(chan struct{})
	for n := range writerCount {
		group.Go(func() {
			<-start
			f(n)
		})
	}
	close(start)
	group.Wait()
}

// tryWrite repeats a write until it does not conflict with other writers. It returns a nil slice if it was done, and its
// failed conditions otherwise.
func (s fixture) tryWrite(ops ...table.Op) []table.Failure {
	err := table.ErrConflict
	for errors.Is(err, table.ErrConflict) {
		_, err = s.table.Write(context.Background(), ops...)
	}
	if err == nil {
		return nil
	}
	var failed *table.ConditionError
	if !errors.As(err, &failed) {
		s.Errorf("Write: error = %v, want a *ConditionError", err)
		return []table.Failure{{Op: -1}}
	}
	return failed.Failures
}

var concurrencyCases = []testCase{
	{"race: of 32 transactions on one absent key one wins, the others see its item", func(s fixture) {
		var winners atomic.Int64
		seen := make([]int64, writerCount)
		runWriters(func(n int) {
			version := int64(n + 1)
			failed := s.tryWrite(
				table.Put(versionedItem("p", "s", version), table.Absent()),
				table.Put(item("q", fmt.Sprint(n)), table.Always()))
			if failed == nil {
				winners.Add(1)
				seen[n] = version
			} else if failed[0].Op == 0 && failed[0].Current != nil {
				seen[n] = failed[0].Current.Version
			}
		})
		s.wantEqual("winners", winners.Load(), int64(1))
		s.wantEqual("transactions done", len(s.allSortKeys(table.Query{PK: "q"})), 1)
		winner := s.mustGet(key("p", "s"))[0].Version
		s.wantEqual("versions seen", seen, slices.Repeat([]int64{winner}, writerCount))
	}},
	{"race: 32 writers count by version and lose no count", func(s fixture) {
		s.mustPut(versionedItem("p", "s", 1))
		runWriters(func(int) {
			for done := 0; done < 5; {
				now := s.mustGet(key("p", "s"))[0].Version
				if s.tryWrite(table.Put(versionedItem("p", "s", now+1), table.VersionIs(now))) == nil {
					done++
				}
			}
		})
		s.wantItems(keys("s"), versionedItem("p", "s", 1+writerCount*5))
	}},
}
