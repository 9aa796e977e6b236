package conomy

import (
	"net/http"

	"cedula/shared/gateway"
)

// Reference holds the contract of the dialect and the page that shows it.
type Reference interface {
	// File returns what is served under a path of the route table.
	File(path string) (content []byte, mediaType string)
}

// pagePolicy lets the page load its own files and nothing else. Redoc writes
// its styles into the page and searches in a worker made of a blob.
const pagePolicy = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'unsafe-inline'; " +
	"img-src data:; worker-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// GetReference serves GET /openapi.yaml, /docs and /docs/redoc.js.
func (a *API) GetReference(r *gateway.Request) (gateway.Response, error) {
	content, mediaType := a.Reference.File(r.Path)
	if content == nil {
		return gateway.Response{}, gateway.ErrNoRoute
	}
	return gateway.Response{Status: http.StatusOK, Body: content, Policy: pagePolicy}.With("Content-Type", mediaType), nil
}
