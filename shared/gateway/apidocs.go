package gateway

import "net/http"

// APIDocs holds the OpenAPI document of an API and the page that shows it.
type APIDocs interface {
	// File returns the content that is served under a path of the route table, or nil.
	File(path string) (content []byte, mediaType string)
}

// docsContentSecurityPolicy allows the page to load its own files only. Redoc writes its styles into the page and searches
// in a worker made of a blob.
const docsContentSecurityPolicy = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'unsafe-inline'; " +
	"img-src data:; worker-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// ServeFile returns the file of the request's route.
func (r *Request) ServeFile(from APIDocs) (Response, error) {
	content, mediaType := from.File(r.RoutePath)
	if content == nil {
		return Response{}, ErrNoRoute
	}
	return Response{Status: http.StatusOK, Body: content, ContentSecurityPolicy: docsContentSecurityPolicy}.WithHeader("Content-Type", mediaType), nil
}
