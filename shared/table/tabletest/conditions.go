package tabletest

import (
	"time"

	"cedula/shared/table"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// standing is the item the conditions are tried on.
func standing() table.Item {
	return table.Item{Key: key("p", "s"), Version: 3, Owner: "ann", Expires: noon, Body: []byte("x")}
}

// unowned is an item that has a version and no owner.
func unowned() table.Item { return table.Item{Key: key("p", "s"), Version: 3, Body: []byte("x")} }

func plain() table.Item { return table.Item{Key: key("p", "s"), Body: []byte("x")} }

var conditionFacts = []fact{
	holdsOn("always holds of an item", standing, table.Always()),
	holdsOn("always holds of nothing", nil, table.Always()),
	holdsOn("absent holds of nothing", nil, table.Absent()),
	failsOn("absent fails on an item", standing, table.Absent()),
	holdsOn("exists holds of an item", standing, table.Exists()),
	failsOn("exists fails on nothing", nil, table.Exists()),
	holdsOn("its version", standing, table.VersionIs(3)),
	failsOn("another version", standing, table.VersionIs(2)),
	failsOn("a version of nothing", nil, table.VersionIs(3)),
	failsOn("a version of an unversioned item", plain, table.VersionIs(3)),
	holdsOn("version zero of an unversioned item", plain, table.VersionIs(0)),
	failsOn("version zero of a versioned item", standing, table.VersionIs(0)),
	failsOn("version zero of nothing", nil, table.VersionIs(0)),
	holdsOn("its version of its owner", standing, table.VersionOf("ann", 3)),
	failsOn("another version of its owner", standing, table.VersionOf("ann", 2)),
	failsOn("its version of another owner", standing, table.VersionOf("bob", 3)),
	holdsOn("its version of an item without an owner", unowned, table.VersionOf("ann", 3)),
	failsOn("another version of an item without an owner", unowned, table.VersionOf("ann", 2)),
	failsOn("a version of an owner of nothing", nil, table.VersionOf("ann", 3)),
	failsOn("a version of an owner of an item without", plain, table.VersionOf("ann", 3)),
	holdsOn("its owner", standing, table.OwnerIs("ann")),
	failsOn("another owner", standing, table.OwnerIs("bob")),
	failsOn("an owner of nothing", nil, table.OwnerIs("ann")),
	failsOn("an owner of an item without one", plain, table.OwnerIs("ann")),
	holdsOn("no owner of an item without one", plain, table.OwnerIs("")),
	failsOn("no owner of an owned item", standing, table.OwnerIs("")),
	failsOn("no owner of nothing", nil, table.OwnerIs("")),
	holdsOn("absent or expired: nothing", nil, table.AbsentOrExpired(noon)),
	holdsOn("absent or expired: expired long ago", standing, table.AbsentOrExpired(noon.Add(time.Hour))),
	holdsOn("absent or expired: expires this second", standing, table.AbsentOrExpired(noon)),
	holdsOn("absent or expired: expires within this second", standing, table.AbsentOrExpired(noon.Add(999*time.Millisecond))),
	failsOn("absent or expired: expires next second", standing, table.AbsentOrExpired(noon.Add(-time.Millisecond))),
	failsOn("absent or expired: never expires", plain, table.AbsentOrExpired(noon)),
}

// the three ways to ask: as a put, a delete and a check, each alone and beside
// another operation.
func ways(c table.Condition) map[string][]table.Op {
	k, beside := key("p", "s"), table.Put(item("p", "beside"), table.Always())
	replacement := versioned("p", "s", 9)
	return map[string][]table.Op{
		"put":               {table.Put(replacement, c)},
		"delete":            {table.Delete(k, c)},
		"check":             {table.Check(k, c)},
		"put in company":    {table.Put(replacement, c), beside},
		"delete in company": {table.Delete(k, c), beside},
		"check in company":  {table.Check(k, c), beside},
	}
}

func prepare(s subject, there func() table.Item) {
	s.Helper()
	s.write(table.Delete(key("p", "s"), table.Always()))
	s.write(table.Delete(key("p", "beside"), table.Always()))
	if there != nil {
		s.put(there())
	}
}

func holdsOn(name string, there func() table.Item, c table.Condition) fact {
	return fact{"condition holds: " + name, func(s subject) {
		for way, ops := range ways(c) {
			prepare(s, there)
			s.write(ops...)
			var want []table.Item
			switch {
			case ops[0].Action == table.ActionPut:
				want = []table.Item{ops[0].Item}
			case ops[0].Action == table.ActionCheck && there != nil:
				want = []table.Item{there()}
			}
			s.same(way, s.get(key("p", "s")), want)
		}
	}}
}

func failsOn(name string, there func() table.Item, c table.Condition) fact {
	return fact{"condition fails: " + name, func(s subject) {
		want := table.Failure{Op: 0}
		var stays []table.Item
		if there != nil {
			current := there()
			want.Current, stays = &current, []table.Item{current}
		}
		for way, ops := range ways(c) {
			prepare(s, there)
			s.same(way, s.refused(ops...), []table.Failure{want})
			s.same(way, s.get(key("p", "s"), key("p", "beside")), stays)
		}
	}}
}
