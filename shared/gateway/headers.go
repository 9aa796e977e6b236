package gateway

import (
	"mime"
	"slices"
	"strings"
)

// HeaderError says what is wrong with a header. Its text does not contain the value.
type HeaderError struct {
	Name   string
	Reason string // the end of a sentence: "must be sent once"
}

// Error implements error.
func (e *HeaderError) Error() string { return e.Name + " " + e.Reason }

const headerIdempotencyKey = "Idempotency-Key"

// IdempotencyKey returns the request's key, "" if it has none. It returns a *HeaderError for a key that is empty or sent
// more than once, because the client expects the request to take effect once.
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

// MediaType returns the media type of the body in lower case, "" if the request does not tell it. It returns a
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
