package pebble

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"cedula/shared/table"
)

// Query implements table.Table. As in DynamoDB, a page that ends because of its limit or its size has a Next even if nothing
// follows.
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

func (db *DB) readPage(q *table.Query) (table.Page, error) {
	lower, upper := rowRange(q)
	rows, err := db.kv.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return table.Page{}, readError(err)
	}
	first, next := rows.First, rows.Next
	if q.Descending {
		first, next = rows.Last, rows.Prev
	}
	var page table.Page
	bytes := 0
	for ok := first(); ok; ok = next() {
		item, err := decodeRow(q, rows)
		if err != nil {
			return table.Page{}, errors.Join(readError(err), rows.Close())
		}
		page.Items = append(page.Items, *item)
		bytes += rowBytes(q, item)
		if len(page.Items) == q.Limit || bytes >= table.MaxPageBytes {
			page.Next = &table.Position{Key: item.Key, Index: item.Indexes[q.Index]}
			break
		}
	}
	page.Units.Read = readUnits(bytes, q.Strong)
	if err := errors.Join(rows.Error(), rows.Close()); err != nil {
		return table.Page{}, readError(err)
	}
	return page, nil
}

// rowRange returns the half-open range of rows that a query reads.
func rowRange(q *table.Query) (lower, upper []byte) {
	partition := itemPartition(q.PK)
	if q.Index != "" {
		partition = indexPartition(q.Index, q.PK)
	}
	lower = slices.Concat(partition, lowerSortKey(q))
	upper = prefixEnd(partition)
	if q.To != "" {
		upper = slices.Concat(partition, upperSortKey(q))
	}
	if q.Start != nil && q.Descending {
		upper = startRow(q)
	} else if q.Start != nil {
		lower = append(startRow(q), 0)
	}
	return lower, upper
}

// lowerSortKey returns what follows the partition in the first row whose sort key is at least From.
func lowerSortKey(q *table.Query) []byte {
	if q.Index == "" || q.From == "" {
		return []byte(q.From)
	}
	return appendPart(nil, q.From)
}

// upperSortKey returns what is greater than every row whose sort key is To, and less than any with a greater one.
func upperSortKey(q *table.Query) []byte {
	if q.Index == "" {
		return append([]byte(q.To), 0)
	}
	return prefixEnd(appendPart(nil, q.To))
}

func startRow(q *table.Query) []byte {
	if q.Index == "" {
		return itemRow(q.Start.Key)
	}
	return entryRow(q.Index, q.Start.Index, q.Start.Key)
}

// decodeRow decodes the current row of an iterator, whose memory it does not keep.
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

// decodeIndexRow decodes an index row, which holds both keys and nothing else.
func decodeIndexRow(row []byte) (*table.Item, error) {
	var parts [4]string
	rest := row[1:]
	for n := range parts {
		var ok bool
		parts[n], rest, ok = cutPart(rest)
		if !ok {
			return nil, ErrCorrupt
		}
	}
	entry := map[string]table.Key{parts[0]: {PK: parts[1], SK: parts[2]}}
	return &table.Item{Key: table.Key{PK: parts[3], SK: string(rest)}, Indexes: entry}, nil
}

func rowBytes(q *table.Query, i *table.Item) int {
	if q.Index == "" {
		return i.Bytes()
	}
	return table.IndexEntryBytes(i.Key, q.Index, i.Indexes[q.Index])
}
