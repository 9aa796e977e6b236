package gateway

import (
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// HeaderError describes an invalid header. Its text does not contain the value.
type HeaderError struct {
	Name   string
	Reason string // the end of a sentence: "must be sent once"
}

// Error implements error.
func (e *HeaderError) Error() string { return e.Name + " " + e.Reason }

const headerIdempotencyKey = "Idempotency-Key"

// IdempotencyKey returns the request's key, "" if it has none. It returns a *HeaderError for a key that is empty or sent
// more than once, because the client expects the request to take effect only once.
func (r *Request) IdempotencyKey() (string, error) {
	sent := r.Header[headerIdempotencyKey]
	if len(sent) == 0 {
		return "", nil
	}
	if len(sent) > 1 {
		return "", &HeaderError{headerIdempotencyKey, "must be sent once"}
	}
	if strings.TrimSpace(sent[0]) == "" {
		return "", &HeaderError{headerIdempotencyKey, "must not be empty"}
	}
	return sent[0], nil
}

// MediaType returns the media type of the body in lower case, "" if the request has none. It returns a
// *HeaderError for a body that is compressed or not UTF-8, and for an invalid media type.
func (r *Request) MediaType() (string, error) {
	const name = "Content-Type"
	encoded := func(coding string) bool { return coding != "" && !strings.EqualFold(coding, "identity") }
	if slices.ContainsFunc(r.Header["Content-Encoding"], encoded) {
		return "", &HeaderError{"Content-Encoding", "must be identity, or absent"}
	}
	sent := r.Header[name]
	if len(sent) > 1 {
		return "", &HeaderError{name, "must be sent once"}
	}
	if len(sent) == 0 || sent[0] == "" {
		return "", nil
	}
	media, parameters, err := mime.ParseMediaType(sent[0])
	if err != nil {
		return "", &HeaderError{name, "must be application/json"}
	}
	charset, ok := parameters["charset"]
	if ok && !strings.EqualFold(charset, "utf-8") && !strings.EqualFold(charset, "utf8") {
		return "", &HeaderError{name, "must have no charset but utf-8"}
	}
	return media, nil
}

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

// AcceptedLanguages returns which of the supported languages, given without region, the client
// accepts by its Accept-Language header (RFC 9110, section 12.5.4): the one that it prefers or,
// without a preference, all that it does not exclude. It returns nil if the client accepts
// all of them equally. The first supported language is the fallback and never excluded.
func (r *Request) AcceptedLanguages(supported []string) []string {
	preferred := ""
	highest := 0.0
	var excluded []string
	for entry := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		language, weight := parseLanguageRange(entry)
		if language == "*" && weight > highest {
			preferred = ""
			highest = weight
		}
		if !slices.Contains(supported, language) {
			continue
		}
		if weight == 0 {
			excluded = append(excluded, language)
		}
		if weight > highest {
			preferred = language
			highest = weight
		}
	}
	if preferred != "" {
		return []string{preferred}
	}
	if len(excluded) == 0 {
		return nil
	}
	accepted := supported[:1:1]
	for _, language := range supported[1:] {
		if !slices.Contains(excluded, language) {
			accepted = append(accepted, language)
		}
	}
	return accepted
}

// parseLanguageRange parses an entry of the header, such as "es-419;q=0.8", into the language
// without its region and the weight. The language of an invalid entry is empty.
func parseLanguageRange(entry string) (language string, weight float64) {
	tag, parameters, hasParameters := strings.Cut(entry, ";")
	language, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
	if !hasParameters {
		return language, 1
	}
	name, value, _ := strings.Cut(strings.TrimSpace(parameters), "=")
	weight, err := strconv.ParseFloat(value, 64)
	inRange := weight >= 0 && weight <= 1 // false for NaN
	if err != nil || !inRange || !strings.EqualFold(name, "q") {
		return "", 0
	}
	return language, weight
}
