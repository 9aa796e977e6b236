// Package datadir opens the data folder of a local registry: the table, the secret and the keys that belong to it, and the
// credentials of a sandbox client. It creates what a new folder lacks and rejects files that do not belong together.
// It must not import anything that serves; of the APIs it knows their keys only.
package datadir

import (
	"cmp"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"

	"cedula/shared/auth"
	"cedula/shared/encryption"
	"cedula/shared/store"
	"cedula/shared/table"
	"cedula/shared/table/pebble"
)

// Names in a data folder.
const (
	TableDir           = "table"
	SecretFile         = "secret"
	signerFile         = "token-key.pem"
	previousSignerFile = "token-key.previous.pem"
	dataKeyFile        = "data-key"
	SandboxFile        = "sandbox.env"
)

const secretBytes = 32

// Items by which a table recognizes its secret and its data key.
var (
	secretCheckKey  = table.Key{PK: "LOCAL", SK: "secret"}   // an HMAC, which does not reveal the secret
	dataKeyCheckKey = table.Key{PK: "LOCAL", SK: "data-key"} // a data key that only the right key unwraps
)

// checkTenant is the tenant of the wrapped key in dataKeyCheckKey. No client can have this name.
const checkTenant = "#proof"

// Dir is an open data folder.
//
// To rotate the key that signs tokens, rename its file to that of the previous key: the next start creates a new one.
// Tokens of the previous key are accepted until its file is removed.
type Dir struct {
	Table          *pebble.DB
	Secret         []byte                      // of the deployment
	Signer         *auth.LocalKey              // of tokens
	PreviousSigner *auth.LocalKey              // nil: none
	DataKey        *encryption.LocalKeyWrapper // of tokenized values
	Sandbox        Credentials

	folder *folder
}

// Open opens a data folder for this process alone. It reads and compares all files before it writes any, so that files
// which do not belong together stay as they are.
func Open(ctx context.Context, path string) (*Dir, error) {
	f, err := openFolder(path)
	if err != nil {
		return nil, fmt.Errorf("cannot open the data in %s: %w", path, err)
	}
	d := &Dir{folder: f}
	if err := d.open(ctx); err != nil {
		if d.Table != nil {
			_ = d.Table.Close() // err says it already
		}
		_ = f.Close()
		return nil, err
	}
	return d, nil
}

// Path returns the folder's path as it was given to Open.
func (d *Dir) Path() string { return d.folder.path }

// Close closes the table and unlocks the folder. Acknowledged writes are on disk already.
func (d *Dir) Close() error { return errors.Join(d.Table.Close(), d.folder.Close()) }

func (d *Dir) open(ctx context.Context) error {
	err := cmp.Or(d.readFiles(), d.checkComplete())
	if err != nil {
		return err
	}
	if d.Secret == nil {
		d.Secret, err = d.folder.createRandom(SecretFile, secretBytes)
		if err != nil {
			return err
		}
	}
	d.Table, err = pebble.Open(d.folder.join(TableDir), store.Indexes)
	if err != nil {
		return fmt.Errorf("cannot open the data in %s: %w", d.folder.path, err)
	}
	for _, step := range []func(context.Context) error{
		d.checkSecret, d.checkDataKey, d.checkSandbox,
		d.writeSecretCheck, d.createDataKey, d.createSigner, d.createSandbox,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// readFiles reads the files that exist.
func (d *Dir) readFiles() error {
	const signerForm = ": it must hold a P-256 private key; remove it to have a new one made"
	var errs [5]error
	d.Secret, errs[0] = readFile(d.folder, SecretFile, fmt.Sprintf(": it must have %d bytes", secretBytes), parseSecret)
	d.Signer, errs[1] = readFile(d.folder, signerFile, signerForm, auth.ParseLocalKey)
	d.PreviousSigner, errs[2] = readFile(d.folder, previousSignerFile, signerForm, auth.ParseLocalKey)
	d.DataKey, errs[3] = readFile(d.folder, dataKeyFile, fmt.Sprintf(": it must have %d bytes", encryption.KeySize), encryption.NewLocalKeyWrapper)
	d.Sandbox, errs[4] = readFile(d.folder, SandboxFile, "; remove it to have a new sandbox client of the same tenant made", parseCredentials)
	return cmp.Or(errs[:]...)
}

func parseSecret(content []byte) ([]byte, error) {
	if len(content) != secretBytes {
		return nil, errors.New("wrong length")
	}
	return content, nil
}

// checkComplete fails if a file that is missing cannot be replaced: with a new secret or a new table, nothing in the other
// files would be found.
func (d *Dir) checkComplete() error {
	hasTable := d.folder.exists(TableDir)
	hasSandbox := d.Sandbox.ClientID != ""
	if d.Secret == nil && (hasTable || hasSandbox) {
		return fmt.Errorf("%s is missing, and the table cannot be read without it; %s", d.folder.join(SecretFile), d.resetHint())
	}
	if hasSandbox && !hasTable {
		return fmt.Errorf("%s is missing, and %s is of no use without it; %s",
			d.folder.join(TableDir), d.folder.join(SandboxFile), d.resetHint())
	}
	return nil
}

// resetHint is advice that always works.
func (d *Dir) resetHint() string {
	return "put it back, or remove all of " + d.folder.path + " to start afresh"
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
		key, err := d.folder.createRandom(dataKeyFile, encryption.KeySize)
		if err != nil {
			return err
		}
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

func (d *Dir) createSigner(context.Context) error {
	if d.Signer != nil {
		return nil
	}
	var err error
	d.Signer, err = auth.NewLocalKey()
	if err != nil {
		return err
	}
	return d.folder.create(signerFile, d.Signer.PEM())
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
