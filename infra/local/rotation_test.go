package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestKeyRotation: the key of tokens is renamed, the next start makes another,
// and tokens of the one before are taken as long as its file is there.
func TestKeyRotation(t *testing.T) {
	folder := t.TempDir()
	now, former := filepath.Join(folder, "token-key.pem"), filepath.Join(folder, "token-key.previous.pem")
	s := startServer(t, folder)
	old := s.token(t)
	restart := func(change func() error) {
		t.Helper()
		if err := s.stop(t); err != nil {
			t.Fatal(err)
		}
		if err := change(); err != nil {
			t.Fatal(err)
		}
		s = startServerAt(t, folder, strings.TrimPrefix(s.conomy, "http://"), "localhost:0") // the same issuer
	}
	status := func(token string) int {
		return call(t, "GET", s.conomy+"/identities/x", "", "Authorization", "Bearer "+token, "x-api-key", s.credentials.ConomyKey).status
	}
	published := func() int {
		var set struct{ Keys []struct{ Kid string } }
		a := call(t, "GET", s.conomy+"/sandbox/.well-known/jwks.json", "")
		if err := json.Unmarshal(a.body, &set); err != nil || a.status != 200 || a.header.Get("Cache-Control") != "public, max-age=300" {
			t.Errorf("%v: %d %s %v", err, a.status, a.body, a.header)
		}
		return len(set.Keys)
	}
	if n := published(); n != 1 || status(old) != 404 {
		t.Errorf("before: %d keys, status %d", n, status(old))
	}
	restart(func() error { return os.Rename(now, former) })
	fresh := s.token(t)
	if n := published(); n != 2 || status(old) != 404 || status(fresh) != 404 {
		t.Errorf("while rotating: %d keys, status %d and %d", n, status(old), status(fresh))
	}
	restart(func() error { return os.Remove(former) })
	if n := published(); n != 1 || status(old) != 401 || status(fresh) != 404 {
		t.Errorf("after: %d keys, status %d and %d", n, status(old), status(fresh))
	}
	if err := s.stop(t); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(former, []byte("garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	wantContains(t, wantStartFailure(t, newServerCommand(folder, "localhost:0", "localhost:0")), former+" is damaged")
}
