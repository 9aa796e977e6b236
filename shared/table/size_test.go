package table_test

import (
	"testing"
	"time"

	"cedula/shared/table"
)

func TestItemBytes(t *testing.T) {
	k := table.Key{PK: "p", SK: "sk"}
	for name, c := range map[string]struct {
		item table.Item
		want int
	}{
		"key: names and values":          {table.Item{Key: k}, 2 + 1 + 2 + 2},
		"letters count as UTF-8":         {table.Item{Key: table.Key{PK: "ñ", SK: "😀"}}, 2 + 2 + 2 + 4},
		"index: two longer names":        {table.Item{Key: k, Indexes: map[string]table.Key{"L": k}}, 7 + 3 + 1 + 3 + 2},
		"owner":                          {table.Item{Key: k, Owner: "ann"}, 7 + 1 + 3},
		"body":                           {table.Item{Key: k, Body: make([]byte, 9)}, 7 + 1 + 9},
		"an empty body is none":          {table.Item{Key: k, Body: []byte{}}, 7},
		"one digit":                      {table.Item{Key: k, Version: 7}, 7 + 1 + 2},
		"two digits":                     {table.Item{Key: k, Version: 42}, 7 + 1 + 2},
		"three digits":                   {table.Item{Key: k, Version: 421}, 7 + 1 + 3},
		"zeros at the end are no digits": {table.Item{Key: k, Version: 4200}, 7 + 1 + 2},
		"a minus sign":                   {table.Item{Key: k, Version: -42}, 7 + 1 + 3},
		"expiry":                         {table.Item{Key: k, Expires: time.Unix(1_712_345_678, 0)}, 7 + 3 + 6},
	} {
		if got := c.item.Bytes(); got != c.want {
			t.Errorf("%s: %d bytes, want %d", name, got, c.want)
		}
	}
}

func TestIndexEntryBytes(t *testing.T) {
	if got := table.IndexEntryBytes(table.Key{PK: "p", SK: "s"}, "List", table.Key{PK: "l", SK: "123"}); got != 6+12+4 {
		t.Errorf("%d bytes", got)
	}
}
