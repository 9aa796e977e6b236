package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"cedula/infra/privacytest"
)

// TestMain lets the test binary be the server itself, so that the tests can
// kill, interrupt and restart a real process.
func TestMain(m *testing.M) {
	if os.Getenv("CEDULA_TEST_SERVER") != "" {
		limitFileSize(os.Getenv("CEDULA_TEST_FILE_LIMIT"))
		main()
		return
	}
	os.Exit(privacytest.Run(m))
}

// server is a running `make run` with its own data folder.
type server struct {
	conomy, blnk string // base URLs
	mailbox      string // likewise
	credentials  sandboxCredentials
	cmd          *exec.Cmd
	out          *transcript
	log          *transcript
	done         chan error
}

// startServer runs the server on free ports and waits until it welcomes.
func startServer(t testing.TB, folder string) *server {
	t.Helper()
	return startServerAt(t, folder, "localhost:0", "localhost:0")
}

func startServerAt(t testing.TB, folder, conomyAddress, blnkAddress string) *server {
	t.Helper()
	s := launchServer(t, newServerCommand(folder, conomyAddress, blnkAddress))
	s.waitReady(t, folder)
	return s
}

// launchServer starts a server and waits for nothing.
func launchServer(t testing.TB, s *server) *server {
	t.Helper()
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.cmd.Process.Kill() })
	go s.collectOutput(stdout)
	return s
}

// waitReady waits for the welcome and reads the credentials.
func (s *server) waitReady(t testing.TB, folder string) {
	t.Helper()
	s.conomy = "http://" + s.waitForOutput(t, regexp.MustCompile(`Conomy's dialect +http://(\S+)`))
	s.blnk = "http://" + s.waitForOutput(t, regexp.MustCompile(`Blnk's dialect +http://(\S+)`))
	s.mailbox = "http://" + s.waitForOutput(t, regexp.MustCompile(`Mailbox +http://(\S+)`))
	s.waitForOutput(t, regexp.MustCompile(`(identity_type)`))
	content, err := os.ReadFile(filepath.Join(folder, sandboxFile))
	if err != nil {
		t.Fatal(err)
	}
	if !s.credentials.parse(content) {
		t.Fatalf("%s", content)
	}
}

func newServerCommand(folder, conomyAddress, blnkAddress string) *server {
	s := &server{out: &transcript{}, log: &transcript{}, done: make(chan error, 1)}
	s.cmd = exec.Command(os.Args[0], "-data", folder, "-conomy", conomyAddress, "-blnk", blnkAddress, "-mailbox", "localhost:0")
	s.cmd.Env = append(os.Environ(), "CEDULA_TEST_SERVER=1", "GORACE=atexit_sleep_ms=0")
	s.cmd.Stderr = io.MultiWriter(s.log, privacytest.Log)
	return s
}

func (s *server) collectOutput(stdout io.Reader) {
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		_, _ = s.out.Write(append(lines.Bytes(), '\n'))
	}
	s.done <- s.cmd.Wait()
}

func (s *server) waitForOutput(t testing.TB, want *regexp.Regexp) string {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if m := want.FindStringSubmatch(s.out.String()); m != nil {
			return m[1]
		}
	}
	t.Fatalf("the server did not say %s\n%s%s", want, s.out, s.log)
	return ""
}

// stop interrupts the process as Ctrl-C does and returns how it ended.
func (s *server) stop(t *testing.T) error {
	t.Helper()
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-s.done:
		return err
	case <-time.After(20 * time.Second):
		t.Fatal("the server did not end")
		return nil
	}
}

// wantStartFailure runs the server where it cannot start and returns what it said.
func wantStartFailure(t *testing.T, s *server) string {
	t.Helper()
	stop := time.AfterFunc(20*time.Second, func() { _ = s.cmd.Process.Kill() })
	defer stop.Stop()
	err := s.cmd.Run()
	if err == nil || s.cmd.ProcessState.ExitCode() != 1 {
		t.Fatal("the server started")
	}
	said := s.log.String()
	if strings.Count(said, "\n") != 1 || !strings.HasPrefix(said, "cedula: ") {
		t.Errorf("want one clear line, got:\n%s", said)
	}
	return said
}

// token gets a bearer token.
func (s *server) token(t *testing.T) string {
	t.Helper()
	body := `{"clientId":"` + s.credentials.ClientID + `","clientSecret":"` + s.credentials.ClientSecret + `"}`
	a := call(t, "POST", s.conomy+"/auth", body, "x-api-key", s.credentials.ConomyKey)
	var answer struct {
		AccessToken string
		TokenType   string
		ExpiresIn   int
	}
	if err := json.Unmarshal(a.body, &answer); err != nil || a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if answer.TokenType != "Bearer" || answer.ExpiresIn < 3590 || answer.ExpiresIn > 3600 {
		t.Errorf("token answer: %+v", answer)
	}
	return answer.AccessToken
}

type httpResponse struct {
	status int
	header http.Header
	body   []byte
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
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := httpClient.Do(r)
	if err != nil {
		return httpResponse{}, err
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	return httpResponse{response.StatusCode, response.Header, content}, err
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
