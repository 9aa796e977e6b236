package gateway

import "net/http"

// Reference holds the contract of a dialect and the page that shows it.
type Reference interface {
	// File returns what is served under a path of the route table, or nil.
	File(path string) (content []byte, mediaType string)
}

// pagePolicy lets the page load its own files and nothing else. Redoc writes
// its styles into the page and searches in a worker made of a blob.
const pagePolicy = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'unsafe-inline'; " +
	"img-src data:; worker-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// File answers a request with the file that a reference has for its route.
func (r *Request) File(from Reference) (Response, error) {
	content, mediaType := from.File(r.Path)
	if content == nil {
		return Response{}, ErrNoRoute
	}
	return Response{Status: http.StatusOK, Body: content, Policy: pagePolicy}.With("Content-Type", mediaType), nil
}
