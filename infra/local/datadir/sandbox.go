package datadir

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"

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

// credentialsFormat is the file's, as a shell reads it.
const credentialsFormat = "CLIENT_ID=%s\nCLIENT_SECRET=%s\nCONOMY_KEY=%s\nBLNK_KEY=%s\n"

// credentialsPattern matches only what credentialsFormat gives.
var credentialsPattern = regexp.MustCompile("^" + strings.ReplaceAll(credentialsFormat, "%s", "([0-9a-z_]+)") + "$")

func parseCredentials(content []byte) (Credentials, error) {
	m := credentialsPattern.FindSubmatch(content)
	if m == nil {
		return Credentials{}, errors.New("not as written")
	}
	return Credentials{string(m[1]), string(m[2]), string(m[3]), string(m[4])}, nil
}

// checkSandbox rejects credentials, if there are any, of a client that the table does not have.
func (d *Dir) checkSandbox(ctx context.Context) error {
	if d.Sandbox.ClientID == "" {
		return nil
	}
	s := store.New(d.Table, d.Secret)
	a := &auth.Authenticator{Store: s, Hasher: auth.NewHasher(d.Secret)}
	_, err := a.Login(ctx, conomy.AuthAPI, d.Sandbox.ConomyKey, d.Sandbox.ClientID, d.Sandbox.ClientSecret)
	if err == nil {
		var caller auth.Caller
		caller, err = a.AuthenticateKey(ctx, blnk.AuthAPI, d.Sandbox.BlnkKey)
		if err == nil && caller.Client != d.Sandbox.ClientID {
			err = auth.ErrMismatch
		}
	}
	if auth.IsDenial(err) {
		c := d.Sandbox
		_, unknown := s.Client(ctx, c.ClientID)
		if unknown == nil && strings.Contains(c.ConomyKey, "_"+c.ClientID) && strings.Contains(c.BlnkKey, "_"+c.ClientID) {
			slog.WarnContext(ctx, "the sandbox client's credentials are no longer valid: its secret was rotated, a key was revoked, or it is suspended; "+
				"remove the file to create another client", "file", d.folder.join(SandboxFile))
			return nil
		}
		return fmt.Errorf("%s does not belong to %s and %s; put the right one back, or remove it to have a new client of the same tenant made",
			d.folder.join(SandboxFile), d.folder.join(TableDir), d.folder.join(SecretFile))
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
	c := d.Sandbox
	return d.folder.create(SandboxFile, fmt.Appendf(nil, credentialsFormat, c.ClientID, c.ClientSecret, c.ConomyKey, c.BlnkKey))
}
