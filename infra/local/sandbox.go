package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"cedula/shared/auth"
)

// sandbox is the sandbox client's credentials. A local registry keeps them, so
// that later starts can print them again; no other one does.
type sandbox struct{ ClientID, ClientSecret, ConomyKey, BlnkKey string }

const sandboxFile = "sandbox.env"

// lines is the file's format: one NAME=value a line, as a shell reads it.
func (s *sandbox) lines() []struct {
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

func (s *sandbox) format() []byte {
	var text []byte
	for _, l := range s.lines() {
		text = fmt.Appendf(text, "%s=%s\n", l.name, *l.value)
	}
	return text
}

// parse returns false unless text is just what format writes.
func (s *sandbox) parse(text []byte) bool {
	for _, l := range s.lines() {
		line, rest, _ := bytes.Cut(text, []byte("\n"))
		value, found := bytes.CutPrefix(line, []byte(l.name+"="))
		if !found || len(value) == 0 {
			return false
		}
		*l.value, text = string(value), rest
	}
	return len(text) == 0
}

// readSandbox reads the sandbox client's credentials if there are any.
func (d *data) readSandbox() error {
	path := filepath.Join(d.folder, sandboxFile)
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && !d.sandbox.parse(content) {
		err = fmt.Errorf("%s is damaged; remove it to have a new sandbox client made", path)
	}
	return err
}

// registerSandbox makes the sandbox client unless its credentials were read. It
// may do everything, setting a status included.
func (d *data) registerSandbox(ctx context.Context) error {
	if d.sandbox.ClientID != "" {
		return nil
	}
	_, shown, err := auth.Register(ctx, d.store, d.hasher, auth.NewClient{
		Name: "sandbox", Scopes: auth.Scopes{auth.ScopeAll},
	}, time.Now())
	if err != nil {
		return fmt.Errorf("cannot register the sandbox client: %w", err)
	}
	d.sandbox = sandbox{shown.ClientID, shown.ClientSecret, shown.ConomyKey, shown.BlnkKey}
	return writeWhole(filepath.Join(d.folder, sandboxFile), d.sandbox.format())
}
