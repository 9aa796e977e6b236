package pebble

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble"

	"cedula/shared/table"
)

// Query implements table.Table. As in DynamoDB a page that ends because of its
// limit or its size has a Next even when nothing follows.
func (db *DB) Query(ctx context.Context, q table.Query) (table.Page, error) {
	if err := table.CheckQuery(&q, db.indexes); err != nil {
		return table.Page{}, err
	}
	if err := db.enter(ctx); err != nil {
		return table.Page{}, fmt.Errorf("query: %w", err)
	}
	defer db.leave()
	page, err := db.readPage(&q)
	if err == nil {
		err = db.pending.awaitAll(ctx)
	}
	if err != nil {
		return table.Page{}, fmt.Errorf("query: %w", err)
	}
	return page, nil
}

func (db *DB) readPage(q *table.Query) (page table.Page, err error) {
	lower, upper := rowRange(q)
	rows, err := db.kv.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return table.Page{}, readError(err)
	}
	first, next := rows.First, rows.Next
	if q.Descending {
		first, next = rows.Last, rows.Prev
	}
	read := 0
	for ok := first(); ok; ok = next() {
		item, err := decodeRow(q, rows)
		if err != nil {
			return table.Page{}, errors.Join(readError(err), rows.Close())
		}
		page.Items = append(page.Items, *item)
		read += rowBytes(q, item)
		if len(page.Items) == q.Limit || read >= table.MaxPageBytes {
			page.Next = &table.Position{Key: item.Key, Index: item.Indexes[q.Index]}
			break
		}
	}
	page.Units.Read = readUnits(read, q.Strong)
	if err := errors.Join(rows.Error(), rows.Close()); err != nil {
		return table.Page{}, readError(err)
	}
	return page, nil
}

// rowRange is the half-open range of rows a query reads.
func rowRange(q *table.Query) (lower, upper []byte) {
	partition := itemPartition(q.PK)
	if q.Index != "" {
		partition = indexPartition(q.Index, q.PK)
	}
	lower, upper = slices.Concat(partition, lowerSortKey(q, q.From)), prefixEnd(partition)
	if q.To != "" {
		upper = slices.Concat(partition, upperSortKey(q, q.To))
	}
	if q.Start == nil {
		return lower, upper
	}
	if q.Descending {
		return lower, startRow(q)
	}
	return append(startRow(q), 0), upper
}

// lowerSortKey is how rows with the least sort key from s on begin, behind the
// partition. An index's sort key is a part, whose bytes alone order it too.
func lowerSortKey(q *table.Query, s string) []byte {
	if q.Index == "" || s == "" {
		return []byte(s)
	}
	return appendPart(nil, s)
}

// upperSortKey lies behind every row whose sort key is s, before any greater one.
func upperSortKey(q *table.Query, s string) []byte {
	if q.Index == "" {
		return append([]byte(s), 0)
	}
	return prefixEnd(appendPart(nil, s))
}

func startRow(q *table.Query) []byte {
	if q.Index == "" {
		return itemRow(q.Start.Key)
	}
	return entryRow(q.Index, q.Start.Index, q.Start.Key)
}

// decodeRow reads the row an iterator stands on into memory of its own.
func decodeRow(q *table.Query, rows *pebble.Iterator) (*table.Item, error) {
	if q.Index != "" {
		return decodeIndexRow(rows.Key())
	}
	k, ok := cutKey(rows.Key()[1:])
	if !ok {
		return nil, ErrCorrupt
	}
	value, err := rows.ValueAndErr()
	if err != nil {
		return nil, err
	}
	return decode(k, slices.Clone(value))
}

// decodeIndexRow reads an index row: both keys and nothing else.
func decodeIndexRow(row []byte) (*table.Item, error) {
	index, rest, ok1 := cutPart(row[1:])
	pk, rest, ok2 := cutPart(rest)
	sk, rest, ok3 := cutPart(rest)
	k, ok4 := cutKey(rest)
	if !ok1 || !ok2 || !ok3 || !ok4 {
		return nil, ErrCorrupt
	}
	return &table.Item{Key: k, Indexes: map[string]table.Key{index: {PK: pk, SK: sk}}}, nil
}

func rowBytes(q *table.Query, i *table.Item) int {
	if q.Index == "" {
		return i.Bytes()
	}
	return table.IndexEntryBytes(i.Key, q.Index, i.Indexes[q.Index])
}
