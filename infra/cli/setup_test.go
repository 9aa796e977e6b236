package cli_test

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
	"syscall"
	"testing"

	"cedula/infra/cli"
	"cedula/infra/privacytest"
)

var programFolder string // of the server's program

func TestMain(m *testing.M) {
	var err error
	if programFolder, err = os.MkdirTemp("", "cedula"); err != nil {
		panic(err)
	}
	code := privacytest.Run(m)
	_ = os.RemoveAll(programFolder)
	os.Exit(code)
}

// server is a running `make run`, or a data folder.
type server struct {
	folder, conomy, blnk, mailbox string
	process                       *exec.Cmd
}

func startServer(t *testing.T) *server {
	t.Helper()
	program := filepath.Join(programFolder, "cedula")
	if out, err := exec.Command("go", "build", "-o", program, "../cedula").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return startProgram(t, program, t.TempDir())
}

// startProgram serves a data directory with a program of any release.
func startProgram(t *testing.T, program, folder string) *server {
	t.Helper()
	s := &server{folder: folder}
	s.process = exec.Command(program, "serve", "--data", s.folder, "--conomy", "localhost:0", "--blnk", "localhost:0", "--mailbox", "localhost:0")
	s.process.Stderr = privacytest.Log
	out, err := s.process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	lines := bufio.NewScanner(out)
	address := regexp.MustCompile(`^(Conomy|Blnk|Mailbox).* +(http://\S+)`)
	urls := map[string]*string{"Conomy": &s.conomy, "Blnk": &s.blnk, "Mailbox": &s.mailbox}
	for s.mailbox == "" && lines.Scan() {
		if m := address.FindStringSubmatch(lines.Text()); m != nil {
			*urls[m[1]] = m[2]
		}
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return s
}

func (s *server) stop() {
	_ = s.process.Process.Signal(syscall.SIGTERM)
	_ = s.process.Wait()
}

// run runs a command line and returns what it prints, its error, and its exit status.
func (s *server) run(words ...string) (out, failure string, status int) {
	var stdout, stderr bytes.Buffer
	if s.folder != "" {
		words = append([]string{"--data", s.folder}, words...)
	}
	status = cli.Run(cli.New("cedula", "a registry", &cli.Local{}), words, &stdout, &stderr)
	return stdout.String(), stderr.String(), status
}

// mustRun runs a command line, given as words separated by spaces.
func (s *server) mustRun(t *testing.T, line string) string {
	t.Helper()
	out, failure, status := s.run(strings.Fields(line)...)
	if status != 0 {
		t.Fatalf("%s: exit status %d: %s", line, status, failure)
	}
	return out
}

// runJSON runs a command line with --json and returns the object that it prints.
func (s *server) runJSON(t *testing.T, line string) map[string]any {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal([]byte(s.mustRun(t, line+" --json")), &all); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return all
}

// wantError runs a command line that must fail with one line that has these parts.
func (s *server) wantError(t *testing.T, words []string, parts ...string) {
	t.Helper()
	_, failure, status := s.run(words...)
	if status == 0 || strings.Count(failure, "\n") != 1 {
		t.Errorf("%q: exit status %d, error %q, want an error of one line", words, status, failure)
	}
	wantContains(t, failure, parts...)
}

func wantContains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("%q is missing from: %s", p, text)
		}
	}
}

// wantFields checks fields of a JSON object.
func wantFields(t *testing.T, got, want map[string]any) {
	t.Helper()
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s = %v, want %v", name, got[name], value)
		}
	}
}

// wantFetch fetches an identity that does not exist with a key. Status 404 means that the key is accepted.
func (s *server) wantFetch(t *testing.T, key string, status int) {
	t.Helper()
	if got, _ := send(t, "GET", s.blnk+"/identities/x", "", "X-Blnk-Key", key); got != status {
		t.Errorf("fetch with key %s = %d, want %d", key[:28], got, status)
	}
}

func (s *server) wantLogin(t *testing.T, client, secret, key string, status int) {
	t.Helper()
	if got, _ := send(t, "POST", s.conomy+"/auth", `{"clientId":"`+client+`","clientSecret":"`+secret+`"}`, "X-Api-Key", key); got != status {
		t.Errorf("login of %s = %d, want %d", client, got, status)
	}
}

// send returns the status and the body of a response.
func send(t *testing.T, method, target, body, header, value string) (int, []byte) {
	t.Helper()
	r, err := http.NewRequest(method, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set(header, value)
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, text
}
