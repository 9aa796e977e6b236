package table_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"cedula/shared/table"
)

func key(pk, sk string) table.Key { return table.Key{PK: pk, SK: sk} }

// put returns a put of an item with a body that makes it size bytes large, or without a body for 0.
func put(k table.Key, size int) table.Op {
	i := table.Item{Key: k}
	if size > 0 {
		i.Body = make([]byte, size-i.Bytes()-len(table.AttrBody))
	}
	return table.Put(i, table.Always())
}

func putIndexed(index string, at table.Key) table.Op {
	return table.Put(table.Item{Key: key("p", "s"), Indexes: map[string]table.Key{index: at}}, table.Always())
}

func checkWrite(ops ...table.Op) error      { return table.CheckWrite(ops, []string{"L"}) }
func checkGet(keys ...table.Key) error      { return table.CheckGet(keys) }
func checkQuery(q table.Query) error        { return table.CheckQuery(&q, []string{"L"}) }
func startAt(pk, sk string) *table.Position { return &table.Position{Key: key(pk, sk)} }

// repeated returns n keys with different sort keys and n puts of items of a size under them.
func repeated(n, size int) (keys []table.Key, ops []table.Op) {
	for i := range n {
		k := key("p", fmt.Sprintf("%03d", i))
		keys = append(keys, k)
		ops = append(ops, put(k, size))
	}
	return keys, ops
}

func TestCallsAreChecked(t *testing.T) {
	k := key("p", "s")
	longPK, longSK := strings.Repeat("k", table.MaxPKBytes+1), strings.Repeat("k", table.MaxSKBytes+1)
	keys, puts := repeated(101, 0)
	_, largePuts := repeated(11, table.MaxWriteBytes/11+1)
	for name, test := range map[string]struct{ got, want error }{
		"write of nothing":                        {checkWrite(), table.ErrMisuse},
		"write with an empty PK":                  {checkWrite(put(key("", "s"), 0)), table.ErrMisuse},
		"write with an empty SK":                  {checkWrite(table.Delete(key("p", ""), table.Always())), table.ErrMisuse},
		"write with an index key without PK":      {checkWrite(putIndexed("L", key("", "x"))), table.ErrMisuse},
		"write with an unknown index":             {checkWrite(putIndexed("Z", k)), table.ErrMisuse},
		"write with one key put twice":            {checkWrite(put(k, 0), put(k, 0)), table.ErrMisuse},
		"write with a key that is not UTF-8":      {checkWrite(put(key("p\xff", "s"), 0)), table.ErrMisuse},
		"write with an owner that is not UTF-8":   {checkWrite(table.Put(table.Item{Key: k, Owner: "\xff"}, table.Always())), table.ErrMisuse},
		"write that requires such an owner":       {checkWrite(table.Delete(k, table.OwnerIs("\xff"))), table.ErrMisuse},
		"write with an unknown action":            {checkWrite(table.Op{Action: 9, Item: table.Item{Key: k}}), table.ErrMisuse},
		"write with an unknown condition":         {checkWrite(table.Delete(k, table.Condition{Kind: 99})), table.ErrMisuse},
		"write of an item of 400 KB":              {checkWrite(put(k, table.MaxItemBytes)), nil},
		"write of an item one byte larger":        {checkWrite(put(key("p", "a"), 0), put(k, table.MaxItemBytes+1)), table.ErrTooLarge},
		"write with a PK of 2049 bytes":           {checkWrite(table.Delete(key(longPK, "s"), table.Always())), table.ErrTooLarge},
		"write with an SK of 1025 bytes":          {checkWrite(put(key("p", longSK), 0)), table.ErrTooLarge},
		"write with an index PK of 2049 bytes":    {checkWrite(putIndexed("L", key(longPK, "s"))), table.ErrTooLarge},
		"write of 100 operations":                 {checkWrite(puts[:100]...), nil},
		"write of 101 operations":                 {checkWrite(puts...), table.ErrTooLarge},
		"write of more than 4 MB":                 {checkWrite(largePuts...), table.ErrTooLarge},
		"write of less than 4 MB and a check":     {checkWrite(append(largePuts[:10:10], table.Check(k, table.Always()))...), nil},
		"get of nothing":                          {checkGet(), table.ErrMisuse},
		"get of an empty key":                     {checkGet(key("p", "")), table.ErrMisuse},
		"get of one key twice":                    {checkGet(k, key("p", "a"), k), table.ErrMisuse},
		"get of 100 keys":                         {checkGet(keys[:100]...), nil},
		"get of 101 keys":                         {checkGet(keys...), table.ErrTooLarge},
		"query without a partition":               {checkQuery(table.Query{}), table.ErrMisuse},
		"query of an unknown index":               {checkQuery(table.Query{Index: "Z", PK: "p"}), table.ErrMisuse},
		"query of an index, strong":               {checkQuery(table.Query{Index: "L", PK: "p", Strong: true}), table.ErrMisuse},
		"query with a negative limit":             {checkQuery(table.Query{PK: "p", Limit: -1}), table.ErrMisuse},
		"query with bounds in the wrong order":    {checkQuery(table.Query{PK: "p", From: "b", To: "a"}), table.ErrMisuse},
		"query with a bound of 1025 bytes":        {checkQuery(table.Query{PK: "p", From: longSK}), table.ErrTooLarge},
		"query with a start in another partition": {checkQuery(table.Query{PK: "p", Start: startAt("q", "s")}), table.ErrMisuse},
		"query with a start without a key":        {checkQuery(table.Query{PK: "p", Start: startAt("p", "")}), table.ErrMisuse},
		"query with a start before the bounds":    {checkQuery(table.Query{PK: "p", From: "b", Start: startAt("p", "a")}), table.ErrMisuse},
		"query with a start after the bounds":     {checkQuery(table.Query{PK: "p", To: "b", Start: startAt("p", "c")}), table.ErrMisuse},
		"query with a start within the bounds":    {checkQuery(table.Query{PK: "p", From: "a", To: "b", Start: startAt("p", "b")}), nil},
		"query of an index with a table's start":  {checkQuery(table.Query{Index: "L", PK: "p", Start: startAt("p", "s")}), table.ErrMisuse},
	} {
		if !errors.Is(test.got, test.want) {
			t.Errorf("%s: error = %v, want %v", name, test.got, test.want)
		}
	}
}
