package main

import (
	"context"
	"crypto/rand"
	"fmt"

	"cedula/shared/table"
	"cedula/shared/vault"
)

// dataKeyProof is the item by which a table knows the key that its tokenized
// values were encrypted under: a data key that this key alone unwraps. It is
// there before the first value can be tokenized.
var dataKeyProof = table.Key{PK: "LOCAL", SK: "data-key"}

// noTenant is what the proof is wrapped for; the table has no tenant of this name.
const noTenant = "#proof"

// readDataKey reads the key of tokenized values if there is one.
func (d *data) readDataKey() error {
	key, err := d.folder.read(dataKeyFile)
	if err != nil || key == nil {
		return err
	}
	if d.sealing, err = vault.NewLocal(key); err != nil {
		return fmt.Errorf("%s is damaged: it must have %d bytes", d.folder.in(dataKeyFile), vault.KeySize)
	}
	return nil
}

// checkDataKey refuses a missing key and another one than the table's. A table
// without a proof holds no tokenized value: it is new, or from before there were
// any.
func (d *data) checkDataKey(ctx context.Context) error {
	body, err := d.readProof(ctx, dataKeyProof)
	switch {
	case err != nil || body == nil:
		return err
	case d.sealing == nil:
		return fmt.Errorf("%s is missing, and tokenized values cannot be read without it; %s", d.folder.in(dataKeyFile), d.afresh())
	}
	if _, err := d.sealing.Unwrap(ctx, noTenant, body); err != nil {
		return d.apart(dataKeyFile)
	}
	return nil
}

// makeDataKey makes the key unless it was read, then the proof unless there is
// one: if this breaks off in between, the next start goes on.
func (d *data) makeDataKey(ctx context.Context) error {
	if d.sealing == nil {
		key := make([]byte, vault.KeySize)
		_, _ = rand.Read(key) // ends the process rather than fail
		if err := d.folder.publish(dataKeyFile, key); err != nil {
			return err
		}
		var err error
		if d.sealing, err = vault.NewLocal(key); err != nil {
			return err
		}
	}
	_, wrapped, err := d.sealing.New(ctx, noTenant)
	if err != nil {
		return err
	}
	return d.writeProof(ctx, dataKeyProof, wrapped)
}
