// Package gateway turns API Gateway REST events into calls of a dialect's
// operations, and their answers back. It is where a request gets its caller,
// its scope check and its one log line.
// It knows no dialect's wire format, and nothing of identities or tables.
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

// MaxBodyBytes is the largest request body that an operation reads.
const MaxBodyBytes = 1 << 20

// API is a dialect: its operations, and the one place where its errors become answers.
type API interface {
	// Routes lists every operation of the dialect.
	Routes() []Route
	// Error renders err in the dialect's envelope. It must not show the text of
	// an error that it does not know.
	Error(err error, traceID string) Response
}

// Route is one operation: its name is that of its function's folder. Routes of
// one name are one function.
type Route struct {
	Name   string
	Method string
	Path   string // as in API Gateway: "/identities/{id}"
	Scope  string // what the caller must have been granted
	Public bool   // served without a caller; then Scope is empty
	Serve  func(*Request) (Response, error)
}

// AnyMethod is the method of a route that takes those that no other route of
// its path has.
const AnyMethod = "ANY"

// matches tells whether an event is one of the route's.
func (r Route) matches(method, resource string) bool {
	return (method == r.Method || r.Method == AnyMethod) && resource == r.Path
}

// Request is what an operation sees of an HTTP request.
type Request struct {
	Operation string      // the route's name
	RoutePath string      // the route's path, "/identities/{id}"
	Caller    auth.Caller // zero on a public route
	Header    http.Header
	Query     url.Values
	Body      []byte
	TraceID   string // the gateway's request id, a UUID
	BaseURL   string // the URL of the API, on a path without parameters; empty where the gateway does not say

	ctx    context.Context
	params map[string]string
}

// Context ends when the client's answer is no longer wanted.
func (r *Request) Context() context.Context { return r.ctx }

// Param is a path parameter of the route, decoded; empty if the route has none
// of that name.
func (r *Request) Param(name string) string {
	v := r.params[name]
	if decoded, err := url.PathUnescape(v); err == nil {
		return decoded
	}
	return v
}

// Fingerprint tells this request from others under the same idempotency key:
// equal operations with equal path parameters and equal bodies, byte for byte,
// have equal ones.
func (r *Request) Fingerprint(operation string) [32]byte {
	text := []byte(operation + "\n")
	for _, name := range slices.Sorted(maps.Keys(r.params)) {
		text = append(text, name+"="+url.QueryEscape(r.params[name])+"\n"...)
	}
	return sha256.Sum256(append(text, r.Body...))
}

// Response is an operation's answer.
type Response struct {
	Status                int
	Header                http.Header // may be nil
	Body                  []byte
	ContentSecurityPolicy string // the Content-Security-Policy of a page; empty for an answer that is none
	CacheControl          string // the Cache-Control of an answer that is everybody's; empty: no-store
}

// JSON is an answer with a JSON body.
func JSON(status int, body []byte) Response { return Response{Status: status, Body: body} }

// WithHeader adds a header to an answer.
func (r Response) WithHeader(name, value string) Response {
	if r.Header == nil {
		r.Header = make(http.Header, 4)
	}
	r.Header.Set(name, value)
	return r
}
