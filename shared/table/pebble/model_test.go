package pebble_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	diff "github.com/google/go-cmp/cmp"

	"cedula/shared/table"
	"cedula/shared/table/pebble"
)

// keyParts are key parts whose order an encoding could spoil.
var keyParts = []string{"\x00", "\x00\x00", "\x00\x01", "a", "a\x00", "a\x00\x01", "a\x00b", "a\x01", "aa", "b", "\u007f", "é", "\U0010ffff"}

func randomPart(random *rand.Rand) string { return keyParts[random.IntN(len(keyParts))] }

// modelTable is the table as plain as can be: what TestAgainstModel compares with.
type modelTable map[table.Key]table.Item

// query answers by sorting everything.
func (m modelTable) query(q table.Query) (rows []table.Item) {
	for _, i := range m {
		at := i.Key
		if q.Index != "" {
			at = i.Indexes[q.Index]
		}
		if at.PK == q.PK && at.SK >= q.From && (q.To == "" || at.SK <= q.To) && at != (table.Key{}) {
			rows = append(rows, i)
		}
	}
	slices.SortFunc(rows, func(a, b table.Item) int {
		order := cmp.Or(cmp.Compare(a.Indexes[q.Index].SK, b.Indexes[q.Index].SK), cmp.Compare(a.PK, b.PK), cmp.Compare(a.SK, b.SK))
		if q.Descending {
			return -order
		}
		return order
	})
	return rows
}

func keysOf(items []table.Item) (keys []table.Key) {
	for _, i := range items {
		keys = append(keys, i.Key)
	}
	return keys
}

// Random writes and queries answer as the model does: order, bounds, paging
// and index entries, an index's equal sort keys in the order of the table's.
func TestAgainstModel(t *testing.T) {
	for seed := range uint64(6) {
		random := rand.New(rand.NewPCG(seed, 1))
		db, m := open(t, t.TempDir()), modelTable{}
		for range 300 {
			k := table.Key{PK: randomPart(random), SK: randomPart(random)}
			if random.IntN(4) == 0 {
				write(t, db, table.Delete(k, table.Always()))
				delete(m, k)
				continue
			}
			i := table.Item{Key: k, Indexes: map[string]table.Key{}}
			for _, index := range []string{"L", "E"} {
				if random.IntN(3) > 0 {
					i.Indexes[index] = table.Key{PK: randomPart(random), SK: randomPart(random)}
				}
			}
			write(t, db, table.Put(i, table.Always()))
			m[k] = i
		}
		for range 300 {
			q := table.Query{
				Index: []string{"", "L", "E"}[random.IntN(3)], PK: randomPart(random),
				Descending: random.IntN(2) == 0, Limit: random.IntN(4),
			}
			if bounds := []string{"", randomPart(random), randomPart(random)}; random.IntN(3) > 0 {
				slices.Sort(bounds)
				q.From, q.To = bounds[random.IntN(2)], bounds[2]
			}
			name := fmt.Sprintf("seed %d, %+v", seed, q)
			if d := diff.Diff(keysOf(m.query(q)), keysOf(queryAll(t, db, q))); d != "" {
				t.Fatalf("%s (-model +table):\n%s", name, d)
			}
		}
	}
}

func queryAll(t *testing.T, db *pebble.DB, q table.Query) (items []table.Item) {
	t.Helper()
	for {
		page, err := db.Query(t.Context(), q)
		if err != nil {
			t.Fatalf("query: %v", err)
		}
		items = append(items, page.Items...)
		if q.Start = page.Next; q.Start == nil {
			return items
		}
	}
}
