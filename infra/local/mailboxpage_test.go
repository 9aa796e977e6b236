//go:build dynamodb

package main

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cedula/shared/identity"
)

// TestMailboxInChromium opens the mailbox in a headless Chromium: what is in it is
// drawn, what arrives while it is open too, nothing is asked of another host and
// the console has no error. MAILBOX_SCREENSHOT names a file to keep a picture in.
func TestMailboxInChromium(t *testing.T) {
	folder := shortFolder(t)
	s := start(t, folder)
	queue := outbox(t, folder)
	for n, m := range []identity.Message{
		reminder("m1", "ana@example.com"), code("m2", "+56912345678", "271828"), code("m3", "bruno@example.com", "314159"),
	} {
		if n == 2 {
			m.Channel, m.Language = identity.ByEmail, "pt"
		}
		if err := queue.Queue(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		awaitLetters(t, s, n+1)
	}
	netLog := filepath.Join(t.TempDir(), "net.json")
	dom, said := chromium(t, "--log-net-log="+netLog, "--dump-dom", s.mailbox+"/")
	if strings.Count(dom, "<article") != 3 {
		t.Errorf("%d messages are drawn", strings.Count(dom, "<article"))
	}
	wantIn(t, dom, "<title>Cedula's mailbox</title>", `<p class="code">271828</p>`, `<p class="code">314159</p>`, "Seu código")
	for line := range strings.SplitSeq(said, "\n") {
		if strings.Contains(line, "CONSOLE") {
			t.Errorf("the page says: %s", line)
		}
	}
	asked := requests(t, netLog, s.mailbox)
	if want := []string{s.mailbox + "/", s.mailbox + "/mailbox.css", s.mailbox + "/mailbox.js"}; !slices.Equal(asked, want) {
		t.Errorf("the page asks for %v, want %v", asked, want)
	}

	picture := filepath.Join(t.TempDir(), "mailbox.png")
	chromium(t, "--screenshot="+picture, s.mailbox+"/")
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
