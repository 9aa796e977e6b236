package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"cedula/shared/messaging"
)

// readMailbox reads a mailbox as a program does.
func readMailbox(t *testing.T, url string) []mailboxMessage {
	t.Helper()
	a := call(t, "GET", url, "")
	var all []mailboxMessage
	if err := json.Unmarshal(a.body, &all); err != nil || a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	return all
}

func TestMailboxMessagesAreListedAndDeleted(t *testing.T) {
	m := &mailbox{}
	renderInto(t, m, codeMessage("m1", "+56912345678", "271828"), reminderMessage("m2", "ana@example.com"))
	server := httptest.NewServer(mailboxHandler(m, http.NotFoundHandler(), "localhost:0"))
	t.Cleanup(server.Close)

	all := readMailbox(t, server.URL+"/messages")
	if len(all) != 2 || all[0].ID != "m2" || all[1].ID != "m1" {
		t.Errorf("messages = %+v, want m2 and then m1", all)
	}
	if got := readMailbox(t, server.URL+"/messages?to=%2B56912345678"); len(got) != 1 || got[0].ID != "m1" {
		t.Errorf("messages to one phone = %+v, want m1", got)
	}
	if a := call(t, "DELETE", server.URL+"/messages", ""); a.status != 204 {
		t.Errorf("DELETE: %d %s, want 204", a.status, a.body)
	}
	if a := call(t, "GET", server.URL+"/messages", ""); string(a.body) != "[]\n" {
		t.Errorf("messages after DELETE = %s, want none", a.body)
	}
}

func TestMailboxIsBounded(t *testing.T) {
	m := &mailbox{}
	for n := range maxMailboxMessages + 10 {
		_ = m.Send(t.Context(), messaging.RenderedMessage{Message: reminderMessage(fmt.Sprint("m", n), "ana@example.com")})
	}
	all := m.messagesTo("")
	if len(all) != maxMailboxMessages || all[0].ID != fmt.Sprint("m", maxMailboxMessages+9) || all[maxMailboxMessages-1].ID != "m10" {
		t.Errorf("%d letters, from %s to %s", len(all), all[len(all)-1].ID, all[0].ID)
	}
}

func TestMailboxPage(t *testing.T) {
	m := &mailbox{}
	const attack = `"><script>alert(1)</script><b a='`
	hostile := codeMessage("m1", attack, `<i>1`)
	hostile.Language = attack
	_ = m.Send(t.Context(), messaging.RenderedMessage{Message: hostile, Subject: attack, Text: attack})
	_ = m.Send(t.Context(), messaging.RenderedMessage{Message: codeMessage("m2", "+1", "271828"), Text: "one\ntwo"})
	server := httptest.NewServer(mailboxHandler(m, http.NotFoundHandler(), "localhost:0"))
	t.Cleanup(server.Close)

	a := call(t, "GET", server.URL+"/", "")
	page := string(a.body)
	if a.status != 200 || strings.Contains(page, "<script>") || strings.Contains(page, "<b a") || strings.Contains(page, "<i>") {
		t.Errorf("not escaped: %s", page)
	}
	wantContains(t, page, `<p class="code">271828</p>`, "one\ntwo", "&lt;script&gt;", `href="?to=%2b1"`)
	if strings.Index(page, "271828") > strings.Index(page, "alert") {
		t.Error("the newest is not first")
	}
	if one := string(call(t, "GET", server.URL+"/?to=%2B1", "").body); strings.Contains(one, "alert") || !strings.Contains(one, "271828") {
		t.Errorf("to one: %s", one)
	}
	for path, kind := range map[string]string{"/": "text/html", "/messages": "application/json", "/mailbox.js": "text/javascript", "/mailbox.css": "text/css"} {
		a := call(t, "GET", server.URL+path, "")
		if a.status != 200 || !strings.HasPrefix(a.header.Get("Content-Type"), kind) {
			t.Errorf("%s: %d, %s", path, a.status, a.header.Get("Content-Type"))
		}
		policy := a.header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") || a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: policy %q", path, policy)
		}
	}
	for request, status := range map[string]int{"GET /mailbox.html": 404, "GET /x": 404, "POST /messages": 405, "DELETE /": 405} {
		method, path, _ := strings.Cut(request, " ")
		if a := call(t, method, server.URL+path, ""); a.status != status {
			t.Errorf("%s: %d", request, a.status)
		}
	}
}

// A page of a stranger's, whose name leads to this machine, reads nothing.
func TestMailboxRejectsForeignHosts(t *testing.T) {
	for _, c := range []struct {
		asked, host string
		status      int
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
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/messages", http.NoBody)
		r.Host = c.host
		w := httptest.NewRecorder()
		mailboxHandler(&mailbox{}, http.NotFoundHandler(), c.asked).ServeHTTP(w, r)
		if w.Code != c.status {
			t.Errorf("%s at %s: %d, want %d", c.host, c.asked, w.Code, c.status)
		}
	}
}
