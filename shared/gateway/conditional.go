package gateway

import (
	"net/http"
	"strings"
)

// ETag returns the entity tag of a state (RFC 9110, section 8.8.3), which must be visible ASCII without quotation marks.
func ETag(state string) string { return `"` + state + `"` }

// IfMatch returns the condition of the If-Match header, with strong comparison (RFC 9110, section 13.1.1), or nil if the
// request does not have the header.
func (r *Request) IfMatch() func(state string) bool {
	sent := r.Header["If-Match"]
	if len(sent) == 0 {
		return nil
	}
	return func(state string) bool { return containsETag(sent, ETag(state)) }
}

// NotModified reports whether the If-None-Match header contains the state, with weak comparison (RFC 9110, section
// 13.1.2).
func (r *Request) NotModified(state string) bool {
	sent := r.Header["If-None-Match"]
	return containsETag(sent, ETag(state)) || containsETag(sent, "W/"+ETag(state))
}

func containsETag(headers []string, tag string) bool {
	for _, h := range headers {
		for t := range strings.SplitSeq(h, ",") {
			sent := strings.TrimSpace(t)
			if sent == tag || sent == "*" {
				return true
			}
		}
	}
	return false
}

// NotModifiedResponse returns the response to a request for a state that the client has.
func NotModifiedResponse(state string) Response {
	return EmptyResponse(http.StatusNotModified).WithHeader("ETag", ETag(state))
}
