package embedded

import (
	"iter"

	"github.com/cockroachdb/pebble"

	"cedula/shared/table"
)

// holds tells whether an item, nil when absent, meets a condition.
func holds(c table.Condition, i *table.Item) bool {
	switch c.Test {
	case table.TestAbsent:
		return i == nil
	case table.TestExists:
		return i != nil
	case table.TestVersion:
		return i != nil && i.Version == c.Version
	case table.TestVersionOf:
		return i != nil && i.Version == c.Version && (i.Owner == c.Owner || i.Owner == "")
	case table.TestOwner:
		return i != nil && i.Owner == c.Owner
	case table.TestAbsentOrExpired:
		return i == nil || (!i.Expires.IsZero() && i.Expires.Unix() <= c.Now.Unix())
	}
	return true
}

// outcome is the item under an operation's key once it is done; nil when none.
func outcome(op *table.Op, before *table.Item) *table.Item {
	switch op.Action {
	case table.ActionPut:
		return &op.Item
	case table.ActionDelete:
		return nil
	}
	return before
}

// stage adds the rows an operation changes to the batch, and the item's own
// row to the flight.
func stage(batch *pebble.Batch, f *flight, op *table.Op, before *table.Item) error {
	after := outcome(op, before)
	if before == after {
		return nil
	}
	row := itemRow(op.Item.Key)
	f.rows = append(f.rows, string(row))
	for e := range entriesBut(before, after) {
		if err := batch.Delete(e.row(), nil); err != nil {
			return err
		}
	}
	for e := range entriesBut(after, before) {
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

// entry is an item's place in an index.
type entry struct {
	item  table.Key
	index string
	at    table.Key
}

func (e entry) row() []byte { return entryRow(e.index, e.at, e.item) }
func (e entry) bytes() int  { return table.EntryBytes(e.item, e.index, e.at) }

// entriesBut yields the index entries of an item that another version of it
// does not have. Either may be nil.
func entriesBut(i, other *table.Item) iter.Seq[entry] {
	return func(yield func(entry) bool) {
		if i == nil {
			return
		}
		for index, at := range i.Indexes {
			if other != nil && other.Indexes[index] == at {
				continue
			}
			if !yield(entry{i.Key, index, at}) {
				return
			}
		}
	}
}
