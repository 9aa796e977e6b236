package gateway

import (
	"net/http"
	"strings"
)

// ETag is the entity tag of a state (RFC 9110, section 8.8.3), which must be told
// by visible ASCII without quotation marks.
func ETag(state string) string { return `"` + state + `"` }

// IfMatch returns the condition of the header If-Match, by strong comparison
// (RFC 9110, section 13.1.1). It is nil if the request has none.
func (r *Request) IfMatch() func(state string) bool {
	sent := r.Header["If-Match"]
	if len(sent) == 0 {
		return nil
	}
	return func(state string) bool { return containsETag(sent, ETag(state)) }
}

// NotModified tells whether the header If-None-Match names the state, by weak
// comparison (RFC 9110, section 13.1.2).
func (r *Request) NotModified(state string) bool {
	sent := r.Header["If-None-Match"]
	return containsETag(sent, ETag(state)) || containsETag(sent, "W/"+ETag(state))
}

func containsETag(headers []string, tag string) bool {
	for _, h := range headers {
		for _, t := range strings.Split(h, ",") {
			if t = strings.TrimSpace(t); t == tag || t == "*" {
				return true
			}
		}
	}
	return false
}

// EmptyResponse is an answer without a body.
func EmptyResponse(status int) Response { return Response{Status: status} }

// NotModifiedResponse is the answer to a fetch of what the client has.
func NotModifiedResponse(state string) Response {
	return EmptyResponse(http.StatusNotModified).WithHeader("ETag", ETag(state))
}
