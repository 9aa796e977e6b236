package mailbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"cedula/shared/messaging"
)

// get serves one request for a mailbox at localhost.
func get(m *Mailbox, method, target string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, http.NoBody)
	r.Host = "localhost"
	w := httptest.NewRecorder()
	Handler(m, http.NotFoundHandler(), "localhost:0").ServeHTTP(w, r)
	return w
}

func TestMailboxIsBounded(t *testing.T) {
	m := &Mailbox{}
	for n := range maxMessages + 10 {
		_ = m.Send(t.Context(), messaging.RenderedMessage{Message: reminder(fmt.Sprint("m", n), "ana@example.com")})
	}
	all := m.messagesTo("")
	if len(all) != maxMessages || all[0].ID != fmt.Sprint("m", maxMessages+9) || all[maxMessages-1].ID != "m10" {
		t.Errorf("messages = %d, from %s to %s, want the newest %d", len(all), all[len(all)-1].ID, all[0].ID, maxMessages)
	}
}

func TestMessagesAreListedAndDeleted(t *testing.T) {
	m := &Mailbox{}
	_ = m.Send(t.Context(), codeMessage("m1", "+56912345678", "271828"))
	_ = m.Send(t.Context(), codeMessage("m2", "+56900000000", "314159"))
	for target, want := range map[string]string{"/messages": "m2 m1 ", "/messages?to=%2B56912345678": "m1 "} {
		var list []Message
		if err := json.Unmarshal(get(m, "GET", target).Body.Bytes(), &list); err != nil {
			t.Fatal(err)
		}
		ids := ""
		for _, one := range list {
			ids += one.ID + " "
		}
		if ids != want {
			t.Errorf("%s = %q, want %q", target, ids, want)
		}
	}
	if got := get(m, "DELETE", "/messages").Code; got != 204 {
		t.Errorf("DELETE = %d, want 204", got)
	}
	if got := get(m, "GET", "/messages").Body.String(); got != "[]\n" {
		t.Errorf("messages after DELETE = %q, want none", got)
	}
}

func TestPageEscapesMessages(t *testing.T) {
	const attack = `"><script>alert(1)</script><b a='`
	m := &Mailbox{}
	malicious := codeMessage("m1", attack, `<i>1`)
	malicious.Language, malicious.Subject, malicious.Text = attack, attack, attack
	_ = m.Send(t.Context(), malicious)
	_ = m.Send(t.Context(), codeMessage("m2", "+1", "271828"))
	page := get(m, "GET", "/").Body.String()
	for _, raw := range []string{"<script>", "<b a", "<i>"} {
		if strings.Contains(page, raw) {
			t.Errorf("the page contains %s: %s", raw, page)
		}
	}
	for _, want := range []string{`<p class="code">271828</p>`, "one\ntwo", "&lt;script&gt;", `href="?to=%2b1"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s: %s", want, page)
		}
	}
	if strings.Index(page, "271828") > strings.Index(page, "alert") {
		t.Errorf("the newest message is not first: %s", page)
	}
	if one := get(m, "GET", "/?to=%2B1").Body.String(); strings.Contains(one, "alert") || !strings.Contains(one, "271828") {
		t.Errorf("the page of one address = %s, want its message alone", one)
	}
}

func TestHandlerServesOnlyItsFiles(t *testing.T) {
	for _, tt := range []struct {
		method, path string
		status       int
		kind         string
	}{
		{"GET", "/", 200, "text/html"},
		{"GET", "/messages", 200, "application/json"},
		{"GET", "/mailbox.js", 200, "text/javascript"},
		{"GET", "/mailbox.css", 200, "text/css"},
		{"GET", "/mailbox.html", 404, "text/plain"},
		{"GET", "/x", 404, "text/plain"},
		{"POST", "/messages", 405, "text/plain"},
		{"DELETE", "/", 405, "text/plain"},
	} {
		w := get(&Mailbox{}, tt.method, tt.path)
		h := w.Header()
		if kind := h.Get("Content-Type"); w.Code != tt.status || !strings.HasPrefix(kind, tt.kind) || h.Get("Cache-Control") != "no-store" {
			t.Errorf("%s %s = %d %v, want %d, %s, no-store", tt.method, tt.path, w.Code, h, tt.status, tt.kind)
		}
		policy := h.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") {
			t.Errorf("%s %s: policy = %q, want one that allows no other host", tt.method, tt.path, policy)
		}
	}
}

// TestForeignHostsAreRejected guards against DNS rebinding.
func TestForeignHostsAreRejected(t *testing.T) {
	for _, tt := range []struct {
		address, host string
		status        int
	}{
		{"localhost:5012", "localhost:5012", 200},
		{"localhost:5012", "127.0.0.1:5012", 200},
		{"localhost:5012", "[::1]:5012", 200},
		{"localhost:5012", "evil.example:5012", 421},
		{"localhost:5012", "localhost.evil.example", 421},
		{"box.local:5012", "box.local:5012", 200},
		{"box.local:5012", "evil.example:5012", 421},
		{":5012", "box.local:5012", 200},
		{"0.0.0.0:5012", "box.local:5012", 200},
		{"[::]:5012", "box.local", 200},
	} {
		r := httptest.NewRequest(http.MethodGet, "/messages", http.NoBody)
		r.Host = tt.host
		w := httptest.NewRecorder()
		Handler(&Mailbox{}, http.NotFoundHandler(), tt.address).ServeHTTP(w, r)
		if w.Code != tt.status {
			t.Errorf("%s at %s = %d, want %d", tt.host, tt.address, w.Code, tt.status)
		}
	}
}
