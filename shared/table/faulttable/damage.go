package faulttable

import (
	"context"
	"fmt"

	"cedula/shared/table"
)

// Damage replaces the body of an item, so that it cannot be decoded. The item stays in its indexes.
func Damage(ctx context.Context, t table.Table, key table.Key) error {
	found, err := t.Get(ctx, true, key)
	if err != nil {
		return err
	}
	if len(found.Items) == 0 {
		return fmt.Errorf("no item %s %s", key.PK, key.SK)
	}
	item := found.Items[0]
	item.Body = []byte("{damaged")
	_, err = t.Write(ctx, table.Put(item, table.Always()))
	return err
}
