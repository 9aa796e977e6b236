package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"cedula/infra/canary"
	"cedula/shared/auth"
)

// server is a running `make run`.
type server struct {
	folder, conomy, blnk string
	process              *exec.Cmd
}

func start(t *testing.T) *server {
	t.Helper()
	program := filepath.Join(t.TempDir(), "local")
	if out, err := exec.Command("go", "build", "-o", program, "../local").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	folder := t.TempDir()
	s := &server{folder: folder, process: exec.Command(program, "-data", folder, "-conomy", "localhost:0", "-blnk", "localhost:0", "-mailbox", "localhost:0")}
	s.process.Stderr = canary.Tee(io.Discard)
	out, err := s.process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	lines := bufio.NewScanner(out)
	address := regexp.MustCompile(`^(Conomy|Blnk)'s dialect +(http://\S+)`)
	for s.blnk == "" && lines.Scan() {
		if m := address.FindStringSubmatch(lines.Text()); m != nil && m[1] == "Conomy" {
			s.conomy = m[2]
		} else if m != nil {
			s.blnk = m[2]
		}
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return s
}

func (s *server) stop() {
	_ = s.process.Process.Signal(syscall.SIGTERM)
	_ = s.process.Wait()
}

// try runs a command line.
func (s *server) try(words ...string) (string, error) {
	var out bytes.Buffer
	root := newRoot(&out)
	if s.folder != "" {
		words = append([]string{"--data", s.folder}, words...)
	}
	root.SetArgs(words)
	cmd, err := root.ExecuteContextC(context.Background())
	if err != nil {
		return explain(cmd, err), err
	}
	return out.String(), nil
}

// object runs a command line that prints a JSON object.
func (s *server) object(t *testing.T, words ...string) map[string]any {
	t.Helper()
	out, err := s.try(append(words, "--json")...)
	if err != nil {
		t.Fatalf("%v: %s", words, out)
	}
	var all map[string]any
	if err := json.Unmarshal([]byte(out), &all); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return all
}

// blnkAnswers is the status of a fetch with a key.
func (s *server) blnkAnswers(t *testing.T, key string) int {
	t.Helper()
	return answers(t, "GET", s.blnk+"/identities/x", "", "X-Blnk-Key", key)
}

// logsIn is the status of a login.
func (s *server) logsIn(t *testing.T, client, secret, key string) int {
	t.Helper()
	return answers(t, "POST", s.conomy+"/auth", `{"clientId":"`+client+`","clientSecret":"`+secret+`"}`, "X-Api-Key", key)
}

func answers(t *testing.T, method, target, body string, header ...string) int {
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
	s := start(t)
	made := s.object(t, "clients", "create", "--name", "shop", "--scope", "identity:read", "--scope", "identity:write", "--scope", "identity:delete",
		"--tenant", "shop", "--mode", "strict", "--rate", "1000", "--burst", "1000")
	id, secret := made["id"].(string), made["clientSecret"].(string)
	conomyKey, blnkKey := made["conomyKey"].(string), made["blnkKey"].(string)
	if got := s.blnkAnswers(t, blnkKey); got != 404 {
		t.Fatalf("the new client's fetch answers %d", got)
	}
	if got := s.logsIn(t, id, secret, conomyKey); got != 200 {
		t.Fatalf("the new client's login answers %d", got)
	}

	second := s.object(t, "secrets", "rotate", id, "--overlap", "1h")["clientSecret"].(string)
	if s.logsIn(t, id, secret, conomyKey) != 200 || s.logsIn(t, id, second, conomyKey) != 200 {
		t.Error("both secrets are good while they overlap")
	}
	if out, err := s.try("secrets", "rotate", id, "--overlap", "0"); err == nil || !strings.Contains(out, "--force") {
		t.Errorf("the first secret ends early: %s", out)
	}
	third := s.object(t, "secrets", "rotate", id, "--overlap", "0", "--force")["clientSecret"].(string)
	if s.logsIn(t, id, second, conomyKey) != 401 || s.logsIn(t, id, third, conomyKey) != 200 {
		t.Error("without an overlap the old secret ends at once")
	}

	rotated := s.object(t, "keys", "rotate", blnkKey[4:28], "--overlap", "1h")
	newKey := rotated["key"].(string)
	if s.blnkAnswers(t, blnkKey) != 404 || s.blnkAnswers(t, newKey) != 404 {
		t.Error("both keys are good while they overlap")
	}
	narrow := s.object(t, "keys", "create", "--client", id, "--use", "blnk", "--scope", "identity:write", "--expires-in", "24h")
	if got := s.blnkAnswers(t, narrow["key"].(string)); got != 403 {
		t.Errorf("a key without the scope to read answers %d", got)
	}
	fresh := s.object(t, "keys", "create", "--client", id, "--use", "blnk")
	revoked := s.object(t, "keys", "revoke", fresh["id"].(string))
	if got := s.blnkAnswers(t, fresh["key"].(string)); got != 401 {
		t.Errorf("a revoked key answers %d", got)
	}
	seenBy, err := time.Parse(time.RFC3339, revoked["seenBy"].(string))
	if err != nil || time.Until(seenBy) > auth.SeenWithin || time.Until(seenBy) < auth.SeenWithin-10*time.Second {
		t.Errorf("seen by %v, %v", revoked["seenBy"], err)
	}
	s.object(t, "clients", "suspend", id)
	if got := s.logsIn(t, id, third, conomyKey); got != 403 {
		t.Errorf("a suspended client's login answers %d", got)
	}
	s.object(t, "clients", "suspend", id, "--lift")
	shown := s.object(t, "clients", "show", id)
	if shown["state"] != "active" || shown["mode"] != "strict" || shown["tenant"] != "shop" || shown["liveSecrets"] != 1.0 {
		t.Errorf("shown: %v", shown)
	}
	if out, err := s.try("smoke", "--base-url", "conomy="+s.conomy, "--base-url", "blnk="+s.blnk, "--env-file", filepath.Join(s.folder, "sandbox.env")); err != nil || strings.Count(out, "ok ") != 9 {
		t.Errorf("smoke: %v\n%s", err, out)
	}
	// Nothing that is listed later shows a secret again.
	all, _ := s.try("clients", "list")
	keys, _ := s.try("keys", "list", id)
	more, _ := s.try("keys", "list", id, "--json")
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
	s := start(t)
	s.stop()
	made := s.object(t, "clients", "create", "--name", "later", "--scope", "*")
	if s.object(t, "clients", "show", made["id"].(string))["name"] != "later" {
		t.Error("it is not there")
	}
	if _, err := s.try("bootstrap", "--name", "first"); err == nil || !strings.Contains(err.Error(), "clients create") {
		t.Errorf("a second first client: %v", err)
	}
}
