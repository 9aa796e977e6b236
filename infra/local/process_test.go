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

	"cedula/infra/canary"
)

// TestMain lets the test binary be the server itself, so that the tests can
// kill, interrupt and restart a real process.
func TestMain(m *testing.M) {
	if os.Getenv("CEDULA_TEST_SERVER") != "" {
		limitFiles(os.Getenv("CEDULA_TEST_FILE_LIMIT"))
		main()
		return
	}
	os.Exit(m.Run())
}

// server is a running `make run` with its own data folder.
type server struct {
	conomy, blnk string // base URLs
	mailbox      string // likewise
	client       sandbox
	command      *exec.Cmd
	out          *transcript
	log          *transcript
	done         chan error
}

// start runs the server on free ports and waits until it welcomes.
func start(t testing.TB, folder string) *server {
	t.Helper()
	return startAt(t, folder, "localhost:0", "localhost:0")
}

func startAt(t testing.TB, folder, conomyAddress, blnkAddress string) *server {
	t.Helper()
	s := launch(t, command(folder, conomyAddress, blnkAddress))
	s.learn(t, folder)
	return s
}

// launch starts a server and waits for nothing.
func launch(t testing.TB, s *server) *server {
	t.Helper()
	stdout, err := s.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.command.Process.Kill() })
	go s.wait(stdout)
	return s
}

// learn waits for the welcome and reads the credentials.
func (s *server) learn(t testing.TB, folder string) {
	t.Helper()
	s.conomy = "http://" + s.await(t, regexp.MustCompile(`Conomy's dialect +http://(\S+)`))
	s.blnk = "http://" + s.await(t, regexp.MustCompile(`Blnk's dialect +http://(\S+)`))
	s.mailbox = "http://" + s.await(t, regexp.MustCompile(`Mailbox +http://(\S+)`))
	s.await(t, regexp.MustCompile(`(identity_type)`))
	content, err := os.ReadFile(filepath.Join(folder, sandboxFile))
	if err != nil {
		t.Fatal(err)
	}
	if !s.client.parse(content) {
		t.Fatalf("%s", content)
	}
}

func command(folder, conomyAddress, blnkAddress string) *server {
	s := &server{out: &transcript{}, log: &transcript{}, done: make(chan error, 1)}
	s.command = exec.Command(os.Args[0], "-data", folder, "-conomy", conomyAddress, "-blnk", blnkAddress, "-mailbox", "localhost:0")
	s.command.Env = append(os.Environ(), "CEDULA_TEST_SERVER=1", "GORACE=atexit_sleep_ms=0")
	s.command.Stderr = canary.Tee(s.log)
	return s
}

func (s *server) wait(stdout io.Reader) {
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		_, _ = s.out.Write(append(lines.Bytes(), '\n'))
	}
	s.done <- s.command.Wait()
}

func (s *server) await(t testing.TB, want *regexp.Regexp) string {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if m := want.FindStringSubmatch(s.out.String()); m != nil {
			return m[1]
		}
	}
	t.Fatalf("the server did not say %s\n%s%s", want, s.out, s.log)
	return ""
}

// end interrupts the process as Ctrl-C does and returns how it ended.
func (s *server) end(t *testing.T) error {
	t.Helper()
	if err := s.command.Process.Signal(os.Interrupt); err != nil {
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

// fails runs the server where it cannot start and returns what it said.
func fails(t *testing.T, s *server) string {
	t.Helper()
	stop := time.AfterFunc(20*time.Second, func() { _ = s.command.Process.Kill() })
	defer stop.Stop()
	err := s.command.Run()
	if err == nil || s.command.ProcessState.ExitCode() != 1 {
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
	body := `{"clientId":"` + s.client.ClientID + `","clientSecret":"` + s.client.ClientSecret + `"}`
	a := call(t, "POST", s.conomy+"/auth", body, "x-api-key", s.client.ConomyKey)
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

type answer struct {
	status int
	header http.Header
	body   []byte
}

// call sends one request; headers are names and values in turn.
func call(t testing.TB, method, url, body string, headers ...string) answer {
	t.Helper()
	a, err := tryCall(method, url, body, headers...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func tryCall(method, url, body string, headers ...string) (answer, error) {
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, content}, err
}

var client = &http.Client{
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
