package pebble

import (
	"context"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"cedula/shared/table"
)

// Write implements table.Table. It never returns ErrConflict: writers wait for each other.
func (db *DB) Write(ctx context.Context, ops ...table.Op) (table.Units, error) {
	if err := table.CheckWrite(ops, db.indexes); err != nil {
		return table.Units{}, err
	}
	var units table.Units
	err := db.update(ctx, func(c *commit) error {
		before, err := db.checkConditions(ops)
		if err != nil {
			return err
		}
		for i := range ops {
			after := itemAfter(&ops[i], before[i])
			units.Write += priceFactor(ops)*writeUnits(before[i], after) + c.stage(before[i], after)
		}
		return nil
	})
	if err != nil {
		return table.Units{}, fmt.Errorf("write: %w", err)
	}
	return units, nil
}

// checkConditions reads the item under every operation's key; nil if it is absent. It returns a *table.ConditionError
// naming each operation whose condition is not satisfied.
//
// Most of the keys are those of new items. An iterator, unlike a Get, also asks the filters of the last level, so that
// an absent key costs no read of a block.
func (db *DB) checkConditions(ops []table.Op) (before []*table.Item, err error) {
	rows, err := db.kv.NewIter(&pebble.IterOptions{UseL6Filters: true})
	if err != nil {
		return nil, readError(err)
	}
	defer func() {
		if closed := rows.Close(); err == nil && closed != nil {
			err = readError(closed)
		}
	}()
	before = make([]*table.Item, len(ops))
	var failed table.ConditionError
	for i := range ops {
		before[i], err = seekItem(rows, ops[i].Item.Key)
		if err != nil {
			return nil, err
		}
		if !satisfied(ops[i].Condition, before[i]) {
			failed.Failures = append(failed.Failures, table.Failure{Op: i, Current: before[i]})
		}
	}
	if len(failed.Failures) > 0 {
		return nil, &failed
	}
	return before, nil
}

// seekItem reads the item under a key; nil if it is absent.
func seekItem(rows *pebble.Iterator, k table.Key) (*table.Item, error) {
	if !rows.SeekPrefixGE(itemRow(k)) {
		if err := rows.Error(); err != nil {
			return nil, readError(err)
		}
		return nil, nil
	}
	item, err := decode(k, slices.Clone(rows.Value()))
	if err != nil {
		return nil, readError(err)
	}
	return item, nil
}

// satisfied reports whether an item, nil if absent, meets a condition.
func satisfied(c table.Condition, i *table.Item) bool {
	switch c.Kind {
	case table.ConditionAbsent:
		return i == nil
	case table.ConditionExists:
		return i != nil
	case table.ConditionVersion:
		return i != nil && i.Version == c.Version
	case table.ConditionVersionAndOwner:
		return i != nil && i.Version == c.Version && (i.Owner == c.Owner || i.Owner == "")
	case table.ConditionOwner:
		return i != nil && i.Owner == c.Owner
	case table.ConditionAbsentOrExpired:
		return i == nil || (!i.Expires.IsZero() && i.Expires.Unix() <= c.Now.Unix())
	}
	return true
}

// itemAfter returns the item under an operation's key once it is done; nil if it is absent.
func itemAfter(op *table.Op, before *table.Item) *table.Item {
	switch op.Action {
	case table.ActionPut:
		return &op.Item
	case table.ActionDelete:
		return nil
	}
	return before
}
