package main

import (
	"bufio"
	"bytes"
	"context"
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
	"time"

	"cedula/infra/privacytest"
	"cedula/shared/auth"
)

// serverProgram returns the path of the local server's program. TestMain removes its folder.
func serverProgram(t *testing.T) string {
	t.Helper()
	path := filepath.Join(programFolder, "local")
	if out, err := exec.Command("go", "build", "-o", path, "../local").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

var programFolder string

func TestMain(m *testing.M) {
	var err error
	if programFolder, err = os.MkdirTemp("", "cedula"); err != nil {
		panic(err)
	}
	code := privacytest.Run(m)
	_ = os.RemoveAll(programFolder)
	os.Exit(code)
}

// server is a running `make run`.
type server struct {
	folder, conomy, blnk, mailbox string
	process                       *exec.Cmd
}

func startServer(t *testing.T) *server {
	t.Helper()
	program := serverProgram(t)
	folder := t.TempDir()
	s := &server{folder: folder, process: exec.Command(program, "-data", folder, "-conomy", "localhost:0", "-blnk", "localhost:0", "-mailbox", "localhost:0")}
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
	address := regexp.MustCompile(`^(Conomy's dialect|Blnk's dialect|Mailbox) +(http://\S+)`)
	urls := map[string]string{}
	for len(urls) < 3 && lines.Scan() {
		if m := address.FindStringSubmatch(lines.Text()); m != nil {
			urls[m[1]] = m[2]
		}
	}
	s.conomy, s.blnk, s.mailbox = urls["Conomy's dialect"], urls["Blnk's dialect"], urls["Mailbox"]
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return s
}

func (s *server) stop() {
	_ = s.process.Process.Signal(syscall.SIGTERM)
	_ = s.process.Wait()
}

// run runs a command line.
func (s *server) run(words ...string) (string, error) {
	var out bytes.Buffer
	root := newRoot(&out)
	if s.folder != "" {
		words = append([]string{"--data", s.folder}, words...)
	}
	root.SetArgs(words)
	cmd, err := root.ExecuteContextC(context.Background())
	if err != nil {
		return userMessage(cmd, err), err
	}
	return out.String(), nil
}

// runJSON runs a command line that prints a JSON object.
func (s *server) runJSON(t *testing.T, words ...string) map[string]any {
	t.Helper()
	out, err := s.run(append(words, "--json")...)
	if err != nil {
		t.Fatalf("%v: %s", words, out)
	}
	var all map[string]any
	if err := json.Unmarshal([]byte(out), &all); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return all
}

// blnkStatus is the status of a fetch with a key.
func (s *server) blnkStatus(t *testing.T, key string) int {
	t.Helper()
	return requestStatus(t, "GET", s.blnk+"/identities/x", "", "X-Blnk-Key", key)
}

// loginStatus is the status of a login.
func (s *server) loginStatus(t *testing.T, client, secret, key string) int {
	t.Helper()
	return requestStatus(t, "POST", s.conomy+"/auth", `{"clientId":"`+client+`","clientSecret":"`+secret+`"}`, "X-Api-Key", key)
}

func requestStatus(t *testing.T, method, target, body string, header ...string) int {
	t.Helper()
	r, err := http.NewRequest(method, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set(header[0], header[1])
	r.Header.Set("Content-Type", "application/json")
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = a.Body.Close()
	return a.StatusCode
}

// TestAgainstARunningRegistry goes the way of a client: made, used, rotated with
// an overlap, revoked, and refused.
func TestAgainstARunningRegistry(t *testing.T) {
	s := startServer(t)
	made := s.runJSON(t, "clients", "create", "--name", "shop", "--scope", "identity:read", "--scope", "identity:write", "--scope", "identity:delete",
		"--tenant", "shop", "--mode", "strict", "--rate", "1000", "--burst", "1000")
	id, secret := made["id"].(string), made["clientSecret"].(string)
	conomyKey, blnkKey := made["conomyKey"].(string), made["blnkKey"].(string)
	if got := s.blnkStatus(t, blnkKey); got != 404 {
		t.Fatalf("the new client's fetch answers %d", got)
	}
	if got := s.loginStatus(t, id, secret, conomyKey); got != 200 {
		t.Fatalf("the new client's login answers %d", got)
	}

	second := s.runJSON(t, "secrets", "rotate", id, "--overlap", "1h")["clientSecret"].(string)
	if s.loginStatus(t, id, secret, conomyKey) != 200 || s.loginStatus(t, id, second, conomyKey) != 200 {
		t.Error("both secrets are good while they overlap")
	}
	if out, err := s.run("secrets", "rotate", id, "--overlap", "0"); err == nil || !strings.Contains(out, "--force") {
		t.Errorf("the first secret ends early: %s", out)
	}
	third := s.runJSON(t, "secrets", "rotate", id, "--overlap", "0", "--force")["clientSecret"].(string)
	if s.loginStatus(t, id, second, conomyKey) != 401 || s.loginStatus(t, id, third, conomyKey) != 200 {
		t.Error("without an overlap the old secret ends at once")
	}

	rotated := s.runJSON(t, "keys", "rotate", blnkKey[4:28], "--overlap", "1h")
	newKey := rotated["key"].(string)
	if s.blnkStatus(t, blnkKey) != 404 || s.blnkStatus(t, newKey) != 404 {
		t.Error("both keys are good while they overlap")
	}
	narrow := s.runJSON(t, "keys", "create", "--client", id, "--use", "blnk", "--scope", "identity:write", "--expires-in", "24h")
	if got := s.blnkStatus(t, narrow["key"].(string)); got != 403 {
		t.Errorf("a key without the scope to read answers %d", got)
	}
	fresh := s.runJSON(t, "keys", "create", "--client", id, "--use", "blnk")
	revoked := s.runJSON(t, "keys", "revoke", fresh["id"].(string))
	if got := s.blnkStatus(t, fresh["key"].(string)); got != 401 {
		t.Errorf("a revoked key answers %d", got)
	}
	seenBy, err := time.Parse(time.RFC3339, revoked["seenBy"].(string))
	if err != nil || time.Until(seenBy) > auth.RevocationDelay || time.Until(seenBy) < auth.RevocationDelay-10*time.Second {
		t.Errorf("seen by %v, %v", revoked["seenBy"], err)
	}
	s.runJSON(t, "clients", "suspend", id)
	if got := s.loginStatus(t, id, third, conomyKey); got != 403 {
		t.Errorf("a suspended client's login answers %d", got)
	}
	s.runJSON(t, "clients", "suspend", id, "--lift")
	shown := s.runJSON(t, "clients", "show", id)
	if shown["state"] != "active" || shown["mode"] != "strict" || shown["tenant"] != "shop" || shown["liveSecrets"] != 1.0 {
		t.Errorf("shown: %v", shown)
	}
	if out, err := s.run("smoke", "--base-url", "conomy="+s.conomy, "--base-url", "blnk="+s.blnk, "--env-file", filepath.Join(s.folder, "sandbox.env")); err != nil || strings.Count(out, "ok ") != 9 {
		t.Errorf("smoke: %v\n%s", err, out)
	}
	// Nothing that is listed later shows a secret again.
	all, _ := s.run("clients", "list")
	keys, _ := s.run("keys", "list", id)
	more, _ := s.run("keys", "list", id, "--json")
	for _, text := range []string{secret, second, third, conomyKey, blnkKey, newKey, fresh["key"].(string)} {
		if strings.Contains(all+keys+more, text) {
			t.Error("a secret is shown again")
		}
	}
	if strings.Count(keys, "\n") != 6 || !strings.Contains(keys, "revoked") || !strings.Contains(all, "shop") {
		t.Errorf("listed:\n%s%s", all, keys)
	}
}

// TestWithoutAServer works on the table itself once the server is gone.
func TestWithoutAServer(t *testing.T) {
	s := startServer(t)
	s.stop()
	made := s.runJSON(t, "clients", "create", "--name", "later", "--scope", "*")
	if s.runJSON(t, "clients", "show", made["id"].(string))["name"] != "later" {
		t.Error("it is not there")
	}
	if _, err := s.run("bootstrap", "--name", "first"); err == nil || !strings.Contains(err.Error(), "clients create") {
		t.Errorf("a second first client: %v", err)
	}
}
