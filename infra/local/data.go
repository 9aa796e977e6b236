package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"cedula/infra/clock"
	"cedula/shared/auth"
	"cedula/shared/blnk"
	"cedula/shared/conomy"
	"cedula/shared/identity"
	"cedula/shared/reference"
	"cedula/shared/store"
	"cedula/shared/table/embedded"
	"cedula/shared/vault"
)

const (
	audience    = "cedula" // of bearer tokens, wherever it is served
	secretBytes = 32
)

// data is the folder of a local registry: the table, the deployment's secret,
// the key that signs tokens with the one before it, if there is one, the key
// that tokenized values are encrypted under, and the sandbox client's credentials.
// To rotate the key of tokens is to rename its file to that of the one before:
// the next start makes a new key. Tokens of the old one are taken until its file
// is removed.
type data struct {
	folder  *folder
	table   *embedded.DB
	post    *postman // the table, for whoever may queue messages
	mailbox *mailbox
	store   *store.Store
	clock   *clock.Clock
	hasher  auth.Hasher
	cursors *blnk.Cursors
	signer  *auth.LocalKey
	sealing *vault.Local
	former  *auth.LocalKey // nil: none
	sandbox sandbox
	issuer  string           // of bearer tokens: where Conomy's dialect is served
	now     func() time.Time // for credentials; nil: time.Now

	core *identity.Service
}

// openData opens the folder, and fills it if it is new. All files are read and
// compared first, so that what does not belong together stays as it is.
func openData(ctx context.Context, path string) (*data, error) {
	f, err := openFolder(path)
	if err != nil {
		return nil, fmt.Errorf("cannot open the data in %s: %w", path, err)
	}
	d := &data{folder: f}
	if err := d.open(ctx); err != nil {
		_ = f.Close()
		return nil, err
	}
	return d, nil
}

func (d *data) open(ctx context.Context) error {
	secret, err := d.readFiles()
	if err != nil {
		return err
	}
	if secret == nil {
		if secret, err = d.makeSecret(); err != nil {
			return err
		}
	}
	if d.table, err = embedded.Open(d.folder.in(tableFolder), store.Indexes); err != nil {
		return fmt.Errorf("cannot open the data in %s: %w", d.folder.path, err)
	}
	d.post, d.mailbox = newPostman(d.table), &mailbox{}
	if d.clock, err = clock.Open(d.folder.path); err != nil {
		_ = d.table.Close() // err says it already
		return err
	}
	d.store, d.hasher, d.cursors = store.New(d.post, secret), auth.NewHasher(secret), blnk.NewCursors(secret)
	if err := d.settle(ctx); err != nil {
		_ = d.table.Close() // err says it already
		return err
	}
	return nil
}

// settle compares the table with the files and makes what is not there yet.
func (d *data) settle(ctx context.Context) error {
	for _, step := range []func(context.Context) error{d.checkSecret, d.checkDataKey, d.checkSandbox, d.proveSecret, d.makeDataKey} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if err := d.makeSigner(); err != nil {
		return err
	}
	return d.registerSandbox(ctx)
}

// readFiles reads the files that are there and returns the secret, nil in a new
// folder. A new secret or a new table beside the others' old ones would make
// what they hold unfindable.
func (d *data) readFiles() (secret []byte, err error) {
	if secret, err = d.folder.read(secretFile); err != nil {
		return nil, err
	}
	if d.signer, err = d.readKey(signerFile); err != nil {
		return nil, err
	}
	if d.former, err = d.readKey(formerFile); err != nil {
		return nil, err
	}
	if err := d.readDataKey(); err != nil {
		return nil, err
	}
	if err := d.readSandbox(); err != nil {
		return nil, err
	}
	switch {
	case secret != nil && len(secret) != secretBytes:
		return nil, fmt.Errorf("%s is damaged: it must have %d bytes", d.folder.in(secretFile), secretBytes)
	case secret == nil && (d.folder.has(tableFolder) || d.sandbox.ClientID != ""):
		return nil, fmt.Errorf("%s is missing, and the table cannot be read without it; %s", d.folder.in(secretFile), d.afresh())
	case d.sandbox.ClientID != "" && !d.folder.has(tableFolder):
		return nil, fmt.Errorf("%s is missing, and %s is of no use without it; %s",
			d.folder.in(tableFolder), d.folder.in(sandboxFile), d.afresh())
	}
	return secret, nil
}

// afresh is what can always be done.
func (d *data) afresh() string {
	return "put it back, or remove all of " + d.folder.path + " to start afresh"
}

func (d *data) makeSecret() ([]byte, error) {
	fresh := make([]byte, secretBytes)
	if _, err := rand.Read(fresh); err != nil {
		return nil, err
	}
	return fresh, d.folder.publish(secretFile, fresh)
}

// readKey reads a key of tokens; nil if there is none.
func (d *data) readKey(name string) (*auth.LocalKey, error) {
	pem, err := d.folder.read(name)
	if err != nil || pem == nil {
		return nil, err
	}
	key, err := auth.ParseKey(pem)
	if err != nil {
		return nil, fmt.Errorf("%s is damaged: it must hold a P-256 private key; remove it to have a new one made", d.folder.in(name))
	}
	return key, nil
}

// makeSigner makes the key unless it was read.
func (d *data) makeSigner() error {
	if d.signer != nil {
		return nil
	}
	key, err := auth.NewLocalKey()
	if err != nil {
		return err
	}
	d.signer = key
	return d.folder.publish(signerFile, key.PEM())
}

// guard judges the credentials of both APIs.
func (d *data) guard() *auth.Guard {
	g := &auth.Guard{Store: d.store, Hasher: d.hasher, Now: d.now}
	if d.signer != nil {
		g.Tokens = auth.NewVerifier(d.issuer, audience, d.keys())
	}
	return g
}

// keys are those of tokens; the first signs.
func (d *data) keys() auth.Ring {
	if d.former == nil {
		return auth.Ring{d.signer}
	}
	return auth.Ring{d.signer, d.former}
}

// apis wires both dialects to the store, as boot does for the functions.
func (d *data) apis() (conomyAPI, blnkAPI api) {
	d.core = &identity.Service{
		Store: d.store, Vault: vault.New(d.sealing, time.Now), Now: time.Now, Random: rand.Reader, Ahead: d.clock.Ahead,
	}
	guard, keys := d.guard(), &auth.Keys{Store: d.store, Hasher: d.hasher, Now: time.Now}
	tokens := &auth.Issuer{Signer: d.signer, Issuer: d.issuer, Audience: audience, TTL: time.Hour, Now: time.Now}
	limits := newLimiter(store.New(d.table, nil).Client) // apart: what the gateway reads is not the registry's
	conomyAPI = api{
		limits: limits,
		dialect: &conomy.API{
			Identities: d.core, Logins: guard, Tokens: tokens, Reference: reference.Conomy,
			Published: auth.Published{Issuer: d.issuer, Keys: d.keys()},
		},
		authorizer: &conomy.Authorizer{Guard: guard},
		sources:    []string{"Authorization", "X-Api-Key"},
		stage:      "/sandbox",
	}
	blnkAPI = api{
		limits:     limits,
		dialect:    &blnk.API{Identities: d.core, Health: d.store, Keys: keys, Cursors: d.cursors, Reference: reference.Blnk},
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

// Close lets messages arrive and closes the table. Everything acknowledged is on
// disk already.
func (d *data) Close() error {
	d.post.close(drainTime)
	return errors.Join(d.table.Close(), d.folder.Close())
}
