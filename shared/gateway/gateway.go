// Package gateway turns API Gateway REST events into calls of an API's operations, and their responses back. It determines
// the caller, checks its scope and logs the request. It also adapts authorizers, jobs and stream consumers to Lambda. It
// must not import an API, package identity or package table.
package gateway

import (
	"context"
	"crypto/sha256"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"cedula/shared/auth"
)

// MaxBodyBytes is the maximum length of a request body.
const MaxBodyBytes = 1 << 20

// API is one of the registry's APIs: its operations, and the rendering of its errors.
type API interface {
	// Routes returns all operations.
	Routes() []Route
	// Error renders err. It must not reveal the text of an unknown error.
	Error(err error, traceID string) Response
}

// Route is one operation. Routes with the same name are served by one function, whose folder has that name.
type Route struct {
	Name   string
	Method string
	Path   string // as in API Gateway: "/identities/{id}"
	Scope  string // required of the caller
	Public bool   // served without a caller; Scope is empty
	Serve  func(*Request) (Response, error)
}

// AnyMethod is the method of a route that serves all methods without a route of their own.
const AnyMethod = "ANY"

// Request is an HTTP request to an operation.
type Request struct {
	Operation string      // the route's name
	RoutePath string      // the route's path, "/identities/{id}"
	Caller    auth.Caller // zero on a public route
	Header    http.Header
	Query     url.Values
	Body      []byte
	TraceID   string // the gateway's request id, a UUID
	BaseURL   string // the URL of the API, on a path without parameters; empty if unknown

	ctx    context.Context
	params map[string]string
}

// Context returns the request's context. It is canceled shortly before the function's timeout.
func (r *Request) Context() context.Context { return r.ctx }

// Param returns a path parameter, decoded; "" if the route has none with that name.
func (r *Request) Param(name string) string {
	v := r.params[name]
	if decoded, err := url.PathUnescape(v); err == nil {
		return decoded
	}
	return v
}

// Fingerprint returns a hash that distinguishes requests with the same idempotency key. It is equal for requests for the
// same operation with equal path parameters and equal bodies; body is the request's, or a canonical form of it.
func (r *Request) Fingerprint(operation string, body []byte) [32]byte {
	text := []byte(operation + "\n")
	for _, name := range slices.Sorted(maps.Keys(r.params)) {
		text = append(text, name+"="+url.QueryEscape(r.params[name])+"\n"...)
	}
	return sha256.Sum256(append(text, body...))
}

// Response is the response of an operation.
type Response struct {
	Status                int
	Header                http.Header // may be nil
	Body                  []byte
	ContentSecurityPolicy string // for a page; empty: that of an API
	CacheControl          string // for a public response; empty: no-store
}

// JSON returns a response with a JSON body.
func JSON(status int, body []byte) Response { return Response{Status: status, Body: body} }

// EmptyResponse returns a response without a body.
func EmptyResponse(status int) Response { return Response{Status: status} }

// WithHeader returns the response with one more header.
func (r Response) WithHeader(name, value string) Response {
	if r.Header == nil {
		r.Header = make(http.Header, 4)
	}
	r.Header.Set(name, value)
	return r
}

// APIDocs holds the OpenAPI document of an API and the page that shows it.
type APIDocs interface {
	// File returns the content that is served under a path of the route table, or nil.
	File(path string) (content []byte, mediaType string)
}

// docsContentSecurityPolicy allows the page to load its own files only. Redoc writes its styles into the page and searches
// in a worker created from a blob.
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
