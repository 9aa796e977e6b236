package main

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"

	"cedula/shared/auth"
	"cedula/shared/blnk"
	"cedula/shared/conomy"
	"cedula/shared/table"
)

// secretCheckKey is the item by which a table knows the secret that it was filled under:
// an HMAC, of which nobody learns the secret.
var secretCheckKey = table.Key{PK: "LOCAL", SK: "secret"}

func (d *localRegistry) secretCheckValue() []byte {
	h := d.hasher.Hash("cedula: this table's items stand under this secret")
	return h[:]
}

// checkSecret refuses another secret than the table's. A table without a proof
// is new, or its making broke off before anything else was in it.
func (d *localRegistry) checkSecret(ctx context.Context) error {
	body, err := d.readCheckItem(ctx, secretCheckKey)
	if err == nil && body != nil && subtle.ConstantTimeCompare(body, d.secretCheckValue()) != 1 {
		return d.mismatchError(secretFile)
	}
	return err
}

// writeSecretCheck makes the proof unless there is one.
func (d *localRegistry) writeSecretCheck(ctx context.Context) error {
	return d.writeCheckItem(ctx, secretCheckKey, d.secretCheckValue())
}

// readCheckItem returns nil if there is none.
func (d *localRegistry) readCheckItem(ctx context.Context, key table.Key) ([]byte, error) {
	found, err := d.table.Get(ctx, true, key)
	if err != nil {
		return nil, fmt.Errorf("cannot read the data in %s: %w", d.dir.path, err)
	}
	if len(found.Items) == 0 {
		return nil, nil
	}
	return found.Items[0].Body, nil
}

// writeCheckItem never replaces one.
func (d *localRegistry) writeCheckItem(ctx context.Context, key table.Key, body []byte) error {
	_, err := d.table.Write(ctx, table.Put(table.Item{Key: key, Version: 1, Body: body}, table.Absent()))
	if there := new(table.ConditionError); err != nil && !errors.As(err, &there) {
		return fmt.Errorf("cannot write the data in %s: %w", d.dir.path, err)
	}
	return nil
}

// mismatchError says that a file is not the table's.
func (d *localRegistry) mismatchError(name string) error {
	return fmt.Errorf("%s and %s do not belong together; put the right one back, or remove all of %s to start afresh",
		d.dir.join(name), d.dir.join(tableDir), d.dir.path)
}

// checkSandbox tries the credentials that were read, if any, on the table:
// what is printed works.
func (d *localRegistry) checkSandbox(ctx context.Context) error {
	if d.sandbox.ClientID == "" {
		return nil
	}
	guard := d.authenticator()
	_, err := guard.Login(ctx, conomy.AuthAPI, d.sandbox.ConomyKey, d.sandbox.ClientID, d.sandbox.ClientSecret)
	if err == nil {
		var caller auth.Caller
		if caller, err = guard.AuthenticateKey(ctx, blnk.AuthAPI, d.sandbox.BlnkKey); err == nil && caller.Client != d.sandbox.ClientID {
			err = auth.ErrMismatch
		}
	}
	if auth.IsDenial(err) {
		return fmt.Errorf("%s does not belong to %s and %s; put the right one back, or remove it to have a new client of the same tenant made",
			d.dir.join(sandboxFile), d.dir.join(tableDir), d.dir.join(secretFile))
	}
	if err != nil {
		return fmt.Errorf("cannot read the data in %s: %w", d.dir.path, err)
	}
	return nil
}
