package pebble

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"cedula/shared/table"
)

// Get implements table.Table. Every read is strongly consistent; strong only decides its price.
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
		item, err := db.readItem(k)
		if err == nil {
			err = db.pending.awaitRow(ctx, itemRow(k))
		}
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

// readItem reads the item under a key; nil if it is absent.
func (db *DB) readItem(k table.Key) (*table.Item, error) {
	value, release, err := db.kv.Get(itemRow(k))
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, readError(err)
	}
	item, err := decode(k, slices.Clone(value))
	if err := errors.Join(err, release.Close()); err != nil {
		return nil, readError(err)
	}
	return item, nil
}

// readError returns ErrCorrupt for damage. It drops the engine's own text, which could quote keys.
func readError(err error) error {
	if pebble.IsCorruptionError(err) || errors.Is(err, ErrCorrupt) {
		return fmt.Errorf("%w: %w", table.ErrUnavailable, ErrCorrupt)
	}
	return fmt.Errorf("%w: a file of the folder cannot be read", table.ErrUnavailable)
}
