package main

import (
	"context"
	"crypto/rand"
	"fmt"

	"cedula/shared/encryption"
	"cedula/shared/table"
)

// dataKeyCheckKey is the item by which a table knows the key that its tokenized
// values were encrypted under: a data key that this key alone unwraps. It is
// there before the first value can be tokenized.
var dataKeyCheckKey = table.Key{PK: "LOCAL", SK: "data-key"}

// checkTenant is what the proof is wrapped for; the table has no tenant of this name.
const checkTenant = "#proof"

// readDataKey reads the key of tokenized values if there is one.
func (d *localRegistry) readDataKey() error {
	key, err := d.dir.read(dataKeyFile)
	if err != nil || key == nil {
		return err
	}
	if d.tokenizationKey, err = encryption.NewLocalKeyWrapper(key); err != nil {
		return fmt.Errorf("%s is damaged: it must have %d bytes", d.dir.join(dataKeyFile), encryption.KeySize)
	}
	return nil
}

// checkDataKey refuses a missing key and another one than the table's. A table
// without a proof holds no tokenized value: it is new, or from before there were
// any.
func (d *localRegistry) checkDataKey(ctx context.Context) error {
	body, err := d.readCheckItem(ctx, dataKeyCheckKey)
	switch {
	case err != nil || body == nil:
		return err
	case d.tokenizationKey == nil:
		return fmt.Errorf("%s is missing, and tokenized values cannot be read without it; %s", d.dir.join(dataKeyFile), d.resetHint())
	}
	if _, err := d.tokenizationKey.Unwrap(ctx, checkTenant, body); err != nil {
		return d.mismatchError(dataKeyFile)
	}
	return nil
}

// createDataKey makes the key unless it was read, then the proof unless there is
// one: if this breaks off in between, the next start goes on.
func (d *localRegistry) createDataKey(ctx context.Context) error {
	if d.tokenizationKey == nil {
		key := make([]byte, encryption.KeySize)
		_, _ = rand.Read(key) // ends the process rather than fail
		if err := d.dir.createFileAtomic(dataKeyFile, key); err != nil {
			return err
		}
		var err error
		if d.tokenizationKey, err = encryption.NewLocalKeyWrapper(key); err != nil {
			return err
		}
	}
	_, wrapped, err := d.tokenizationKey.GenerateDataKey(ctx, checkTenant)
	if err != nil {
		return err
	}
	return d.writeCheckItem(ctx, dataKeyCheckKey, wrapped)
}
