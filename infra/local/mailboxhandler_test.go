package main

import (
	"bytes"
	"image/png"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"cedula/infra/testenv"
	"cedula/shared/identity"
)

// TestMailboxInChromium opens the mailbox in a headless Chromium: what is in it is
// drawn, what arrives while the page is open too, nothing is asked of another host
// and the console has no error. MAILBOX_SCREENSHOT names a file to keep a picture in.
func TestMailboxInChromium(t *testing.T) {
	testenv.Need(t, testenv.DynamoDB)
	m := &mailbox{}
	renderInto(t, m, reminderMessage("m1", "ana@example.com"), codeMessage("m2", "+56912345678", "271828"))
	shows := mailboxHandler(m, http.NotFoundHandler(), "localhost:0")
	var looks atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" && looks.Add(1) == 2 { // the page looks for news
			late := codeMessage("m3", "bruno@example.com", "314159")
			late.Channel, late.Language = identity.ChannelEmail, "pt"
			renderInto(t, m, late)
		}
		shows.ServeHTTP(w, r)
	}))
	server.Start()
	t.Cleanup(server.Close)
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	origin := "http://localhost:" + port

	netLog := filepath.Join(t.TempDir(), "net.json")
	dom, said := chromium(t, "--log-net-log="+netLog, "--dump-dom", origin+"/")
	if strings.Count(dom, "<article") != 3 || looks.Load() < 3 {
		t.Errorf("%d messages are drawn after %d looks", strings.Count(dom, "<article"), looks.Load())
	}
	wantContains(t, dom, "<title>Cedula's mailbox</title>", `<p class="code">271828</p>`, `<p class="code">314159</p>`, "Seu código")
	if strings.Index(dom, "314159") > strings.Index(dom, "271828") {
		t.Error("the newest is not first")
	}
	for line := range strings.SplitSeq(said, "\n") {
		if strings.Contains(line, "CONSOLE") {
			t.Errorf("the page says: %s", line)
		}
	}
	asked := requestedURLs(t, netLog, origin)
	if want := []string{origin + "/", origin + "/mailbox.css", origin + "/mailbox.js"}; !slices.Equal(asked, want) {
		t.Errorf("the page asks for %v, want %v", asked, want)
	}

	picture := filepath.Join(t.TempDir(), "mailbox.png")
	chromium(t, "--screenshot="+picture, origin+"/")
	content, err := os.ReadFile(picture)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := png.Decode(bytes.NewReader(content)); err != nil {
		t.Errorf("the picture: %v", err)
	}
	if keep := os.Getenv("MAILBOX_SCREENSHOT"); keep != "" {
		if err := os.WriteFile(keep, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
