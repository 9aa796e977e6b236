package gateway

import "net/http"

// APIDocs holds the contract of a dialect and the page that shows it.
type APIDocs interface {
	// File returns what is served under a path of the route table, or nil.
	File(path string) (content []byte, mediaType string)
}

// docsContentSecurityPolicy lets the page load its own files and nothing else. Redoc writes
// its styles into the page and searches in a worker made of a blob.
const docsContentSecurityPolicy = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'unsafe-inline'; " +
	"img-src data:; worker-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// ServeFile answers a request with the file that a reference has for its route.
func (r *Request) ServeFile(from APIDocs) (Response, error) {
	content, mediaType := from.File(r.RoutePath)
	if content == nil {
		return Response{}, ErrNoRoute
	}
	return Response{Status: http.StatusOK, Body: content, ContentSecurityPolicy: docsContentSecurityPolicy}.WithHeader("Content-Type", mediaType), nil
}
