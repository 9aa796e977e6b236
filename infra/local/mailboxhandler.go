package main

import (
	"bytes"
	"embed"
	"encoding/json"
	"html/template"
	"net"
	"net/http"

	"cedula/shared/gateway"
)

//go:embed mailbox.html mailbox.css mailbox.js
var mailboxFiles embed.FS

var mailboxPage = template.Must(template.ParseFS(mailboxFiles, "mailbox.html"))

// mailboxCSP lets the page load its own style and script, ask for itself, and
// nothing else.
const mailboxCSP = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// mailboxHandler shows a mailbox, and each tenant's time, to whoever asks the
// address that the user named: there are no credentials, since whoever reaches it is on the same machine.
func mailboxHandler(m *mailbox, clock http.Handler, asked string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", m.servePage)
	mux.HandleFunc("GET /messages", m.serveList)
	mux.HandleFunc("DELETE /messages", func(w http.ResponseWriter, _ *http.Request) {
		m.deleteAll()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.Handle("/clock", clock)
	for _, name := range []string{"/mailbox.css", "/mailbox.js"} {
		mux.Handle("GET "+name, http.FileServerFS(mailboxFiles))
	}
	named, _, _ := net.SplitHostPort(asked)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		for _, fixed := range gateway.SecurityHeaders {
			h.Set(fixed[0], fixed[1])
		}
		h.Set("Content-Security-Policy", mailboxCSP)
		if !isAllowedHost(r.Host, named) {
			http.Error(w, "this is no address of the mailbox", http.StatusMisdirectedRequest)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// isAllowedHost tells whether a request is for this machine by a name that no stranger
// can give it: else a page from anywhere, whose name comes to lead here, could read
// the codes. Who serves every address has decided otherwise.
func isAllowedHost(host, named string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(named)
	return named == "" || ip != nil && ip.IsUnspecified() || host == named || host == "localhost" || net.ParseIP(host) != nil
}

// servePage is the messages for people, ?to= an address or all of them.
func (m *mailbox) servePage(w http.ResponseWriter, r *http.Request) {
	var page bytes.Buffer
	to := r.URL.Query().Get("to")
	if err := mailboxPage.Execute(&page, map[string]any{"To": to, "Letters": m.messagesTo(to)}); err != nil {
		http.Error(w, "the page cannot be drawn", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(page.Bytes())
}

// serveList is the messages for programs.
func (m *mailbox) serveList(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(m.messagesTo(r.URL.Query().Get("to")))
}
