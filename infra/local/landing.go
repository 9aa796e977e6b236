package local

import (
	_ "embed" // landing.html
	"html/template"
	"net/http"
)

//go:embed landing.html
var landingHTML string

var landingTemplate = template.Must(template.New("landing").Parse(landingHTML))

// withLanding serves a page of links at GET /, which is not a path of the Conomy API. All other requests go to the API.
func withLanding(api http.Handler, a addresses) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.Path != "/" {
			api.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'")
		_ = landingTemplate.Execute(w, a)
	})
}
