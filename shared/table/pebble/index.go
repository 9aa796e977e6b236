package pebble

import "cedula/shared/table"

// indexEntry is an item's place in an index.
type indexEntry struct {
	item  table.Key
	index string
	key   table.Key
}

func (e indexEntry) row() []byte { return entryRow(e.index, e.key, e.item) }
func (e indexEntry) bytes() int  { return table.IndexEntryBytes(e.item, e.index, e.key) }

// entriesNotIn returns the index entries of an item that another version of it does not have. Either may be nil.
func entriesNotIn(i, other *table.Item) (entries []indexEntry) {
	if i == nil {
		return nil
	}
	for index, at := range i.Indexes {
		if other == nil || other.Indexes[index] != at {
			entries = append(entries, indexEntry{i.Key, index, at})
		}
	}
	return entries
}
