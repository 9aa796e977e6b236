package pebble

import (
	"iter"

	"github.com/cockroachdb/pebble"

	"cedula/shared/table"
)

// satisfied tells whether an item, nil when absent, meets a condition.
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

// itemAfter is the item under an operation's key once it is done; nil when none.
func itemAfter(op *table.Op, before *table.Item) *table.Item {
	switch op.Action {
	case table.ActionPut:
		return &op.Item
	case table.ActionDelete:
		return nil
	}
	return before
}

// stageOp adds the rows an operation changes to the batch, and the item's own
// row to the flight.
func stageOp(batch *pebble.Batch, f *commit, op *table.Op, before *table.Item) error {
	after := itemAfter(op, before)
	if before == after {
		return nil
	}
	row := itemRow(op.Item.Key)
	f.rows = append(f.rows, string(row))
	for e := range entriesNotIn(before, after) {
		if err := batch.Delete(e.row(), nil); err != nil {
			return err
		}
	}
	for e := range entriesNotIn(after, before) {
		if err := batch.Set(e.row(), nil, nil); err != nil {
			return err
		}
	}
	if err := stageExpiry(batch, before, after); err != nil {
		return err
	}
	if after == nil {
		return batch.Delete(row, nil)
	}
	return batch.Set(row, encode(after), nil)
}

func stageExpiry(batch *pebble.Batch, before, after *table.Item) error {
	if before != nil && !before.Expires.IsZero() {
		if err := batch.Delete(expiryRow(before.Expires.Unix(), before.Key), nil); err != nil {
			return err
		}
	}
	if after != nil && !after.Expires.IsZero() {
		return batch.Set(expiryRow(after.Expires.Unix(), after.Key), nil, nil)
	}
	return nil
}

// indexEntry is an item's place in an index.
type indexEntry struct {
	item  table.Key
	index string
	key   table.Key
}

func (e indexEntry) row() []byte { return entryRow(e.index, e.key, e.item) }
func (e indexEntry) bytes() int  { return table.IndexEntryBytes(e.item, e.index, e.key) }

// entriesNotIn yields the index entries of an item that another version of it
// does not have. Either may be nil.
func entriesNotIn(i, other *table.Item) iter.Seq[indexEntry] {
	return func(yield func(indexEntry) bool) {
		if i == nil {
			return
		}
		for index, at := range i.Indexes {
			if other != nil && other.Indexes[index] == at {
				continue
			}
			if !yield(indexEntry{i.Key, index, at}) {
				return
			}
		}
	}
}
