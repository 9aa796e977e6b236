package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"cedula/infra/testenv"
)

// TestReadme runs the README's lines for a first try as they stand there, in a
// shell, against a server on the ports they name.
func TestReadme(t *testing.T) {
	testenv.Need(t, testenv.DynamoDB)
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)<!-- run -->\n```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(blocks) != 2 {
		t.Fatalf("%d blocks to run", len(blocks))
	}
	home := t.TempDir()
	folder := filepath.Join(home, ".cedula")
	s := newServerCommand(folder, "localhost:5010", "localhost:5001")
	s.cmd.Args = append(s.cmd.Args, "-mailbox", "localhost:5012")
	launchServer(t, s).waitReady(t, folder)
	welcome := s.out.String()
	for range 2 { // both may be pasted again
		out := runShell(t, home, blocks[0][1])
		wantContains(t, out, `"documentNumber":"12345678-5"`, `"organization_name":"Acme"`, `"type":"ORGANIZATION","name":"Acme"`)
		out = runShell(t, home, welcome[strings.Index(welcome, "TOKEN="):])
		wantContains(t, out, `"documentNumber":"11111111-1"`, `"first_name":"Alice"`)
	}
	out := runShell(t, home, blocks[0][1]+blocks[1][1])
	wantContains(t, out, `"status":"PENDING_PHONE_VALIDATION"`, `"ahead":"192h0m0s"`, `"code":"31"`)
}

// TestReadmeOfTheCommandLine runs the README's lines about clients beside a
// server, from the repository's folder.
func TestReadmeOfTheCommandLine(t *testing.T) {
	testenv.Need(t, testenv.DynamoDB)
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)<!-- run in the repository -->\n```sh\n(.*?)```").FindSubmatch(text)
	if block == nil {
		t.Fatal("no lines to run")
	}
	data := filepath.Join(t.TempDir(), ".cedula")
	startServerAt(t, data, "localhost:5010", "localhost:5001")
	script := strings.ReplaceAll(string(block[1]), "./infra/cli", "./infra/cli --data "+data)
	out := runShell(t, filepath.Join("..", ".."), script)
	wantContains(t, out, "client secret", "X-blnk-key", "shop", "sandbox")
	if strings.Count(out, "ok ") != 9 || strings.Contains(out, "FAILED") {
		t.Errorf("smoke:\n%s", out)
	}
}

func runShell(t *testing.T, folder, script string) string {
	t.Helper()
	c := exec.Command("bash", "-euo", "pipefail", "-c", script)
	c.Dir = folder
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}
