package tabletest

import (
	"time"

	"cedula/shared/table"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// conditionItem is the item the conditions are tried on.
func conditionItem() table.Item {
	return table.Item{Key: key("p", "s"), Version: 3, Owner: "ann", Expires: noon, Body: []byte("x")}
}

// itemWithoutOwner is an item that has a version and no owner.
func itemWithoutOwner() table.Item {
	return table.Item{Key: key("p", "s"), Version: 3, Body: []byte("x")}
}

func itemWithBodyOnly() table.Item { return table.Item{Key: key("p", "s"), Body: []byte("x")} }

var conditionCases = []testCase{
	conditionHolds("always holds of an item", conditionItem, table.Always()),
	conditionHolds("always holds of nothing", nil, table.Always()),
	conditionHolds("absent holds of nothing", nil, table.Absent()),
	conditionFails("absent fails on an item", conditionItem, table.Absent()),
	conditionHolds("exists holds of an item", conditionItem, table.Exists()),
	conditionFails("exists fails on nothing", nil, table.Exists()),
	conditionHolds("its version", conditionItem, table.VersionIs(3)),
	conditionFails("another version", conditionItem, table.VersionIs(2)),
	conditionFails("a version of nothing", nil, table.VersionIs(3)),
	conditionFails("a version of an unversioned item", itemWithBodyOnly, table.VersionIs(3)),
	conditionHolds("version zero of an unversioned item", itemWithBodyOnly, table.VersionIs(0)),
	conditionFails("version zero of a versioned item", conditionItem, table.VersionIs(0)),
	conditionFails("version zero of nothing", nil, table.VersionIs(0)),
	conditionHolds("its version of its owner", conditionItem, table.VersionAndOwnerAre("ann", 3)),
	conditionFails("another version of its owner", conditionItem, table.VersionAndOwnerAre("ann", 2)),
	conditionFails("its version of another owner", conditionItem, table.VersionAndOwnerAre("bob", 3)),
	conditionHolds("its version of an item without an owner", itemWithoutOwner, table.VersionAndOwnerAre("ann", 3)),
	conditionFails("another version of an item without an owner", itemWithoutOwner, table.VersionAndOwnerAre("ann", 2)),
	conditionFails("a version of an owner of nothing", nil, table.VersionAndOwnerAre("ann", 3)),
	conditionFails("a version of an owner of an item without", itemWithBodyOnly, table.VersionAndOwnerAre("ann", 3)),
	conditionHolds("its owner", conditionItem, table.OwnerIs("ann")),
	conditionFails("another owner", conditionItem, table.OwnerIs("bob")),
	conditionFails("an owner of nothing", nil, table.OwnerIs("ann")),
	conditionFails("an owner of an item without one", itemWithBodyOnly, table.OwnerIs("ann")),
	conditionHolds("no owner of an item without one", itemWithBodyOnly, table.OwnerIs("")),
	conditionFails("no owner of an owned item", conditionItem, table.OwnerIs("")),
	conditionFails("no owner of nothing", nil, table.OwnerIs("")),
	conditionHolds("absent or expired: nothing", nil, table.AbsentOrExpired(noon)),
	conditionHolds("absent or expired: expired long ago", conditionItem, table.AbsentOrExpired(noon.Add(time.Hour))),
	conditionHolds("absent or expired: expires this second", conditionItem, table.AbsentOrExpired(noon)),
	conditionHolds("absent or expired: expires within this second", conditionItem, table.AbsentOrExpired(noon.Add(999*time.Millisecond))),
	conditionFails("absent or expired: expires next second", conditionItem, table.AbsentOrExpired(noon.Add(-time.Millisecond))),
	conditionFails("absent or expired: never expires", itemWithBodyOnly, table.AbsentOrExpired(noon)),
}

// the three ways to ask: as a put, a delete and a check, each alone and beside
// another operation.
func opVariants(c table.Condition) map[string][]table.Op {
	k, beside := key("p", "s"), table.Put(item("p", "beside"), table.Always())
	replacement := versionedItem("p", "s", 9)
	return map[string][]table.Op{
		"put":               {table.Put(replacement, c)},
		"delete":            {table.Delete(k, c)},
		"check":             {table.Check(k, c)},
		"put in company":    {table.Put(replacement, c), beside},
		"delete in company": {table.Delete(k, c), beside},
		"check in company":  {table.Check(k, c), beside},
	}
}

func resetItems(s fixture, there func() table.Item) {
	s.Helper()
	s.mustWrite(table.Delete(key("p", "s"), table.Always()))
	s.mustWrite(table.Delete(key("p", "beside"), table.Always()))
	if there != nil {
		s.mustPut(there())
	}
}

func conditionHolds(name string, there func() table.Item, c table.Condition) testCase {
	return testCase{"condition holds: " + name, func(s fixture) {
		for way, ops := range opVariants(c) {
			resetItems(s, there)
			s.mustWrite(ops...)
			var want []table.Item
			switch {
			case ops[0].Action == table.ActionPut:
				want = []table.Item{ops[0].Item}
			case ops[0].Action == table.ActionCheck && there != nil:
				want = []table.Item{there()}
			}
			s.wantEqual(way, s.mustGet(key("p", "s")), want)
		}
	}}
}

func conditionFails(name string, there func() table.Item, c table.Condition) testCase {
	return testCase{"condition fails: " + name, func(s fixture) {
		want := table.Failure{Op: 0}
		var stays []table.Item
		if there != nil {
			current := there()
			want.Current, stays = &current, []table.Item{current}
		}
		for way, ops := range opVariants(c) {
			resetItems(s, there)
			s.wantEqual(way, s.mustFailConditions(ops...), []table.Failure{want})
			s.wantEqual(way, s.mustGet(key("p", "s"), key("p", "beside")), stays)
		}
	}}
}
