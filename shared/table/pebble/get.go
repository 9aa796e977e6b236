package pebble

import (
	"context"
	"fmt"

	"cedula/shared/table"
)

// Get implements table.Table. Every read is a strong one; strong decides its
// price only.
func (db *DB) Get(ctx context.Context, strong bool, keys ...table.Key) (table.GetResult, error) {
	if err := table.CheckGet(keys); err != nil {
		return table.GetResult{}, err
	}
	if err := db.enter(ctx); err != nil {
		return table.GetResult{}, fmt.Errorf("get: %w", err)
	}
	defer db.leave()
	got := table.GetResult{Items: make([]table.Item, 0, len(keys))}
	for _, k := range keys {
		item, err := db.readDurable(ctx, k)
		if err != nil {
			return table.GetResult{}, fmt.Errorf("get: %w", err)
		}
		got.Units.Read += readUnits(itemBytes(item), strong)
		if item != nil {
			got.Items = append(got.Items, *item)
		}
	}
	return got, nil
}

// readDurable reads an item and waits until what it read is on the disk.
func (db *DB) readDurable(ctx context.Context, k table.Key) (*table.Item, error) {
	item, err := db.readItem(k)
	if err != nil {
		return nil, err
	}
	return item, db.commits.awaitRow(ctx, itemRow(k))
}
