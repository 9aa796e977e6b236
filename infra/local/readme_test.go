package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"cedula/infra/testenv"
	"cedula/shared/identity"
)

// readmeBlocks returns the README's commands below a mark.
func readmeBlocks(t *testing.T, mark string, want int) []string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for _, m := range regexp.MustCompile("(?s)<!-- "+mark+" -->\n```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		blocks = append(blocks, m[1])
	}
	if len(blocks) != want {
		t.Fatalf("blocks marked %q = %d, want %d", mark, len(blocks), want)
	}
	return blocks
}

// startDefault starts the server on its default ports, which the README names.
func startDefault(t *testing.T, folder string) *server {
	t.Helper()
	return startServer(t, folder, "-conomy", "localhost:5010", "-blnk", "localhost:5001", "-mailbox", "localhost:5012")
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

// TestReadmeFirstTry runs the README's and the banner's commands for a first try.
func TestReadmeFirstTry(t *testing.T) {
	testenv.Need(t, testenv.DynamoDB)
	blocks := readmeBlocks(t, "run", 2)
	home := t.TempDir()
	s := startDefault(t, filepath.Join(home, ".cedula"))
	banner := s.out.String()
	for range 2 { // both may be pasted again
		out := runShell(t, home, blocks[0])
		wantContains(t, out, `"documentNumber":"12345678-5"`, `"organization_name":"Acme"`, `"type":"ORGANIZATION","name":"Acme"`)
		out = runShell(t, home, banner[strings.Index(banner, "TOKEN="):])
		wantContains(t, out, `"documentNumber":"11111111-1"`, `"first_name":"Alice"`)
	}
	out := runShell(t, home, blocks[0]+blocks[1])
	wantContains(t, out, `"status":"PENDING_PHONE_VALIDATION"`, `"ahead":"192h0m0s"`, `"code":"31"`)
}

// TestReadmeCommandLine runs the README's commands about clients while a server runs.
func TestReadmeCommandLine(t *testing.T) {
	testenv.Need(t, testenv.DynamoDB)
	block := readmeBlocks(t, "run in the repository", 1)[0]
	data := filepath.Join(t.TempDir(), ".cedula")
	startDefault(t, data)
	out := runShell(t, filepath.Join("..", ".."), strings.ReplaceAll(block, "./infra/cli", "./infra/cli --data "+data))
	wantContains(t, out, "client secret", "X-blnk-key", "shop", "sandbox")
	if strings.Count(out, "ok ") != 9 || strings.Contains(out, "FAILED") {
		t.Errorf("smoke = %s, want 9 calls that are ok", out)
	}
}

// TestReadmeShowsTheTransitions compares the README's diagram with the core's table.
func TestReadmeShowsTheTransitions(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, diagram, _ := strings.Cut(string(text), "stateDiagram-v2\n")
	diagram, _, _ = strings.Cut(diagram, "```")
	var want strings.Builder
	for _, row := range identity.Transitions {
		for _, to := range row.To {
			fmt.Fprintf(&want, "  %s --> %s\n", row.From, to)
		}
	}
	if diagram != want.String() {
		t.Errorf("diagram =\n%s\nwant\n%s", diagram, want.String())
	}
}
