// Package datadir opens the data folder of a local registry: the table, the secret and the keys that belong to it, and the
// credentials of a sandbox client. It creates what a new folder lacks and rejects files that do not belong together.
// It must not import anything that serves; of the APIs it knows their keys only.
package datadir

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"cedula/shared/auth"
	"cedula/shared/encryption"
	"cedula/shared/store"
	"cedula/shared/table/pebble"
)

// Names in a data folder.
const (
	TableDir           = "table"
	SecretFile         = "secret"
	signerFile         = "token-key.pem"
	previousSignerFile = "token-key.previous.pem"
	dataKeyFile        = "data-key"
	sandboxFile        = "sandbox.env"
)

const secretBytes = 32

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
	if err := d.readFiles(); err != nil {
		return err
	}
	if d.Secret == nil {
		if err := d.createSecret(); err != nil {
			return err
		}
	}
	var err error
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

// readFiles reads the files that exist. It fails if one that is missing cannot be replaced: with a new secret or a new
// table, nothing in the other files would be found.
func (d *Dir) readFiles() error {
	var err error
	d.Secret, err = d.folder.read(SecretFile)
	if err != nil {
		return err
	}
	d.Signer, err = d.readSigner(signerFile)
	if err != nil {
		return err
	}
	d.PreviousSigner, err = d.readSigner(previousSignerFile)
	if err != nil {
		return err
	}
	if err := d.readDataKey(); err != nil {
		return err
	}
	if err := d.readSandbox(); err != nil {
		return err
	}
	hasTable := d.folder.exists(TableDir)
	hasSandbox := d.Sandbox.ClientID != ""
	if d.Secret != nil && len(d.Secret) != secretBytes {
		return fmt.Errorf("%s is damaged: it must have %d bytes", d.folder.join(SecretFile), secretBytes)
	}
	if d.Secret == nil && (hasTable || hasSandbox) {
		return fmt.Errorf("%s is missing, and the table cannot be read without it; %s", d.folder.join(SecretFile), d.resetHint())
	}
	if hasSandbox && !hasTable {
		return fmt.Errorf("%s is missing, and %s is of no use without it; %s",
			d.folder.join(TableDir), d.folder.join(sandboxFile), d.resetHint())
	}
	return nil
}

// resetHint is advice that always works.
func (d *Dir) resetHint() string {
	return "put it back, or remove all of " + d.folder.path + " to start afresh"
}

func (d *Dir) createSecret() error {
	d.Secret = make([]byte, secretBytes)
	_, _ = rand.Read(d.Secret) // never fails (crypto/rand)
	return d.folder.create(SecretFile, d.Secret)
}
