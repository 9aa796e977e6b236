package embedded

import (
	"context"
	"fmt"

	"cedula/shared/table"
)

// Get implements table.Table. Every read is a strong one; strong decides its
// price only.
func (db *DB) Get(ctx context.Context, strong bool, keys ...table.Key) (table.Items, error) {
	if err := table.CheckGet(keys); err != nil {
		return table.Items{}, err
	}
	if err := db.enter(ctx); err != nil {
		return table.Items{}, fmt.Errorf("get: %w", err)
	}
	defer db.leave()
	got := table.Items{Items: make([]table.Item, 0, len(keys))}
	for _, k := range keys {
		item, err := db.durable(ctx, k)
		if err != nil {
			return table.Items{}, fmt.Errorf("get: %w", err)
		}
		got.Units.Read += readUnits(size(item), strong)
		if item != nil {
			got.Items = append(got.Items, *item)
		}
	}
	return got, nil
}

// durable reads an item and waits until what it read is on the disk.
func (db *DB) durable(ctx context.Context, k table.Key) (*table.Item, error) {
	item, err := db.row(k)
	if err != nil {
		return nil, err
	}
	return item, db.flights.awaitRow(ctx, itemRow(k))
}
