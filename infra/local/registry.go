package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"cedula/infra/local/timetravel"
	"cedula/shared/apidocs"
	"cedula/shared/auth"
	"cedula/shared/blnk"
	"cedula/shared/conomy"
	"cedula/shared/encryption"
	"cedula/shared/registry"
	"cedula/shared/store"
	"cedula/shared/table/pebble"
)

const (
	audience    = "cedula" // of bearer tokens, wherever it is served
	secretBytes = 32
)

// localRegistry is the folder of a local registry: the table, the deployment's secret,
// the key that signs tokens with the one before it, if there is one, the key
// that tokenized values are encrypted under, and the sandbox client's credentials.
// To rotate the key of tokens is to rename its file to that of the one before:
// the next start makes a new key. Tokens of the old one are taken until its file
// is removed.
type localRegistry struct {
	dir             *dataDir
	table           *pebble.DB
	dispatcher      *dispatcher // the table, for whoever may queue messages
	mailbox         *mailbox
	store           *store.Store
	clock           *timetravel.Clock
	hasher          auth.Hasher
	cursors         *blnk.CursorCodec
	signer          *auth.LocalKey
	tokenizationKey *encryption.LocalKeyWrapper
	previousSigner  *auth.LocalKey // nil: none
	sandbox         sandboxCredentials
	issuer          string           // of bearer tokens: where Conomy's dialect is served
	now             func() time.Time // for credentials; nil: time.Now

	core *registry.Registry
}

// openRegistry opens the folder, and fills it if it is new. All files are read and
// compared first, so that what does not belong together stays as it is.
func openRegistry(ctx context.Context, path string) (*localRegistry, error) {
	f, err := openDataDir(path)
	if err != nil {
		return nil, fmt.Errorf("cannot open the data in %s: %w", path, err)
	}
	d := &localRegistry{dir: f}
	if err := d.open(ctx); err != nil {
		_ = f.Close()
		return nil, err
	}
	return d, nil
}

func (d *localRegistry) open(ctx context.Context) error {
	secret, err := d.readFiles()
	if err != nil {
		return err
	}
	if secret == nil {
		if secret, err = d.createSecret(); err != nil {
			return err
		}
	}
	if d.table, err = pebble.Open(d.dir.join(tableDir), store.Indexes); err != nil {
		return fmt.Errorf("cannot open the data in %s: %w", d.dir.path, err)
	}
	d.dispatcher, d.mailbox = newDispatcher(d.table), &mailbox{}
	if d.clock, err = timetravel.Open(d.dir.path); err != nil {
		_ = d.table.Close() // err says it already
		return err
	}
	d.store, d.hasher, d.cursors = store.New(d.dispatcher, secret), auth.NewHasher(secret), blnk.NewCursorCodec(secret)
	if err := d.initialize(ctx); err != nil {
		_ = d.table.Close() // err says it already
		return err
	}
	return nil
}

// initialize compares the table with the files and makes what is not there yet.
func (d *localRegistry) initialize(ctx context.Context) error {
	for _, step := range []func(context.Context) error{d.checkSecret, d.checkDataKey, d.checkSandbox, d.writeSecretCheck, d.createDataKey} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if err := d.createSigner(); err != nil {
		return err
	}
	return d.createSandboxClient(ctx)
}

// readFiles reads the files that are there and returns the secret, nil in a new
// folder. A new secret or a new table beside the others' old ones would make
// what they hold unfindable.
func (d *localRegistry) readFiles() (secret []byte, err error) {
	if secret, err = d.dir.read(secretFile); err != nil {
		return nil, err
	}
	if d.signer, err = d.readSigningKey(signerFile); err != nil {
		return nil, err
	}
	if d.previousSigner, err = d.readSigningKey(previousSignerFile); err != nil {
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
		return nil, fmt.Errorf("%s is damaged: it must have %d bytes", d.dir.join(secretFile), secretBytes)
	case secret == nil && (d.dir.exists(tableDir) || d.sandbox.ClientID != ""):
		return nil, fmt.Errorf("%s is missing, and the table cannot be read without it; %s", d.dir.join(secretFile), d.resetHint())
	case d.sandbox.ClientID != "" && !d.dir.exists(tableDir):
		return nil, fmt.Errorf("%s is missing, and %s is of no use without it; %s",
			d.dir.join(tableDir), d.dir.join(sandboxFile), d.resetHint())
	}
	return secret, nil
}

// resetHint is what can always be done.
func (d *localRegistry) resetHint() string {
	return "put it back, or remove all of " + d.dir.path + " to start afresh"
}

func (d *localRegistry) createSecret() ([]byte, error) {
	fresh := make([]byte, secretBytes)
	if _, err := rand.Read(fresh); err != nil {
		return nil, err
	}
	return fresh, d.dir.createFileAtomic(secretFile, fresh)
}

// readSigningKey reads a key of tokens; nil if there is none.
func (d *localRegistry) readSigningKey(name string) (*auth.LocalKey, error) {
	pem, err := d.dir.read(name)
	if err != nil || pem == nil {
		return nil, err
	}
	key, err := auth.ParseLocalKey(pem)
	if err != nil {
		return nil, fmt.Errorf("%s is damaged: it must hold a P-256 private key; remove it to have a new one made", d.dir.join(name))
	}
	return key, nil
}

// createSigner makes the key unless it was read.
func (d *localRegistry) createSigner() error {
	if d.signer != nil {
		return nil
	}
	key, err := auth.NewLocalKey()
	if err != nil {
		return err
	}
	d.signer = key
	return d.dir.createFileAtomic(signerFile, key.PEM())
}

// authenticator judges the credentials of both APIs.
func (d *localRegistry) authenticator() *auth.Authenticator {
	g := &auth.Authenticator{Store: d.store, Hasher: d.hasher, Now: d.now}
	if d.signer != nil {
		g.Tokens = auth.NewVerifier(d.issuer, audience, d.keySet())
	}
	return g
}

// apis are those that a new client gets a key for.
var apis = []auth.API{conomy.AuthAPI, blnk.AuthAPI}

// keySet are those of tokens; the first signs.
func (d *localRegistry) keySet() auth.KeySet {
	if d.previousSigner == nil {
		return auth.KeySet{d.signer}
	}
	return auth.KeySet{d.signer, d.previousSigner}
}

// apis wires both dialects to the store, as boot does for the functions.
func (d *localRegistry) apis() (conomyAPI, blnkAPI api) {
	d.core = &registry.Registry{
		Store: d.store, Cipher: encryption.NewFieldCipher(d.tokenizationKey, time.Now), Now: time.Now, Random: rand.Reader, ClockOffset: d.clock.Offset,
	}
	guard, keys := d.authenticator(), &auth.KeyManager{Store: d.store, Hasher: d.hasher, Now: time.Now}
	tokens := &auth.Issuer{Signer: d.signer, Issuer: d.issuer, Audience: audience, TTL: time.Hour, Now: time.Now}
	limits := newLimiter(store.New(d.table, nil).Client) // apart: what the gateway reads is not the registry's
	conomyAPI = api{
		limiter: limits,
		dialect: &conomy.API{
			Identities: d.core, Logins: guard, Tokens: tokens, Reference: apidocs.Conomy,
			IssuerMetadata: auth.IssuerMetadata{Issuer: d.issuer, Keys: d.keySet()},
		},
		authorizer:      &conomy.Authorizer{Authenticator: guard},
		identitySources: []string{"Authorization", "X-Api-Key"},
		stage:           "/sandbox",
	}
	blnkAPI = api{
		limiter:         limits,
		dialect:         &blnk.API{Identities: d.core, Health: d.store, Keys: keys, Cursors: d.cursors, Reference: apidocs.Blnk},
		authorizer:      &blnk.Authorizer{Authenticator: guard},
		identitySources: []string{"X-Blnk-Key"},
	}
	return conomyAPI, blnkAPI
}

// sweepExpired deletes expired items now and then, as DynamoDB does by itself.
func (d *localRegistry) sweepExpired(ctx context.Context) {
	tick := time.NewTicker(sweepInterval)
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
func (d *localRegistry) Close() error {
	d.dispatcher.close(drainTimeout)
	return errors.Join(d.table.Close(), d.dir.Close())
}
