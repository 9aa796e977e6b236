package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"cedula/infra/tablesocket"
	"cedula/shared/auth"
	"cedula/shared/store"
	"cedula/shared/table"
)

// shortFolder is one in which a socket's path is short enough everywhere.
func shortFolder(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "c") //nolint:usetesting // its name would hold the test's, too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	return folder
}

func dialOperator(t *testing.T, folder string) *tablesocket.Client {
	t.Helper()
	c, err := tablesocket.Dial(t.Context(), filepath.Join(folder, tablesocket.Name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// registerAt makes a client as the operator's command line does: on a store of
// its own, on the server's table and with the folder's secret.
func registerAt(t *testing.T, folder string) sandbox {
	t.Helper()
	secret, err := os.ReadFile(filepath.Join(folder, secretFile))
	if err != nil {
		t.Fatal(err)
	}
	_, shown, err := auth.Register(t.Context(), store.New(dialOperator(t, folder), secret), auth.NewHasher(secret),
		auth.NewClient{Name: "operator's", Scopes: auth.Scopes{auth.ScopeAll}}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return sandbox{shown.ClientID, shown.ClientSecret, shown.ConomyKey, shown.BlnkKey}
}

// as is the same server with another client's credentials.
func (s *server) as(c sandbox) *server {
	other := *s
	other.client = c
	return &other
}

// serves tells that the client's credentials open both APIs.
func (s *server) serves(t *testing.T, c sandbox) {
	t.Helper()
	token := s.as(c).token(t)
	a := call(t, "POST", s.conomy+"/identities", numbered(1), "Authorization", "Bearer "+token, "x-api-key", c.ConomyKey)
	if a.status != 200 {
		t.Errorf("Conomy: %d %s", a.status, a.body)
	}
	if a := call(t, "POST", s.blnk+"/identities", `{"first_name":"A"}`, "X-blnk-key", c.BlnkKey); a.status != 201 {
		t.Errorf("Blnk: %d %s", a.status, a.body)
	}
}

func TestOperatorRegistersWhileServed(t *testing.T) {
	folder := shortFolder(t)
	s := start(t, folder)
	s.serves(t, registerAt(t, folder))
	s.serves(t, s.client)
}

func TestOperatorSocketFile(t *testing.T) {
	folder := filepath.Join(shortFolder(t), "new")
	path := filepath.Join(folder, tablesocket.Name)
	s := start(t, folder)
	for name, want := range map[string]fs.FileMode{folder: fs.ModeDir | 0o700, path: fs.ModeSocket | 0o600} {
		if info, err := os.Stat(name); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	wantIn(t, fails(t, command(folder, "localhost:0", "localhost:0")), "another process uses it")
	dialOperator(t, folder) // the second start did not take it away
	if err := s.end(t); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
	if s.log.String() != "" {
		t.Errorf("logged: %s", s.log)
	}
}

func TestOperatorsOfTwoServers(t *testing.T) {
	folders := []string{shortFolder(t), shortFolder(t)}
	servers := []*server{start(t, folders[0]), start(t, folders[1])}
	clients := []sandbox{registerAt(t, folders[0]), registerAt(t, folders[1])}
	for n, s := range servers {
		s.serves(t, clients[n])
		a := call(t, "GET", s.blnk+"/identities/x", "", "X-blnk-key", clients[1-n].BlnkKey)
		if a.status != 401 {
			t.Errorf("the other's client: %d %s", a.status, a.body)
		}
	}
}

// TestOperatorSocketAfterKill: the dead server's socket refuses, the next
// server's works, also for a client that was connected to the first.
func TestOperatorSocketAfterKill(t *testing.T) {
	folder := shortFolder(t)
	s := start(t, folder)
	before, connected := registerAt(t, folder), dialOperator(t, folder)
	if err := s.command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-s.done
	if _, err := connected.Get(t.Context(), true, proof); !errors.Is(err, table.ErrUnavailable) {
		t.Errorf("the connected: %v", err)
	}
	if _, err := tablesocket.Dial(t.Context(), filepath.Join(folder, tablesocket.Name)); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("another: %v", err)
	}
	s = start(t, folder)
	if found, err := connected.Get(t.Context(), true, proof); err != nil || len(found.Items) != 1 {
		t.Errorf("the connected: %d items, %v", len(found.Items), err)
	}
	s.serves(t, before)
	s.serves(t, registerAt(t, folder))
}

// TestOperatorFolderTooLong: from elsewhere the APIs are served without the
// socket, and one line says why; from the folder beside it the path is short.
func TestOperatorFolderTooLong(t *testing.T) {
	beside := filepath.Join(shortFolder(t), strings.Repeat("x", 100))
	folder := filepath.Join(beside, "data")
	s := start(t, folder)
	s.token(t)
	if said := s.log.String(); strings.Count(said, `"WARN"`) != 1 {
		t.Errorf("want one warning: %s", said)
	}
	wantIn(t, s.log.String(), folder, tablesocket.ErrTooLong.Error())
	if err := s.end(t); err != nil {
		t.Error(err)
	}

	t.Chdir(beside)
	for _, given := range []string{"data", folder} {
		s = start(t, given)
		s.serves(t, registerAt(t, given))
		if err := s.end(t); err != nil {
			t.Error(err)
		}
		if strings.Contains(s.log.String(), `"WARN"`) {
			t.Errorf("logged: %s", s.log)
		}
	}
}

// TestOperatorSocketTaken: what stands under its name and is no socket stays.
func TestOperatorSocketTaken(t *testing.T) {
	folder := shortFolder(t)
	path := filepath.Join(folder, tablesocket.Name)
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, folder)
	s.token(t)
	wantIn(t, s.log.String(), `"WARN"`, path, "address already in use")
	if err := s.end(t); err != nil {
		t.Error(err)
	}
	if content, _ := os.ReadFile(path); string(content) != "mine" {
		t.Errorf("it holds %q", content)
	}
}
