package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"cedula/infra/cli"
	"cedula/infra/local/admin"
	"cedula/infra/local/datadir"
)

func TestStartAndStop(t *testing.T) {
	folder := t.TempDir()
	s := startServer(t, folder)
	for name, tt := range map[string]struct {
		server *server
		want   []string
	}{
		"busy port":                  {newServerCommand(t.TempDir(), "--conomy", strings.TrimPrefix(s.conomy, "http://")), []string{"is in use by another program", "--conomy"}},
		"locked data":                {newServerCommand(folder), []string{"cannot open the data in " + folder, "another process uses it"}},
		"address of another machine": {newServerCommand(t.TempDir(), "--pprof", "192.0.2.1:1"), []string{"cannot listen on 192.0.2.1:1"}},
	} {
		t.Run(name, func(t *testing.T) { wantStartFailure(t, tt.server, tt.want...) })
	}
	s.stop(t)
	again := startServer(t, folder)
	if again.credentials != s.credentials {
		t.Errorf("client after a restart = %s, want %s", again.credentials.ClientID, s.credentials.ClientID)
	}
	again.token(t)
	again.stop(t)
}

// TestSandboxClientCanBeManaged: the server starts after the sandbox client's secret was rotated, its key revoked, or it was
// suspended, and warns that the credentials in sandbox.env are no longer valid.
func TestSandboxClientCanBeManaged(t *testing.T) {
	for name, change := range map[string]func(c datadir.Credentials) []string{
		"secret rotated": func(c datadir.Credentials) []string {
			return []string{"secrets", "rotate", c.ClientID, "--overlap", "0"}
		},
		"key revoked": func(c datadir.Credentials) []string { return []string{"keys", "revoke", c.BlnkKey[4:28]} },
		"suspended":   func(c datadir.Credentials) []string { return []string{"clients", "suspend", c.ClientID} },
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			s := startServer(t, folder)
			s.stop(t)
			root := cli.New("cedula", "a registry", &cli.Local{})
			if status := cli.Run(root, append([]string{"--data", folder}, change(s.credentials)...), io.Discard, io.Discard); status != 0 {
				t.Fatalf("exit status = %d, want 0", status)
			}
			again := startServer(t, folder)
			wantContains(t, again.log.String(), "the sandbox client's credentials are no longer valid", "sandbox.env")
			again.stop(t)
		})
	}
}

func TestInvalidFlagsAreRejected(t *testing.T) {
	for _, tt := range []struct{ flag, value, want string }{
		{"production", "", `cedula: unexpected argument "production"; see: cedula serve --help`},
		{"--blnk", "", "cedula: --blnk is empty; give it a value, or omit it"},
		{"--port", "80", "cedula: unknown flag: --port; see: cedula serve --help"},
		{"--conomy", "5010", "cedula: --conomy must be host:port, such as localhost:5010"},
		{"--mailbox", "localhost:abc", "cedula: --mailbox must be host:port, such as localhost:5010"},
	} {
		s := newServerCommand(t.TempDir(), tt.flag, tt.value)
		if err := s.cmd.Run(); err == nil || s.cmd.ProcessState.ExitCode() != 2 {
			t.Errorf("%s: the server ended with %v, want exit status 2", tt.flag, err)
		}
		if got := s.log.String(); got != tt.want+"\n" {
			t.Errorf("%s: stderr = %q, want %q", tt.flag, got, tt.want)
		}
	}
}

func TestStartIsPrintedAsJSON(t *testing.T) {
	folder := t.TempDir()
	s := newServerCommand(folder, "--json")
	s.launch(t)
	line := s.waitFor(t, s.out, regexp.MustCompile(`(?m)^{.*}$`))[0]
	var got struct{ Data, Conomy, Blnk, Mailbox, EnvFile string }
	if err := json.Unmarshal([]byte(line), &got); err != nil {
		t.Fatalf("output = %s: %v", line, err)
	}
	call(t, "GET", got.Blnk+"/health", "").want(t, 200)
	if _, err := os.Stat(got.EnvFile); err != nil || got.Data != folder || got.Conomy == "" || got.Mailbox == "" {
		t.Errorf("output = %s (%v), want the directory %s, its credentials and every address", line, err, folder)
	}
	s.stop(t)
}

func TestGarbageCollectorKeepsTheUsersSettings(t *testing.T) {
	const ownPercent, ownLimit = 77, 1 << 30
	percent, limit := debug.SetGCPercent(ownPercent), debug.SetMemoryLimit(ownLimit)
	t.Cleanup(func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	})
	for _, tt := range []struct {
		gogc, gomemlimit string
		percent          int
		limit            int64
	}{
		{"", "", 400, 128 << 20},
		{"", "1GiB", 400, ownLimit},
		{"77", "", ownPercent, ownLimit},
		{"77", "1GiB", ownPercent, ownLimit},
	} {
		t.Setenv("GOGC", tt.gogc)
		t.Setenv("GOMEMLIMIT", tt.gomemlimit)
		relaxGC()
		gotLimit, gotPercent := debug.SetMemoryLimit(ownLimit), debug.SetGCPercent(ownPercent)
		if gotPercent != tt.percent || gotLimit != tt.limit {
			t.Errorf("GOGC=%s GOMEMLIMIT=%s: percent %d, limit %d, want %d, %d", tt.gogc, tt.gomemlimit, gotPercent, gotLimit, tt.percent, tt.limit)
		}
	}
}

func TestProfilesAreServed(t *testing.T) {
	s := newServerCommand(t.TempDir(), "--pprof", "localhost:0")
	s.launch(t)
	url := s.waitFor(t, s.out, regexp.MustCompile(`Profiles +(\S+)`))[1]
	call(t, "GET", url, "").want(t, 200, "goroutine")
}

// sendPartialRequest sends a request whose body does not arrive and leaves the connection open.
func sendPartialRequest(t *testing.T, base string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := io.WriteString(conn, "POST /auth HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"); err != nil {
		t.Fatal(err)
	}
	return conn
}

// TestShutdownWaitsForServersConcurrently: both servers wait at the same time; then requests in flight are interrupted and
// counted.
func TestShutdownWaitsForServersConcurrently(t *testing.T) {
	const timeout = 300 * time.Millisecond
	s := &servers{errs: make(chan error, 2)}
	began := make(chan bool, 2)
	h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		began <- true
		_, _ = io.Copy(io.Discard, r.Body)
	})
	for range 2 {
		l, err := listen(t.Context(), "localhost:0", "--conomy")
		if err != nil {
			t.Fatal(err)
		}
		s.listeners = append(s.listeners, l)
	}
	s.serve(h, h)
	var conns []net.Conn
	for _, l := range s.listeners {
		conns = append(conns, sendPartialRequest(t, "http://"+l.Addr().String()))
		<-began
	}
	start := time.Now()
	if got := s.shutdown(timeout); got != 2 {
		t.Errorf("interrupted requests = %d, want 2", got)
	}
	if took := time.Since(start); took < timeout || took > 2*time.Second {
		t.Errorf("shutdown took %v, want a little more than %v", took, timeout)
	}
	for _, c := range conns {
		_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
		if _, err := io.ReadAll(c); err != nil && os.IsTimeout(err) {
			t.Errorf("a connection is still open: %v", err)
		}
	}
}

func TestSecondSignalEndsTheProcess(t *testing.T) {
	s := startServer(t, t.TempDir())
	sendPartialRequest(t, s.conomy)
	time.Sleep(500 * time.Millisecond) // the server has begun to read it
	start := time.Now()
	for range 2 {
		if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		time.Sleep(300 * time.Millisecond)
	}
	<-s.done
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("the process ended %v after two signals, want immediately", took)
	}
}

func TestDisplayAddr(t *testing.T) {
	for address, want := range map[string]string{
		":0": "localhost", "0.0.0.0:0": "localhost", "[::]:0": "localhost", "localhost:0": "localhost", "127.0.0.1:0": "127.0.0.1",
	} {
		l, err := listen(t.Context(), address, "--conomy")
		if err != nil {
			t.Fatal(err)
		}
		_, port, _ := net.SplitHostPort(l.Addr().String())
		if got := displayAddr(address, l); got != fmt.Sprint(want, ":", port) {
			t.Errorf("displayAddr(%s) = %s, want host %s", address, got, want)
		}
		_ = l.Close()
	}
}

// TestIssuerIsTheServedAddress: the metadata and the tokens name the address that is served. After a start at another
// address clients must log in again.
func TestIssuerIsTheServedAddress(t *testing.T) {
	folder := t.TempDir()
	previous := ""
	for _, address := range []string{"127.0.0.1:0", "localhost:0", ":0"} {
		s := startServer(t, folder, "--conomy", address)
		metadata := call(t, "GET", s.conomy+"/.well-known/oauth-authorization-server", "")
		if issuer := metadata.field(t, "issuer"); issuer != s.conomy {
			t.Errorf("%s: issuer = %s, want %s", address, issuer, s.conomy)
		}
		call(t, "GET", metadata.field(t, "jwks_uri"), "").want(t, 200)
		token := s.token(t)
		var claims jwt.Claims
		if parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.ES256}); err != nil || parsed.UnsafeClaimsWithoutVerification(&claims) != nil {
			t.Fatalf("%s: the token cannot be parsed: %v", address, err)
		}
		if claims.Issuer != s.conomy || !claims.Audience.Contains(audience) {
			t.Errorf("%s: token of %s for %v, want of %s for %s", address, claims.Issuer, claims.Audience, s.conomy, audience)
		}
		s.fetchWith(t, token).want(t, 404)
		if previous != "" {
			s.fetchWith(t, previous).want(t, 401)
		}
		previous = token
		s.stop(t)
	}
}

// fetchWith fetches an identity that does not exist with a token: status 404 means that the token is accepted.
func (s *server) fetchWith(t *testing.T, token string) httpResponse {
	t.Helper()
	return call(t, "GET", s.conomy+"/identities/x", "", conomyHeaders(token, s.credentials.ConomyKey)...)
}

// TestSigningKeyRotation renames the key's file: the next start creates a new key, and accepts tokens of the previous one
// until its file is removed.
func TestSigningKeyRotation(t *testing.T) {
	folder := t.TempDir()
	key, previous := filepath.Join(folder, "token-key.pem"), filepath.Join(folder, "token-key.previous.pem")
	s := startServer(t, folder)
	old := s.token(t)
	// restart starts the server again after a change of its files, at the same address so that the issuer stays the same.
	restart := func(change error) {
		t.Helper()
		if change != nil {
			t.Fatal(change)
		}
		s.stop(t)
		s = startServer(t, folder, "--conomy", strings.TrimPrefix(s.conomy, "http://"))
	}
	wantKeys := func(want int) {
		t.Helper()
		a := call(t, "GET", s.conomy+"/sandbox/.well-known/jwks.json", "")
		var set struct{ Keys []struct{ Kid string } }
		if err := json.Unmarshal(a.body, &set); err != nil || len(set.Keys) != want {
			t.Errorf("published keys = %s, want %d", a.body, want)
		}
	}
	wantKeys(1)
	restart(os.Rename(key, previous))
	wantKeys(2)
	s.fetchWith(t, old).want(t, 404)
	fresh := s.token(t)
	s.fetchWith(t, fresh).want(t, 404)
	restart(os.Remove(previous))
	wantKeys(1)
	s.fetchWith(t, old).want(t, 401)
	s.fetchWith(t, fresh).want(t, 404)
}

// shortTempDir returns a folder in which a socket's path is not too long; t.TempDir's name holds the test's.
func shortTempDir(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "c") //nolint:usetesting // see above
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	return folder
}

// wantAdminSocket checks that the command line can list the clients through the server's socket.
func wantAdminSocket(t *testing.T, folder string) {
	t.Helper()
	r, err := admin.Dial(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	if all, err := r.Clients(t.Context(), admin.All{}); err != nil || len(all) != 1 {
		t.Errorf("Clients = %v, %v, want the sandbox's", all, err)
	}
}

func TestAdminSocketOfRunningServer(t *testing.T) {
	folder := filepath.Join(shortTempDir(t), "new")
	path := filepath.Join(folder, admin.SocketName)
	s := startServer(t, folder)
	for name, want := range map[string]fs.FileMode{folder: fs.ModeDir | 0o700, path: fs.ModeSocket | 0o600} {
		if info, err := os.Stat(name); err != nil || info.Mode() != want {
			t.Errorf("mode of %s = %v, %v, want %v", name, info, err, want)
		}
	}
	wantStartFailure(t, newServerCommand(folder), "another process uses it") // and leaves the socket alone
	wantAdminSocket(t, folder)
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-s.done
	s = startServer(t, folder) // in the place of the socket that was left
	wantAdminSocket(t, folder)
	s.stop(t)
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the socket after the end of its server: %v, want %v", err, fs.ErrNotExist)
	}
	if strings.Contains(s.log.String(), `"WARN"`) {
		t.Errorf("log = %s, want no warning", s.log)
	}
}

func TestServerWithoutSocketServesTheAPIs(t *testing.T) {
	folder := filepath.Join(shortTempDir(t), strings.Repeat("x", 100))
	s := startServer(t, folder)
	s.fetchWith(t, s.token(t)).want(t, 404)
	if got := strings.Count(s.log.String(), `"WARN"`); got != 1 {
		t.Errorf("warnings = %d, want 1: %s", got, s.log)
	}
	wantContains(t, s.log.String(), folder, admin.ErrPathTooLong.Error())
	s.stop(t)
}
