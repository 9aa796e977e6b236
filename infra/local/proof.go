package main

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"

	"cedula/shared/auth"
	"cedula/shared/table"
)

// proof is the item by which a table knows the secret that it was filled under:
// an HMAC, of which nobody learns the secret.
var proof = table.Key{PK: "LOCAL", SK: "secret"}

func (d *data) proofBody() []byte {
	h := d.hasher.Hash("cedula: this table's items stand under this secret")
	return h[:]
}

// checkSecret refuses another secret than the table's. A table without a proof
// is new, or its making broke off before anything else was in it.
func (d *data) checkSecret(ctx context.Context) error {
	body, err := d.readProof(ctx, proof)
	if err == nil && body != nil && subtle.ConstantTimeCompare(body, d.proofBody()) != 1 {
		return d.apart(secretFile)
	}
	return err
}

// proveSecret makes the proof unless there is one.
func (d *data) proveSecret(ctx context.Context) error {
	return d.writeProof(ctx, proof, d.proofBody())
}

// readProof returns nil if there is none.
func (d *data) readProof(ctx context.Context, key table.Key) ([]byte, error) {
	found, err := d.table.Get(ctx, true, key)
	if err != nil {
		return nil, fmt.Errorf("cannot read the data in %s: %w", d.folder.path, err)
	}
	if len(found.Items) == 0 {
		return nil, nil
	}
	return found.Items[0].Body, nil
}

// writeProof never replaces one.
func (d *data) writeProof(ctx context.Context, key table.Key, body []byte) error {
	_, err := d.table.Write(ctx, table.Put(table.Item{Key: key, Version: 1, Body: body}, table.Absent()))
	if there := new(table.ConditionError); err != nil && !errors.As(err, &there) {
		return fmt.Errorf("cannot write the data in %s: %w", d.folder.path, err)
	}
	return nil
}

// apart says that a file is not the table's.
func (d *data) apart(name string) error {
	return fmt.Errorf("%s and %s do not belong together; put the right one back, or remove all of %s to start afresh",
		d.folder.in(name), d.folder.in(tableFolder), d.folder.path)
}

// checkSandbox tries the credentials that were read, if any, on the table:
// what is printed works.
func (d *data) checkSandbox(ctx context.Context) error {
	if d.sandbox.ClientID == "" {
		return nil
	}
	guard := d.guard()
	_, err := guard.Login(ctx, d.sandbox.ConomyKey, d.sandbox.ClientID, d.sandbox.ClientSecret)
	if err == nil {
		var caller auth.Caller
		if caller, err = guard.Key(ctx, d.sandbox.BlnkKey); err == nil && caller.Client != d.sandbox.ClientID {
			err = auth.ErrMismatch
		}
	}
	if auth.IsRefusal(err) {
		return fmt.Errorf("%s does not belong to %s and %s; put the right one back, or remove it to have a new client of the same tenant made",
			d.folder.in(sandboxFile), d.folder.in(tableFolder), d.folder.in(secretFile))
	}
	if err != nil {
		return fmt.Errorf("cannot read the data in %s: %w", d.folder.path, err)
	}
	return nil
}
