package local

import (
	"bytes"
	"encoding/json"
	"image/png"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cedula/infra/local/mailbox"
	"cedula/infra/openapi"
	"cedula/infra/testenv"
	"cedula/shared/apidocs"
	"cedula/shared/identity"
	"cedula/shared/messaging"
)

// TestDocsPages opens the pages of the contracts in a headless Chromium, one of them below a stage as it is deployed.
// SCREENSHOT names a file for a picture of Conomy's; CHROMIUM is the program.
func TestDocsPages(t *testing.T) {
	testenv.Need(t, testenv.DynamoDB)
	s := startServer(t, t.TempDir())
	for _, tt := range []struct {
		contract            apidocs.Files
		origin, stage, keep string
	}{
		{apidocs.Conomy, s.conomy, "/sandbox", os.Getenv("SCREENSHOT")},
		{apidocs.Blnk, s.blnk, "", ""},
	} {
		base := tt.origin + tt.stage
		dom := openPage(t, tt.origin, base+"/docs", tt.keep, []string{base + "/docs/redoc.js", base + "/openapi.yaml"})
		wantContains(t, dom, "<title>Cedula – "+tt.contract.Dialect+" API</title>")
		contract, err := openapi.Load(tt.contract)
		if err != nil {
			t.Fatal(err)
		}
		operations := map[string]bool{}
		for _, m := range regexp.MustCompile(`operation/(\w+)`).FindAllStringSubmatch(dom, -1) {
			operations[m[1]] = true
		}
		if want := len(contract.Operations); len(operations) != want {
			t.Errorf("%s: operations on the page = %d, want %d", base, len(operations), want)
		}
	}
}

// TestMailboxPage opens the mailbox in a headless Chromium: the page also shows what arrives while it is open.
// MAILBOX_SCREENSHOT names a file for a picture.
func TestMailboxPage(t *testing.T) {
	testenv.Need(t, testenv.DynamoDB)
	box := &mailbox.Mailbox{}
	send := func(m identity.Message) {
		m.Tenant, m.IdentityID, m.ExpiresAt = "acme", "i1", time.Now().Add(time.Hour)
		rendered, err := messaging.Render(m)
		if err != nil {
			t.Error(err)
		}
		_ = box.Send(t.Context(), rendered)
	}
	send(identity.Message{ID: "m1", To: "ana@example.com", Channel: identity.ChannelEmail, Purpose: identity.PurposeReminder, Language: "en"})
	send(identity.Message{ID: "m2", To: "+56912345678", Channel: identity.ChannelPhone, Purpose: identity.PurposeVerificationCode, Code: "271828", Language: "es"})
	page := mailbox.Handler(box, http.NotFoundHandler(), "localhost:0")
	var views atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" && views.Add(1) == 2 { // the page asks for news
			send(identity.Message{ID: "m3", To: "bruno@example.com", Channel: identity.ChannelEmail, Purpose: identity.PurposeVerificationCode, Code: "314159", Language: "pt"})
		}
		page.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	origin := "http://localhost:" + port
	dom := openPage(t, origin, origin+"/", os.Getenv("MAILBOX_SCREENSHOT"), []string{origin + "/", origin + "/mailbox.css", origin + "/mailbox.js"})
	if got := strings.Count(dom, "<article"); got != 3 || views.Load() < 3 {
		t.Errorf("messages after %d views = %d, want 3", views.Load(), got)
	}
	wantContains(t, dom, "<title>Cedula's mailbox</title>", `<p class="code">271828</p>`, `<p class="code">314159</p>`, "Seu código")
	if strings.Index(dom, "314159") > strings.Index(dom, "271828") {
		t.Errorf("the newest message is not first: %s", dom)
	}
}

// openPage renders a page and returns its DOM. The page must write nothing to the console and request exactly these URLs.
// keep, if not empty, is a file for a picture.
func openPage(t *testing.T, origin, page, keep string, requests []string) string {
	t.Helper()
	folder := t.TempDir()
	netLog, picture := filepath.Join(folder, "net.json"), filepath.Join(folder, "page.png")
	dom, said := chromium(t, "--log-net-log="+netLog, "--dump-dom", page)
	if strings.Contains(said, "CONSOLE") {
		t.Errorf("%s: the console is not empty: %s", page, said)
	}
	if got := requestedURLs(t, netLog, origin); !slices.Equal(got, requests) {
		t.Errorf("%s requests %v, want %v", page, got, requests)
	}
	chromium(t, "--screenshot="+picture, page)
	content, err := os.ReadFile(picture)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := png.Decode(bytes.NewReader(content)); err != nil {
		t.Errorf("%s: the picture: %v", page, err)
	}
	if keep != "" {
		if err := os.WriteFile(keep, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dom
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
	c := exec.CommandContext(t.Context(), program, append([]string{
		"--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars", "--window-size=1280,900",
		"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost", "--enable-logging=stderr", "--virtual-time-budget=20000",
		"--user-data-dir=" + t.TempDir(),
	}, arguments...)...)
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	timeout := time.AfterFunc(time.Minute, func() { _ = c.Process.Kill() })
	defer timeout.Stop()
	if err := c.Run(); err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	return stdout.String(), stderr.String()
}

// requestedURLs returns what pages of an origin requested, without what the browser requests by itself.
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
