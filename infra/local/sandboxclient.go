package main

import (
	"bytes"
	"context"
	"fmt"

	"cedula/shared/auth"
	"cedula/shared/blnk"
	"cedula/shared/conomy"
)

// sandboxCredentials is the sandbox client's credentials. A local registry keeps them, so
// that later starts can print them again; no other one does.
type sandboxCredentials struct{ ClientID, ClientSecret, ConomyKey, BlnkKey string }

func newSandboxCredentials(c auth.Credentials) sandboxCredentials {
	return sandboxCredentials{c.ClientID, c.ClientSecret, c.Keys[conomy.AuthAPI.Name], c.Keys[blnk.AuthAPI.Name]}
}

// sandboxTenant is every sandbox client's, so that a new one finds what the one
// before it stored.
const sandboxTenant = "sandbox"

// entries is the file's format: one NAME=value a line, as a shell reads it.
func (s *sandboxCredentials) entries() []struct {
	name  string
	value *string
} {
	return []struct {
		name  string
		value *string
	}{
		{"CLIENT_ID", &s.ClientID},
		{"CLIENT_SECRET", &s.ClientSecret},
		{"CONOMY_KEY", &s.ConomyKey},
		{"BLNK_KEY", &s.BlnkKey},
	}
}

func (s *sandboxCredentials) format() []byte {
	var text []byte
	for _, l := range s.entries() {
		text = fmt.Appendf(text, "%s=%s\n", l.name, *l.value)
	}
	return text
}

// parse returns false unless text is just what format writes.
func (s *sandboxCredentials) parse(text []byte) bool {
	var read sandboxCredentials
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
	*s = read
	return bytes.Equal(s.format(), text)
}

// isInvalidCredentialChar tells a character that stands in no credential.
func isInvalidCredentialChar(r rune) bool {
	return (r < '0' || r > '9') && (r < 'a' || r > 'z') && r != '_'
}

// readSandbox reads the sandbox client's credentials if there are any.
func (d *localRegistry) readSandbox() error {
	content, err := d.dir.read(sandboxFile)
	if err != nil || content == nil {
		return err
	}
	if !d.sandbox.parse(content) {
		return fmt.Errorf("%s is damaged; remove it to have a new sandbox client of the same tenant made", d.dir.join(sandboxFile))
	}
	return nil
}

// createSandboxClient makes the sandbox client unless its credentials were read. It
// may do everything, setting a status included.
func (d *localRegistry) createSandboxClient(ctx context.Context) error {
	if d.sandbox.ClientID != "" {
		return nil
	}
	admin := &auth.Admin{AdminStore: d.store, Hasher: d.hasher, APIs: apis}
	_, shown, err := admin.CreateClient(ctx, auth.ClientParams{
		Name: "sandbox", Tenant: sandboxTenant, Scopes: auth.Scopes{auth.ScopeAll}, TestMode: true,
	})
	if err != nil {
		return fmt.Errorf("cannot register the sandbox client: %w", err)
	}
	d.sandbox = newSandboxCredentials(shown)
	return d.dir.createFileAtomic(sandboxFile, d.sandbox.format())
}
