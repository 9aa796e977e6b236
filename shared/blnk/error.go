package blnk

import (
	"errors"
	"net/http"
	"strings"

	"cedula/shared/auth"
	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/strictjson"
)

// problem is one of Blnk's error codes with its status.
type problem struct {
	status int
	code   string
}

// Blnk's codes, as far as a registry uses them. GEN_IDEMPOTENCY_REUSED and
// GEN_UNAVAILABLE are ours: Blnk has no idempotency keys and answers 500 when
// its database is away.
var (
	malformed         = problem{http.StatusBadRequest, "GEN_MALFORMED_REQUEST"}
	validation        = problem{http.StatusBadRequest, "IDT_VALIDATION_ERROR"}
	badRequest        = problem{http.StatusBadRequest, "GEN_BAD_REQUEST"}
	tokenized         = problem{http.StatusConflict, "IDT_FIELD_ALREADY_TOKENIZED"}
	notTokenized      = problem{http.StatusBadRequest, "IDT_FIELD_NOT_TOKENIZED"}
	notTokenizable    = problem{http.StatusBadRequest, "IDT_FIELD_NOT_TOKENIZABLE"}
	notFound          = problem{http.StatusNotFound, "IDT_NOT_FOUND"}
	noRoute           = problem{http.StatusNotFound, "GEN_NOT_FOUND"}
	conflict          = problem{http.StatusConflict, "GEN_CONFLICT"}
	idempotencyReused = problem{http.StatusUnprocessableEntity, "GEN_IDEMPOTENCY_REUSED"}
	stale             = problem{http.StatusPreconditionFailed, "GEN_PRECONDITION_FAILED"}
	tooLarge          = problem{http.StatusRequestEntityTooLarge, "GEN_PAYLOAD_TOO_LARGE"}
	rateLimited       = problem{http.StatusTooManyRequests, "GEN_RATE_LIMITED"}
	internal          = problem{http.StatusInternalServerError, "GEN_INTERNAL"}
	unavailable       = problem{http.StatusServiceUnavailable, "GEN_UNAVAILABLE"}
	missingKey        = problem{http.StatusUnauthorized, "AUTH_MISSING_API_KEY"}
	invalidKey        = problem{http.StatusUnauthorized, "AUTH_INVALID_API_KEY"}
	expiredKey        = problem{http.StatusUnauthorized, "AUTH_EXPIRED_API_KEY"}
	insufficient      = problem{http.StatusForbidden, "AUTH_INSUFFICIENT_PERMISSIONS"}
)

const (
	missingKeyText  = "Authentication required. Use X-Blnk-Key header"
	unavailableText = "Service is unavailable, try again shortly"
	internalText    = "Internal server error"
)

// sentinels pairs the errors that carry no detail with what the client reads.
var sentinels = []struct {
	err error
	problem
	text string
}{
	{identity.ErrNotFound, notFound, "Identity not found"},
	{identity.ErrStale, stale, "Identity has another version than If-Match names"},
	{identity.ErrIdempotencyReused, idempotencyReused, "Idempotency-Key was used with another request"},
	{identity.ErrBusy, conflict, "An equal request is still running, try again shortly"},
	{identity.ErrTooLarge, tooLarge, "Identity is too large"},
	{identity.ErrUnavailable, unavailable, unavailableText},
	{gateway.ErrNoCaller, invalidKey, "Invalid API key"},
	{gateway.ErrScope, insufficient, "Insufficient permissions for this operation"},
	{gateway.ErrNoRoute, noRoute, "No such route"},
	{gateway.ErrBodyTooLarge, tooLarge, "Request body must have at most 1 MiB"},
	{gateway.ErrBodyEncoding, malformed, "Request body is not valid base64"},
	{auth.ErrMissing, missingKey, missingKeyText},
	{auth.ErrExpired, expiredKey, "API key is expired or revoked"},
	{auth.ErrInvalid, invalidKey, "Invalid API key"},
	{auth.ErrMismatch, invalidKey, "Invalid API key"},
	{auth.ErrSuspended, invalidKey, "Invalid API key"},
}

// Error renders err in Blnk's envelope. An error it does not know reads
// "Internal server error". Blnk has no request id in its answers, nor have we.
func (a *API) Error(err error, _ string) gateway.Response {
	p, text := classify(err)
	e := envelopeWire{text, detailWire{Code: p.code, Message: text}}
	if p == notFound {
		e.Detail.Details = strictjson.Value("{}")
	}
	r := gateway.JSON(p.status, strictjson.Encode(e))
	if p == unavailable || errors.Is(err, identity.ErrBusy) {
		r = r.With("Retry-After", "1")
	}
	return r
}

func classify(err error) (problem, string) {
	var (
		body    *strictjson.Error
		invalid *identity.Invalid
		field   *identity.FieldError
		taken   *identity.Taken
	)
	switch {
	case errors.As(err, &body):
		return malformed, body.Error()
	case errors.As(err, &invalid):
		return validation, wireName(invalid.Field) + " " + invalid.Reason
	case errors.As(err, &field):
		return ofField(field)
	case errors.As(err, &taken):
		return conflict, "An identity with the same " + fieldList(taken.Fields) + " already exists"
	}
	for _, s := range sentinels {
		if errors.Is(err, s.err) {
			return s.problem, s.text
		}
	}
	return internal, internalText
}

// ofField renders what is wrong with a field that is to be tokenized or read.
func ofField(e *identity.FieldError) (problem, string) {
	text := "Field " + tokenName(e.Field)
	switch {
	case errors.Is(e, identity.ErrTokenized):
		return tokenized, text + " is tokenized already"
	case errors.Is(e, identity.ErrNotTokenized):
		return notTokenized, text + " is not tokenized"
	}
	return notTokenizable, text + " is not tokenizable"
}

func fieldList(fields []identity.Field) string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = wireName(f)
	}
	return strings.Join(names, ", ")
}

type envelopeWire struct {
	Error  string     `json:"error"`
	Detail detailWire `json:"error_detail"`
}

type detailWire struct {
	Code    string           `json:"code"`
	Message string           `json:"message"`
	Details strictjson.Value `json:"details,omitzero"`
}
