package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"cedula/infra/local/admin"
	"cedula/shared/auth"
	"cedula/shared/table"
)

// shortTempDir is one in which a socket's path is short enough everywhere.
func shortTempDir(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "c") //nolint:usetesting // its name would hold the test's, too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	return folder
}

func dialAdmin(t *testing.T, folder string) *admin.Remote {
	t.Helper()
	c, err := admin.Dial(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// createClientAt creates a client as the command line does.
func createClientAt(t *testing.T, folder string) sandboxCredentials {
	t.Helper()
	made, err := dialAdmin(t, folder).CreateClient(t.Context(), auth.ClientParams{Name: "operator's", Scopes: auth.Scopes{auth.ScopeAll}, TestMode: true})
	if err != nil {
		t.Fatal(err)
	}
	return sandboxCredentials{made.ID, made.Secret, made.ConomyKey, made.BlnkKey}
}

// withCredentials is the same server with another client's credentials.
func (s *server) withCredentials(c sandboxCredentials) *server {
	other := *s
	other.credentials = c
	return &other
}

// wantAccepted tells that the client's credentials open both APIs.
func (s *server) wantAccepted(t *testing.T, c sandboxCredentials) {
	t.Helper()
	token := s.withCredentials(c).token(t)
	a := call(t, "POST", s.conomy+"/identities", identityBody(1), "Authorization", "Bearer "+token, "x-api-key", c.ConomyKey)
	if a.status != 200 {
		t.Errorf("Conomy: %d %s", a.status, a.body)
	}
	if a := call(t, "POST", s.blnk+"/identities", `{"first_name":"A"}`, "X-blnk-key", c.BlnkKey); a.status != 201 {
		t.Errorf("Blnk: %d %s", a.status, a.body)
	}
}

func TestAdminSocketCreatesClientWhileServing(t *testing.T) {
	folder := shortTempDir(t)
	s := startServer(t, folder)
	s.wantAccepted(t, createClientAt(t, folder))
	s.wantAccepted(t, s.credentials)
}

func TestAdminSocketFile(t *testing.T) {
	folder := filepath.Join(shortTempDir(t), "new")
	path := filepath.Join(folder, admin.SocketName)
	s := startServer(t, folder)
	for name, want := range map[string]fs.FileMode{folder: fs.ModeDir | 0o700, path: fs.ModeSocket | 0o600} {
		if info, err := os.Stat(name); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	wantContains(t, wantStartFailure(t, newServerCommand(folder, "localhost:0", "localhost:0")), "another process uses it")
	dialAdmin(t, folder) // the second start did not take it away
	if err := s.stop(t); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
	if s.log.String() != "" {
		t.Errorf("logged: %s", s.log)
	}
}

func TestAdminSocketsOfTwoServers(t *testing.T) {
	folders := []string{shortTempDir(t), shortTempDir(t)}
	servers := []*server{startServer(t, folders[0]), startServer(t, folders[1])}
	clients := []sandboxCredentials{createClientAt(t, folders[0]), createClientAt(t, folders[1])}
	for n, s := range servers {
		s.wantAccepted(t, clients[n])
		a := call(t, "GET", s.blnk+"/identities/x", "", "X-blnk-key", clients[1-n].BlnkKey)
		if a.status != 401 {
			t.Errorf("the other's client: %d %s", a.status, a.body)
		}
	}
}

// TestAdminSocketAfterKill: the dead server's socket refuses connections, the next server's works, also for a Remote that
// was connected to the first.
func TestAdminSocketAfterKill(t *testing.T) {
	folder := shortTempDir(t)
	s := startServer(t, folder)
	before, connected := createClientAt(t, folder), dialAdmin(t, folder)
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-s.done
	if _, err := connected.Clients(t.Context(), admin.All{}); !errors.Is(err, table.ErrUnavailable) {
		t.Errorf("the connected: %v", err)
	}
	if _, err := admin.Dial(t.Context(), folder); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("another: %v", err)
	}
	s = startServer(t, folder)
	if all, err := connected.Clients(t.Context(), admin.All{}); err != nil || len(all) != 2 {
		t.Errorf("the connected: %d clients, %v", len(all), err)
	}
	s.wantAccepted(t, before)
	s.wantAccepted(t, createClientAt(t, folder))
}

// TestAdminSocketPathTooLong: from elsewhere the APIs are served without the
// socket, and one line says why; from the folder beside it the path is short.
func TestAdminSocketPathTooLong(t *testing.T) {
	beside := filepath.Join(shortTempDir(t), strings.Repeat("x", 100))
	folder := filepath.Join(beside, "data")
	s := startServer(t, folder)
	s.token(t)
	if said := s.log.String(); strings.Count(said, `"WARN"`) != 1 {
		t.Errorf("want one warning: %s", said)
	}
	wantContains(t, s.log.String(), folder, admin.ErrPathTooLong.Error())
	if err := s.stop(t); err != nil {
		t.Error(err)
	}

	t.Chdir(beside)
	for _, given := range []string{"data", folder} {
		s = startServer(t, given)
		s.wantAccepted(t, createClientAt(t, given))
		if err := s.stop(t); err != nil {
			t.Error(err)
		}
		if strings.Contains(s.log.String(), `"WARN"`) {
			t.Errorf("logged: %s", s.log)
		}
	}
}

// TestAdminSocketPathTaken: what stands under its name and is no socket stays.
func TestAdminSocketPathTaken(t *testing.T) {
	folder := shortTempDir(t)
	path := filepath.Join(folder, admin.SocketName)
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := startServer(t, folder)
	s.token(t)
	wantContains(t, s.log.String(), `"WARN"`, path, "address already in use")
	if err := s.stop(t); err != nil {
		t.Error(err)
	}
	if content, _ := os.ReadFile(path); string(content) != "mine" {
		t.Errorf("it holds %q", content)
	}
}
