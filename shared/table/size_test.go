package table_test

import (
	"testing"
	"time"

	"cedula/shared/table"
)

func TestItemBytes(t *testing.T) {
	k := table.Key{PK: "p", SK: "sk"}
	for name, test := range map[string]struct {
		item table.Item
		want int
	}{
		"key: names and values":              {table.Item{Key: k}, 2 + 1 + 2 + 2},
		"letters count as UTF-8":             {table.Item{Key: table.Key{PK: "ñ", SK: "😀"}}, 2 + 2 + 2 + 4},
		"index: two longer names":            {table.Item{Key: k, Indexes: map[string]table.Key{"L": k}}, 7 + 3 + 1 + 3 + 2},
		"owner":                              {table.Item{Key: k, Owner: "ann"}, 7 + 1 + 3},
		"body":                               {table.Item{Key: k, Body: make([]byte, 9)}, 7 + 1 + 9},
		"an empty body counts nothing":       {table.Item{Key: k, Body: []byte{}}, 7},
		"one digit":                          {table.Item{Key: k, Version: 7}, 7 + 1 + 2},
		"two digits":                         {table.Item{Key: k, Version: 42}, 7 + 1 + 2},
		"three digits":                       {table.Item{Key: k, Version: 421}, 7 + 1 + 3},
		"trailing zeros are not significant": {table.Item{Key: k, Version: 4200}, 7 + 1 + 2},
		"a minus sign":                       {table.Item{Key: k, Version: -42}, 7 + 1 + 3},
		"expiry":                             {table.Item{Key: k, Expires: time.Unix(1_712_345_678, 0)}, 7 + 3 + 6},
	} {
		if got := test.item.Bytes(); got != test.want {
			t.Errorf("%s: Bytes = %d, want %d", name, got, test.want)
		}
	}
}

func TestConditionErrorFindsFailuresByOperation(t *testing.T) {
	err := &table.ConditionError{Failures: []table.Failure{{Op: 1}, {Op: 3}}}
	for op, want := range []*table.Failure{nil, &err.Failures[0], nil, &err.Failures[1]} {
		if got := err.FailureOf(op); got != want {
			t.Errorf("FailureOf(%d) = %v, want %v", op, got, want)
		}
	}
	if got, want := err.Error(), "table: condition failed on 2 operation(s), first is 1"; got != want {
		t.Errorf("Error = %q, want %q", got, want)
	}
}
