package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"cedula/shared/auth"
	"cedula/shared/blnk"
	"cedula/shared/conomy"
	"cedula/shared/identity"
	"cedula/shared/store"
	"cedula/shared/table/embedded"
)

// What the bearer tokens of the local server say of it.
const (
	issuer   = "http://localhost:5010"
	audience = "cedula"

	secretBytes = 32
)

// data is the folder of a local registry: the table, the deployment's secret,
// the key that signs tokens, and the sandbox client's credentials.
type data struct {
	folder  string
	table   *embedded.DB
	store   *store.Store
	hasher  auth.Hasher
	signer  *auth.LocalKey
	sandbox sandbox
}

// openData opens the folder, and fills it if it is new. The files are read
// before the table is touched, so that a damaged one changes nothing.
func openData(ctx context.Context, folder string) (*data, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("cannot make the data folder: %w", err)
	}
	d := &data{folder: folder}
	secret, err := d.loadSecret()
	if err != nil {
		return nil, err
	}
	if err := d.loadSigner(); err != nil {
		return nil, err
	}
	if err := d.readSandbox(); err != nil {
		return nil, err
	}
	if d.table, err = embedded.Open(filepath.Join(folder, "table"), store.Indexes); err != nil {
		return nil, fmt.Errorf("cannot open the data in %s: %w", folder, err)
	}
	d.store, d.hasher = store.New(d.table, secret), auth.NewHasher(secret)
	if err := d.registerSandbox(ctx); err != nil {
		return nil, errors.Join(err, d.table.Close())
	}
	return d, nil
}

// loadSecret reads the deployment's secret. A new one beside a table that is
// there already would make everything in it unfindable.
func (d *data) loadSecret() ([]byte, error) {
	path := filepath.Join(d.folder, "secret")
	secret, err := d.file("secret", func() ([]byte, error) {
		if _, err := os.Stat(filepath.Join(d.folder, "table")); err == nil {
			return nil, fmt.Errorf("%s is missing, and the table cannot be read without it", path)
		}
		fresh := make([]byte, secretBytes)
		_, err := rand.Read(fresh)
		return fresh, err
	})
	if err == nil && len(secret) != secretBytes {
		err = fmt.Errorf("%s is damaged: it must have %d bytes", path, secretBytes)
	}
	return secret, err
}

func (d *data) loadSigner() error {
	pem, err := d.file("token-key.pem", func() ([]byte, error) {
		key, err := auth.NewLocalKey()
		if err != nil {
			return nil, err
		}
		return key.PEM(), nil
	})
	if err != nil {
		return err
	}
	if d.signer, err = auth.ParseKey(pem); err != nil {
		return fmt.Errorf("%s is damaged: it must hold a P-256 private key", filepath.Join(d.folder, "token-key.pem"))
	}
	return nil
}

// file reads a file of the folder. An absent one is made, readable by its owner
// only; it is complete before it has its name.
func (d *data) file(name string, fresh func() ([]byte, error)) ([]byte, error) {
	path := filepath.Join(d.folder, name)
	content, err := os.ReadFile(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return content, err
	}
	if content, err = fresh(); err != nil {
		return nil, err
	}
	return content, writeWhole(path, content)
}

// writeWhole writes a file that is either there with all its content or not
// at all, also after a crash.
func writeWhole(path string, content []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, removeIfThere(f.Name())) }()
	_, werr := f.Write(content)
	if err := errors.Join(werr, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

func removeIfThere(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// apis wires both dialects to the store, as boot does for the functions.
func (d *data) apis() (conomyAPI, blnkAPI api) {
	identities := &identity.Service{Store: d.store, Now: time.Now, Random: rand.Reader}
	keys := auth.StaticKeys(d.signer.Public())
	guard := &auth.Guard{
		Store: d.store, Hasher: d.hasher, Now: time.Now,
		Tokens: auth.NewVerifier(issuer, audience, keys),
	}
	tokens := &auth.Issuer{Signer: d.signer, Issuer: issuer, Audience: audience, TTL: time.Hour, Now: time.Now}
	conomyAPI = api{
		dialect:    &conomy.API{Identities: identities, Logins: guard, Tokens: tokens},
		authorizer: &conomy.Authorizer{Guard: guard},
		sources:    []string{"Authorization", "X-Api-Key"},
		stage:      "/sandbox",
	}
	blnkAPI = api{
		dialect:    &blnk.API{Identities: identities, Health: d.store},
		authorizer: &blnk.Authorizer{Guard: guard},
		sources:    []string{"X-Blnk-Key"},
	}
	return conomyAPI, blnkAPI
}

// sweep deletes expired items now and then, as DynamoDB does by itself.
func (d *data) sweep(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			if _, err := d.table.Sweep(ctx, now); err != nil && ctx.Err() == nil {
				slog.ErrorContext(ctx, "sweep", "error", err.Error())
			}
		}
	}
}

// Close closes the table. Everything acknowledged is on disk already.
func (d *data) Close() error { return d.table.Close() }
