package datadir

import (
	"bytes"
	"context"
	"fmt"

	"cedula/shared/auth"
	"cedula/shared/blnk"
	"cedula/shared/conomy"
	"cedula/shared/store"
)

// SandboxTenant is the tenant of every sandbox client, so that a new one finds what the previous one stored.
const SandboxTenant = "sandbox"

// APIs are those that a client of a local registry has a key for.
var APIs = []auth.API{conomy.AuthAPI, blnk.AuthAPI}

// Credentials are a client's. Only a local registry stores them in plain text, to print them at every start.
type Credentials struct{ ClientID, ClientSecret, ConomyKey, BlnkKey string }

type credentialEntry struct {
	name  string
	value *string
}

// entries returns the lines of the file, NAME=value, as a shell reads them.
func (c *Credentials) entries() []credentialEntry {
	return []credentialEntry{
		{"CLIENT_ID", &c.ClientID},
		{"CLIENT_SECRET", &c.ClientSecret},
		{"CONOMY_KEY", &c.ConomyKey},
		{"BLNK_KEY", &c.BlnkKey},
	}
}

func (c *Credentials) format() []byte {
	var text []byte
	for _, l := range c.entries() {
		text = fmt.Appendf(text, "%s=%s\n", l.name, *l.value)
	}
	return text
}

// parse accepts only what format writes.
func (c *Credentials) parse(text []byte) bool {
	var read Credentials
	rest := text
	for _, l := range read.entries() {
		var line []byte
		line, rest, _ = bytes.Cut(rest, []byte("\n"))
		value, found := bytes.CutPrefix(line, []byte(l.name+"="))
		if !found || len(value) == 0 || bytes.ContainsFunc(value, isInvalidCredentialChar) {
			return false
		}
		*l.value = string(value)
	}
	*c = read
	return bytes.Equal(c.format(), text)
}

func isInvalidCredentialChar(r rune) bool {
	return (r < '0' || r > '9') && (r < 'a' || r > 'z') && r != '_'
}

func (d *Dir) readSandbox() error {
	content, err := d.folder.read(sandboxFile)
	if err != nil || content == nil {
		return err
	}
	if !d.Sandbox.parse(content) {
		return fmt.Errorf("%s is damaged; remove it to have a new sandbox client of the same tenant made", d.folder.join(sandboxFile))
	}
	return nil
}

// checkSandbox rejects credentials, if there are any, that the table does not accept.
func (d *Dir) checkSandbox(ctx context.Context) error {
	if d.Sandbox.ClientID == "" {
		return nil
	}
	a := &auth.Authenticator{Store: store.New(d.Table, d.Secret), Hasher: auth.NewHasher(d.Secret)}
	_, err := a.Login(ctx, conomy.AuthAPI, d.Sandbox.ConomyKey, d.Sandbox.ClientID, d.Sandbox.ClientSecret)
	if err == nil {
		var caller auth.Caller
		caller, err = a.AuthenticateKey(ctx, blnk.AuthAPI, d.Sandbox.BlnkKey)
		if err == nil && caller.Client != d.Sandbox.ClientID {
			err = auth.ErrMismatch
		}
	}
	if auth.IsDenial(err) {
		return fmt.Errorf("%s does not belong to %s and %s; put the right one back, or remove it to have a new client of the same tenant made",
			d.folder.join(sandboxFile), d.folder.join(TableDir), d.folder.join(SecretFile))
	}
	if err != nil {
		return d.readError(err)
	}
	return nil
}

// createSandbox creates the sandbox client unless its credentials were read. It has every scope.
func (d *Dir) createSandbox(ctx context.Context) error {
	if d.Sandbox.ClientID != "" {
		return nil
	}
	admin := &auth.Admin{AdminStore: store.New(d.Table, d.Secret), Hasher: auth.NewHasher(d.Secret), APIs: APIs}
	_, shown, err := admin.CreateClient(ctx, auth.ClientParams{
		Name: "sandbox", Tenant: SandboxTenant, Scopes: auth.Scopes{auth.ScopeAll}, TestMode: true,
	})
	if err != nil {
		return fmt.Errorf("cannot register the sandbox client: %w", err)
	}
	d.Sandbox = Credentials{shown.ClientID, shown.ClientSecret, shown.Keys[conomy.AuthAPI.Name], shown.Keys[blnk.AuthAPI.Name]}
	return d.folder.create(sandboxFile, d.Sandbox.format())
}
