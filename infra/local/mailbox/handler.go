package mailbox

import (
	"embed"
	"encoding/json"
	"html/template"
	"net"
	"net/http"

	"cedula/shared/gateway"
)

//go:embed mailbox.html mailbox.css mailbox.js
var files embed.FS

var page = template.Must(template.ParseFS(files, "mailbox.html"))

// contentSecurityPolicy lets the page load its own style and script and call this server, and nothing else.
const contentSecurityPolicy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Handler serves a mailbox, and the clock at /clock. It asks for no credentials: its clients are on the same machine.
// address is where the user wants it served, host:port.
func Handler(m *Mailbox, clock http.Handler, address string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", m.servePage)
	mux.HandleFunc("GET /messages", m.serveList)
	mux.HandleFunc("DELETE /messages", func(w http.ResponseWriter, _ *http.Request) {
		m.deleteAll()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.Handle("/clock", clock)
	for _, name := range []string{"/mailbox.css", "/mailbox.js"} {
		mux.Handle("GET "+name, http.FileServerFS(files))
	}
	configured, _, _ := net.SplitHostPort(address)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		for _, fixed := range gateway.SecurityHeaders {
			h.Set(fixed[0], fixed[1])
		}
		h.Set("Content-Security-Policy", contentSecurityPolicy)
		if !allowedHost(r.Host, configured) {
			http.Error(w, "this is no address of the mailbox", http.StatusMisdirectedRequest)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// allowedHost guards against DNS rebinding, by which a page of any site could read the codes: it accepts localhost, IP
// addresses and the configured host. If the server listens on every address it accepts all.
func allowedHost(host, configured string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(configured)
	everyAddress := configured == "" || ip != nil && ip.IsUnspecified()
	return everyAddress || host == configured || host == "localhost" || net.ParseIP(host) != nil
}

// servePage serves the messages as a page: ?to= an address, or all of them.
func (m *Mailbox) servePage(w http.ResponseWriter, r *http.Request) {
	to := r.URL.Query().Get("to")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = page.Execute(w, map[string]any{"To": to, "Messages": m.messagesTo(to)})
}

// serveList serves the messages as JSON: ?to= an address, or all of them.
func (m *Mailbox) serveList(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(m.messagesTo(r.URL.Query().Get("to")))
}
