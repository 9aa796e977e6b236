package local

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"cedula/infra/cli"
	"cedula/infra/local/apigateway"
	"cedula/infra/local/datadir"
	"cedula/infra/privacytest"
	"cedula/shared/auth"
	"cedula/shared/table/faulttable"
)

const (
	serverVariable    = "CEDULA_TEST_SERVER"     // makes the test binary the server, so that tests can kill a real process
	fileLimitVariable = "CEDULA_TEST_FILE_LIMIT" // bytes: the server's files cannot grow further, as on a full disk
)

func TestMain(m *testing.M) {
	if os.Getenv(serverVariable) != "" {
		limitFileSize(os.Getenv(fileLimitVariable))
		registry := &cli.Local{}
		root := cli.New("cedula", "a registry", registry)
		root.AddCommand(NewCommand(registry))
		os.Exit(cli.Run(root, os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(privacytest.Run(m))
}

func limitFileSize(bytes string) {
	n, err := strconv.ParseUint(bytes, 10, 64)
	if err != nil {
		return
	}
	signal.Ignore(syscall.SIGXFSZ) // a write then fails with EFBIG
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: n, Max: n}); err != nil {
		panic(err)
	}
}

// server is both APIs: a process of this program, or a fixture.
type server struct {
	conomy, blnk, mailbox string // base URLs
	credentials           datadir.Credentials
	cmd                   *exec.Cmd
	out, log              *transcript
	done                  chan error // receives how the process ended
}

// startServer runs the server and waits until it is ready.
func startServer(t testing.TB, folder string, flags ...string) *server {
	t.Helper()
	s := newServerCommand(folder, flags...)
	s.launch(t)
	s.waitReady(t, folder)
	return s
}

// newServerCommand prepares a process on free ports. Flags override the defaults.
func newServerCommand(folder string, flags ...string) *server {
	s := &server{out: &transcript{}, log: &transcript{}, done: make(chan error, 1)}
	defaults := []string{"serve", "--data", folder, "--conomy", "localhost:0", "--blnk", "localhost:0", "--mailbox", "localhost:0"}
	s.cmd = exec.Command(os.Args[0], append(defaults, flags...)...)
	s.cmd.Env = append(os.Environ(), serverVariable+"=1", "GORACE=atexit_sleep_ms=0")
	s.cmd.Stdout, s.cmd.Stderr = s.out, io.MultiWriter(s.log, privacytest.Log)
	return s
}

func (s *server) launch(t testing.TB) {
	t.Helper()
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.cmd.Process.Kill() })
	go func() { s.done <- s.cmd.Wait() }()
}

// waitReady waits for the banner and reads the sandbox client's credentials.
func (s *server) waitReady(t testing.TB, folder string) {
	t.Helper()
	banner := regexp.MustCompile(`(?s)Conomy API +(\S+).*Blnk API +(\S+).*Mailbox +(\S+).*identity_type`)
	urls := s.waitFor(t, s.out, banner)
	s.conomy, s.blnk, s.mailbox = urls[1], urls[2], urls[3]
	content, err := os.ReadFile(filepath.Join(folder, "sandbox.env"))
	if err != nil {
		t.Fatal(err)
	}
	c := &s.credentials
	if _, err := fmt.Sscanf(string(content), "CLIENT_ID=%s\nCLIENT_SECRET=%s\nCONOMY_KEY=%s\nBLNK_KEY=%s\n", &c.ClientID, &c.ClientSecret, &c.ConomyKey, &c.BlnkKey); err != nil {
		t.Fatalf("sandbox.env: %v: %s", err, content)
	}
}

// waitFor waits until the process has written something and returns what the pattern's groups match.
func (s *server) waitFor(t testing.TB, in *transcript, want *regexp.Regexp) []string {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if m := want.FindStringSubmatch(in.String()); m != nil {
			return m
		}
	}
	t.Fatalf("the server did not write %s:\n%s%s", want, s.out, s.log)
	return nil
}

// stop interrupts the process as Ctrl-C does. The test fails unless it ends well.
func (s *server) stop(t testing.TB) {
	t.Helper()
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-s.done:
		if err != nil {
			t.Errorf("the server ended with %v, want no error\n%s", err, s.log)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the server did not end within 20 s of an interrupt")
	}
}

// wantStartFailure runs a server that cannot start. It must say why in one line, with these parts.
func wantStartFailure(t *testing.T, s *server, parts ...string) {
	t.Helper()
	timeout := time.AfterFunc(20*time.Second, func() { _ = s.cmd.Process.Kill() })
	defer timeout.Stop()
	if err := s.cmd.Run(); err == nil || s.cmd.ProcessState.ExitCode() != 1 {
		t.Fatalf("the server ended with %v, want exit status 1", err)
	}
	said := s.log.String()
	if strings.Count(said, "\n") != 1 || !strings.HasPrefix(said, "cedula: ") {
		t.Errorf("stderr = %q, want one line of cedula's", said)
	}
	wantContains(t, said, parts...)
}

const testIssuer = "http://conomy.example"

// fixture is both APIs in this process, on a table that counts its calls, with a log of its own.
type fixture struct {
	*server
	*services
	tableCalls *faulttable.Counter
	clock      func() time.Time // of the gateway and the authorizers
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{server: &server{log: &transcript{}}, clock: time.Now}
	t.Cleanup(privacytest.SetLog(f.log))
	data, err := datadir.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := data.Close(); err != nil {
			t.Errorf("close the data: %v", err)
		}
	})
	f.tableCalls = faulttable.NewCounter(data.Table)
	if f.services, err = newServices(data, f.tableCalls); err != nil {
		t.Fatal(err)
	}
	f.now = func() time.Time { return f.clock() }
	f.credentials = data.Sandbox
	conomyAPI, blnkAPI := f.apis(testIssuer)
	f.conomy, f.blnk = f.serve(t, conomyAPI), f.serve(t, blnkAPI)
	return f
}

func (f *fixture) serve(t *testing.T, a apigateway.API) string {
	t.Helper()
	s := httptest.NewServer(apigateway.New(a))
	t.Cleanup(s.Close)
	return s.URL
}

// createClient creates a client of a tenant of its own.
func (f *fixture) createClient(t *testing.T, p auth.ClientParams) datadir.Credentials {
	t.Helper()
	p.Name, p.TestMode = "test", true
	made, err := f.admin().CreateClient(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return datadir.Credentials{ClientID: made.ID, ClientSecret: made.Secret, ConomyKey: made.ConomyKey, BlnkKey: made.BlnkKey}
}

// as returns the same server with another client's credentials.
func (s *server) as(c datadir.Credentials) *server {
	return &server{conomy: s.conomy, blnk: s.blnk, mailbox: s.mailbox, credentials: c, log: s.log}
}

func (s *server) login(t testing.TB) httpResponse {
	t.Helper()
	body := `{"clientId":"` + s.credentials.ClientID + `","clientSecret":"` + s.credentials.ClientSecret + `"}`
	return call(t, "POST", s.conomy+"/auth", body, "x-api-key", s.credentials.ConomyKey)
}

// token logs in and returns the bearer token.
func (s *server) token(t testing.TB) string {
	t.Helper()
	a := s.login(t)
	a.want(t, 200)
	if kind := a.field(t, "tokenType"); kind != "Bearer" {
		t.Errorf("tokenType = %q, want Bearer", kind)
	}
	return a.field(t, "accessToken")
}

func (s *server) conomyHeaders(t testing.TB) []string {
	t.Helper()
	return conomyHeaders(s.token(t), s.credentials.ConomyKey)
}

func conomyHeaders(token, key string) []string {
	return []string{"Authorization", "Bearer " + token, "X-Api-Key", key}
}

func (s *server) blnkHeaders() []string { return []string{"X-Blnk-Key", s.credentials.BlnkKey} }

type httpResponse struct {
	status int
	header http.Header
	body   []byte
}

// want checks the status, and that the body contains these parts.
func (a httpResponse) want(t testing.TB, status int, parts ...string) {
	t.Helper()
	if a.status != status {
		t.Errorf("status = %d, want %d: %.300s", a.status, status, a.body)
	}
	wantContains(t, string(a.body), parts...)
}

// field returns a string field of a JSON body.
func (a httpResponse) field(t testing.TB, name string) string {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal(a.body, &all); err != nil {
		t.Fatalf("body = %d %s, want a JSON object", a.status, a.body)
	}
	s, _ := all[name].(string)
	return s
}

// call sends one request; headers are names and values in turn.
func call(t testing.TB, method, url, body string, headers ...string) httpResponse {
	t.Helper()
	a, err := tryCall(method, url, body, headers...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func tryCall(method, url, body string, headers ...string) (httpResponse, error) {
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return httpResponse{}, err
	}
	return do(r, headers)
}

// do sends a request with further headers.
func do(r *http.Request, headers []string) (httpResponse, error) {
	setHeaders(r, headers)
	response, err := httpClient.Do(r)
	if err != nil {
		return httpResponse{}, err
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	return httpResponse{response.StatusCode, response.Header, content}, err
}

func setHeaders(r *http.Request, headers []string) {
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
}

var httpClient = &http.Client{
	Transport: &http.Transport{MaxIdleConnsPerHost: 64},
	Timeout:   30 * time.Second,
}

// transcript collects what a process writes.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.Write(p)
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
}

func wantContains(t testing.TB, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("%q is missing from: %.2000s", p, text)
		}
	}
}

// identityBody returns the body of a create request of Conomy's API, a different person for each n.
func identityBody(n int) string {
	return fmt.Sprintf(`{"name":"N","email":"n%d@example.com","phone":"+5691234%04d","documentType":"RUT","documentNumber":"%d","idv":"iv"}`, n, n, 10_000_000+n)
}

// parallel calls do for 0 to n-1 from several goroutines.
func parallel(workers, n int, do func(int)) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	all.Wait()
}
