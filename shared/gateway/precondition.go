package gateway

import (
	"net/http"
	"strconv"
	"strings"
)

// ETag is the entity tag of a version (RFC 9110, section 8.8.3).
func ETag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// IfMatch returns the condition of the header If-Match, by strong comparison
// (RFC 9110, section 13.1.1). It is nil if the request has none.
func (r *Request) IfMatch() func(version int64) bool {
	sent := r.Header["If-Match"]
	if len(sent) == 0 {
		return nil
	}
	return func(version int64) bool { return listed(sent, ETag(version)) }
}

// NotModified tells whether the header If-None-Match names the version, by
// weak comparison (RFC 9110, section 13.1.2).
func (r *Request) NotModified(version int64) bool {
	sent := r.Header["If-None-Match"]
	return listed(sent, ETag(version)) || listed(sent, "W/"+ETag(version))
}

func listed(headers []string, tag string) bool {
	for _, h := range headers {
		for _, t := range strings.Split(h, ",") {
			if t = strings.TrimSpace(t); t == tag || t == "*" {
				return true
			}
		}
	}
	return false
}

// Empty is an answer without a body.
func Empty(status int) Response { return Response{Status: status} }

// NotModified is the answer to a fetch of what the client has.
func NotModified(version int64) Response {
	return Empty(http.StatusNotModified).With("ETag", ETag(version))
}
