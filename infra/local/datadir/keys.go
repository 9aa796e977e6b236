package datadir

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"

	"cedula/shared/auth"
	"cedula/shared/encryption"
	"cedula/shared/table"
)

// Items by which a table recognizes its secret and its data key.
var (
	secretCheckKey  = table.Key{PK: "LOCAL", SK: "secret"}   // an HMAC, which does not reveal the secret
	dataKeyCheckKey = table.Key{PK: "LOCAL", SK: "data-key"} // a data key that only the right key unwraps
)

// checkTenant is the tenant of the wrapped key in dataKeyCheckKey. No client can have this name.
const checkTenant = "#proof"

func (d *Dir) readSigner(name string) (*auth.LocalKey, error) {
	pem, err := d.folder.read(name)
	if err != nil || pem == nil {
		return nil, err
	}
	key, err := auth.ParseLocalKey(pem)
	if err != nil {
		return nil, fmt.Errorf("%s is damaged: it must hold a P-256 private key; remove it to have a new one made", d.folder.join(name))
	}
	return key, nil
}

func (d *Dir) createSigner(context.Context) error {
	if d.Signer != nil {
		return nil
	}
	key, err := auth.NewLocalKey()
	if err != nil {
		return err
	}
	d.Signer = key
	return d.folder.create(signerFile, key.PEM())
}

func (d *Dir) secretCheckValue() []byte {
	h := auth.NewHasher(d.Secret).Hash("cedula: this table's items stand under this secret")
	return h[:]
}

// checkSecret rejects a secret that is not the table's. A table without the check item is new, or its creation was
// interrupted before anything else was written.
func (d *Dir) checkSecret(ctx context.Context) error {
	body, err := d.readCheckItem(ctx, secretCheckKey)
	if err == nil && body != nil && subtle.ConstantTimeCompare(body, d.secretCheckValue()) != 1 {
		return d.mismatchError(SecretFile)
	}
	return err
}

func (d *Dir) writeSecretCheck(ctx context.Context) error {
	return d.writeCheckItem(ctx, secretCheckKey, d.secretCheckValue())
}

func (d *Dir) readDataKey() error {
	key, err := d.folder.read(dataKeyFile)
	if err != nil || key == nil {
		return err
	}
	d.DataKey, err = encryption.NewLocalKeyWrapper(key)
	if err != nil {
		return fmt.Errorf("%s is damaged: it must have %d bytes", d.folder.join(dataKeyFile), encryption.KeySize)
	}
	return nil
}

// checkDataKey rejects a missing key and a key that is not the table's. A table without the check item holds no tokenized
// value: it is new, or older than tokenization.
func (d *Dir) checkDataKey(ctx context.Context) error {
	body, err := d.readCheckItem(ctx, dataKeyCheckKey)
	if err != nil || body == nil {
		return err
	}
	if d.DataKey == nil {
		return fmt.Errorf("%s is missing, and tokenized values cannot be read without it; %s", d.folder.join(dataKeyFile), d.resetHint())
	}
	if _, err := d.DataKey.Unwrap(ctx, checkTenant, body); err != nil {
		return d.mismatchError(dataKeyFile)
	}
	return nil
}

// createDataKey creates the key and then the check item, whichever is missing: the next start completes an interrupted
// one.
func (d *Dir) createDataKey(ctx context.Context) error {
	if d.DataKey == nil {
		key := make([]byte, encryption.KeySize)
		_, _ = rand.Read(key) // never fails (crypto/rand)
		if err := d.folder.create(dataKeyFile, key); err != nil {
			return err
		}
		var err error
		d.DataKey, err = encryption.NewLocalKeyWrapper(key)
		if err != nil {
			return err
		}
	}
	_, wrapped, err := d.DataKey.GenerateDataKey(ctx, checkTenant)
	if err != nil {
		return err
	}
	return d.writeCheckItem(ctx, dataKeyCheckKey, wrapped)
}

// readCheckItem returns nil if there is no such item.
func (d *Dir) readCheckItem(ctx context.Context, key table.Key) ([]byte, error) {
	found, err := d.Table.Get(ctx, true, key)
	if err != nil {
		return nil, d.readError(err)
	}
	if len(found.Items) == 0 {
		return nil, nil
	}
	return found.Items[0].Body, nil
}

// writeCheckItem leaves an item that exists.
func (d *Dir) writeCheckItem(ctx context.Context, key table.Key, body []byte) error {
	_, err := d.Table.Write(ctx, table.Put(table.Item{Key: key, Version: 1, Body: body}, table.Absent()))
	var exists *table.ConditionError
	if err != nil && !errors.As(err, &exists) {
		return fmt.Errorf("cannot write the data in %s: %w", d.folder.path, err)
	}
	return nil
}

func (d *Dir) readError(err error) error {
	return fmt.Errorf("cannot read the data in %s: %w", d.folder.path, err)
}

func (d *Dir) mismatchError(name string) error {
	return fmt.Errorf("%s and %s do not belong together; put the right one back, or remove all of %s to start afresh",
		d.folder.join(name), d.folder.join(TableDir), d.folder.path)
}
