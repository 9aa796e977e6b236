package gateway

import (
	"mime"
	"slices"
	"strings"
)

// HeaderError says what is wrong with a header. Its text holds no value.
type HeaderError struct {
	Name   string
	Reason string // the end of a sentence: "must be sent once"
}

// Error is the name and the reason.
func (e *HeaderError) Error() string { return e.Name + " " + e.Reason }

const headerIdempotencyKey = "Idempotency-Key"

// IdempotencyKey is the key that came with a request; empty if none did. It
// returns a *HeaderError for one that was sent empty or more than once: its
// client believes that the request takes effect once.
func (r *Request) IdempotencyKey() (string, error) {
	switch sent := r.Header[headerIdempotencyKey]; {
	case len(sent) == 0:
		return "", nil
	case len(sent) > 1:
		return "", &HeaderError{headerIdempotencyKey, "must be sent once"}
	case strings.TrimSpace(sent[0]) == "":
		return "", &HeaderError{headerIdempotencyKey, "must not be empty"}
	default:
		return sent[0], nil
	}
}

// MediaType is what the request says its body is, in lower case; empty if it
// says nothing. It returns a *HeaderError for a body that is not UTF-8, for one
// that is compressed, and for what is no media type.
func (r *Request) MediaType() (string, error) {
	const name = "Content-Type"
	plain := func(coding string) bool { return coding == "" || strings.EqualFold(coding, "identity") }
	if codings := r.Header["Content-Encoding"]; slices.ContainsFunc(codings, func(c string) bool { return !plain(c) }) {
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
	if charset, said := parameters["charset"]; said && !strings.EqualFold(charset, "utf-8") && !strings.EqualFold(charset, "utf8") {
		return "", &HeaderError{name, "must have no charset but utf-8"}
	}
	return media, nil
}
