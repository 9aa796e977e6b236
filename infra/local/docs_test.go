package main

import (
	"bytes"
	"encoding/json"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"cedula/infra/openapi"
	"cedula/infra/testenv"
	"cedula/shared/apidocs"
)

// TestDocs opens the pages of the contracts in a headless Chromium, one of them
// below a stage as it is deployed: every operation is drawn, nothing is asked of
// another host, and the console has no error. SCREENSHOT names a file to keep a
// picture of Conomy's in; CHROMIUM is the program.
func TestDocs(t *testing.T) {
	testenv.Need(t, testenv.DynamoDB)
	s := startServer(t, t.TempDir())
	t.Run("Conomy", func(t *testing.T) { checkRendered(t, apidocs.Conomy, s.conomy, "/sandbox", os.Getenv("SCREENSHOT")) })
	t.Run("Blnk", func(t *testing.T) { checkRendered(t, apidocs.Blnk, s.blnk, "", "") })
}

// checkRendered opens a page and keeps a picture of it unless keep is empty.
func checkRendered(t *testing.T, f apidocs.Files, origin, stage, keep string) {
	t.Helper()
	page := origin + stage + "/docs"
	folder := t.TempDir()
	netLog := filepath.Join(folder, "net.json")
	dom, said := chromium(t, "--log-net-log="+netLog, "--dump-dom", page)
	wantContains(t, dom, "<title>Cedula, in "+f.Dialect+"'s dialect</title>")

	contract, err := openapi.Load(f)
	if err != nil {
		t.Fatal(err)
	}
	operations := map[string]bool{}
	for _, m := range regexp.MustCompile(`operation/(\w+)`).FindAllStringSubmatch(dom, -1) {
		operations[m[1]] = true
	}
	if want := len(contract.Operations()); len(operations) != want {
		t.Errorf("%d operations are drawn, want %d", len(operations), want)
	}
	for line := range strings.SplitSeq(said, "\n") {
		if strings.Contains(line, "CONSOLE") {
			t.Errorf("the page says: %s", line)
		}
	}
	asked := requestedURLs(t, netLog, origin)
	want := []string{page + "/redoc.js", origin + stage + "/openapi.yaml"}
	if !slices.Equal(asked, want) {
		t.Errorf("the page asks for %v, want %v", asked, want)
	}

	picture := filepath.Join(folder, "docs.png")
	chromium(t, "--screenshot="+picture, page)
	content, err := os.ReadFile(picture)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := png.Decode(bytes.NewReader(content)); err != nil {
		t.Errorf("the picture: %v", err)
	}
	if keep != "" {
		if err := os.WriteFile(keep, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// chromium runs the browser until the page is quiet and returns what it writes.
func chromium(t *testing.T, arguments ...string) (out, said string) {
	t.Helper()
	program := os.Getenv("CHROMIUM")
	if program == "" {
		program = "chromium"
	}
	if _, err := exec.LookPath(program); err != nil {
		t.Fatalf("%v: install Chromium, or name it in CHROMIUM", err)
	}
	c := exec.Command(program, append([]string{
		"--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars", "--window-size=1280,900",
		"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost", "--enable-logging=stderr", "--virtual-time-budget=20000",
		"--user-data-dir=" + t.TempDir(),
	}, arguments...)...)
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	stop := time.AfterFunc(time.Minute, func() { _ = c.Process.Kill() })
	defer stop.Stop()
	if err := c.Run(); err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	return stdout.String(), stderr.String()
}

// requestedURLs are the addresses that pages of an origin asked for, not those that
// the browser asks for by itself.
func requestedURLs(t *testing.T, netLog, origin string) []string {
	t.Helper()
	content, err := os.ReadFile(netLog)
	if err != nil {
		t.Fatal(err)
	}
	var log struct {
		Events []struct {
			Params struct{ URL, Initiator string }
		}
	}
	if err := json.Unmarshal(content, &log); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range log.Events {
		if e.Params.URL != "" && e.Params.Initiator == origin {
			all = append(all, e.Params.URL)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
