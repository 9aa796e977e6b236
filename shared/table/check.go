package table

import (
	"cmp"
	"fmt"
	"slices"
	"unicode/utf8"
)

// CheckGet returns ErrMisuse or ErrTooLarge for a Get that every engine must reject before it reads anything.
func CheckGet(keys []Key) error {
	if len(keys) == 0 {
		return fmt.Errorf("%w: no key", ErrMisuse)
	}
	if len(keys) > MaxGetItems {
		return fmt.Errorf("%w: %d keys", ErrTooLarge, len(keys))
	}
	for i, k := range keys {
		if err := checkKey(k); err != nil {
			return err
		}
		if slices.Contains(keys[:i], k) {
			return fmt.Errorf("%w: one key twice", ErrMisuse)
		}
	}
	return nil
}

// CheckQuery returns ErrMisuse or ErrTooLarge for a Query that every engine must reject before it reads anything.
func CheckQuery(q *Query, indexes []string) error {
	if q.Index != "" && !slices.Contains(indexes, q.Index) {
		return fmt.Errorf("%w: unknown index", ErrMisuse)
	}
	if q.Index != "" && q.Strong {
		return fmt.Errorf("%w: strong read of an index", ErrMisuse)
	}
	if q.Limit < 0 {
		return fmt.Errorf("%w: limit below zero", ErrMisuse)
	}
	return cmp.Or(checkKeyPart(q.PK, MaxPKBytes), checkBounds(q), checkStart(q))
}

func checkBounds(q *Query) error {
	if err := cmp.Or(checkKeyString(q.From, MaxSKBytes), checkKeyString(q.To, MaxSKBytes)); err != nil {
		return err
	}
	if q.To != "" && q.From > q.To {
		return fmt.Errorf("%w: bounds the wrong way round", ErrMisuse)
	}
	return nil
}

// checkStart rejects a position that the query itself cannot have reached.
func checkStart(q *Query) error {
	if q.Start == nil {
		return nil
	}
	if err := checkKey(q.Start.Key); err != nil {
		return err
	}
	at := q.Start.Key
	if q.Index != "" {
		at = q.Start.Index
		if err := checkKey(at); err != nil {
			return err
		}
	}
	if at.PK != q.PK || at.SK < q.From || (q.To != "" && at.SK > q.To) {
		return fmt.Errorf("%w: position outside the query", ErrMisuse)
	}
	return nil
}

// CheckWrite returns ErrMisuse or ErrTooLarge for a Write that every engine must reject before it reads or writes anything.
func CheckWrite(ops []Op, indexes []string) error {
	if len(ops) == 0 {
		return fmt.Errorf("%w: no operation", ErrMisuse)
	}
	if len(ops) > MaxWriteItems {
		return fmt.Errorf("%w: %d operations", ErrTooLarge, len(ops))
	}
	total := 0
	for i := range ops {
		if err := checkOp(&ops[i], indexes); err != nil {
			return fmt.Errorf("operation %d: %w", i, err)
		}
		for j := range i {
			if ops[j].Item.Key == ops[i].Item.Key {
				return fmt.Errorf("%w: operations %d and %d have one key", ErrMisuse, j, i)
			}
		}
		total += ops[i].bytes()
	}
	if total > MaxWriteBytes {
		return fmt.Errorf("%w: %d bytes in one write", ErrTooLarge, total)
	}
	return nil
}

// bytes returns what an operation adds to the size of a Write.
func (op *Op) bytes() int {
	if op.Action == ActionPut {
		return op.Item.Bytes()
	}
	return keyBytes("", op.Item.Key)
}

func checkOp(op *Op, indexes []string) error {
	if op.Action > ActionCheck || op.Condition.Kind > ConditionVersionAndOwner {
		return fmt.Errorf("%w: unknown action or condition", ErrMisuse)
	}
	if err := checkKey(op.Item.Key); err != nil {
		return err
	}
	if !utf8.ValidString(op.Condition.Owner) {
		return fmt.Errorf("%w: owner is not UTF-8", ErrMisuse)
	}
	if op.Action != ActionPut {
		return nil
	}
	return checkItem(&op.Item, indexes)
}

func checkItem(i *Item, indexes []string) error {
	for index, at := range i.Indexes {
		if !slices.Contains(indexes, index) {
			return fmt.Errorf("%w: unknown index", ErrMisuse)
		}
		if err := checkKey(at); err != nil {
			return err
		}
	}
	if !utf8.ValidString(i.Owner) {
		return fmt.Errorf("%w: owner is not UTF-8", ErrMisuse)
	}
	if n := i.Bytes(); n > MaxItemBytes {
		return fmt.Errorf("%w: item of %d bytes", ErrTooLarge, n)
	}
	return nil
}

func checkKey(k Key) error {
	return cmp.Or(checkKeyPart(k.PK, MaxPKBytes), checkKeyPart(k.SK, MaxSKBytes))
}

func checkKeyPart(s string, maxBytes int) error {
	if s == "" {
		return fmt.Errorf("%w: empty key", ErrMisuse)
	}
	return checkKeyString(s, maxBytes)
}

func checkKeyString(s string, maxBytes int) error {
	if len(s) > maxBytes {
		return fmt.Errorf("%w: key of %d bytes", ErrTooLarge, len(s))
	}
	if !utf8.ValidString(s) {
		return fmt.Errorf("%w: key is not UTF-8", ErrMisuse)
	}
	return nil
}
