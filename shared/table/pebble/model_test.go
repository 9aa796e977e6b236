package pebble_test

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	diff "github.com/google/go-cmp/cmp"

	"cedula/shared/table"
)

// keyParts are parts of keys whose order an encoding could break.
var keyParts = []string{"\x00", "\x00\x00", "\x00\x01", "a", "a\x00", "a\x00\x01", "a\x00b", "a\x01", "aa", "b", "\u007f", "é", "\U0010ffff"}

func randomKey(random *rand.Rand) table.Key {
	return table.Key{PK: keyParts[random.IntN(len(keyParts))], SK: keyParts[random.IntN(len(keyParts))]}
}

func randomQuery(random *rand.Rand) table.Query {
	q := table.Query{
		Index: []string{"", "L", "E"}[random.IntN(3)], PK: randomKey(random).PK,
		Descending: random.IntN(2) == 0, Limit: random.IntN(4),
	}
	if random.IntN(3) > 0 {
		bounds := []string{"", randomKey(random).SK, randomKey(random).SK}
		slices.Sort(bounds)
		q.From, q.To = bounds[random.IntN(2)], bounds[2]
	}
	return q
}

// modelTable is the simplest table: a map, which a query sorts.
type modelTable map[table.Key]table.Item

func (m modelTable) query(q table.Query) (rows []table.Item) {
	for _, i := range m {
		at, indexed := i.Key, true
		if q.Index != "" {
			at, indexed = i.Indexes[q.Index]
		}
		if indexed && at.PK == q.PK && at.SK >= q.From && (q.To == "" || at.SK <= q.To) {
			rows = append(rows, i)
		}
	}
	slices.SortFunc(rows, func(a, b table.Item) int {
		return cmp.Or(cmp.Compare(a.Indexes[q.Index].SK, b.Indexes[q.Index].SK), cmp.Compare(a.PK, b.PK), cmp.Compare(a.SK, b.SK))
	})
	if q.Descending {
		slices.Reverse(rows)
	}
	return rows
}

// Random writes and queries give what the model gives: order, bounds, paging and index entries, those with equal index
// keys in the order of the table's keys.
func TestAgainstModel(t *testing.T) {
	for seed := range uint64(6) {
		random := rand.New(rand.NewPCG(seed, 1))
		db, model := open(t, t.TempDir()), modelTable{}
		for range 300 {
			i := table.Item{Key: randomKey(random), Indexes: map[string]table.Key{}}
			if random.IntN(4) == 0 {
				write(t, db, table.Delete(i.Key, table.Always()))
				delete(model, i.Key)
				continue
			}
			for _, index := range indexes {
				if random.IntN(3) > 0 {
					i.Indexes[index] = randomKey(random)
				}
			}
			write(t, db, table.Put(i, table.Always()))
			model[i.Key] = i
		}
		for range 300 {
			q := randomQuery(random)
			if d := diff.Diff(keysOf(model.query(q)), keysOf(queryAll(t, db, q))); d != "" {
				t.Fatalf("seed %d, keys of %+v (-model +table):\n%s", seed, q, d)
			}
		}
	}
}

func keysOf(items []table.Item) (keys []table.Key) {
	for _, i := range items {
		keys = append(keys, i.Key)
	}
	return keys
}
