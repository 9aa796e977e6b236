package blnk

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"cedula/shared/auth"
	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/strictjson"
)

// errorCode is one of Blnk's error codes with its status.
type errorCode struct {
	status int
	code   string
}

// Blnk's codes, as far as a registry uses them. GEN_IDEMPOTENCY_REUSED and
// GEN_UNAVAILABLE are ours: Blnk has no idempotency keys and answers 500 when
// its database is away. So is GEN_METHOD_NOT_ALLOWED: Blnk answers 404.
var (
	malformedRequest        = errorCode{http.StatusBadRequest, "GEN_MALFORMED_REQUEST"}
	validationError         = errorCode{http.StatusBadRequest, "IDT_VALIDATION_ERROR"}
	badRequest              = errorCode{http.StatusBadRequest, "GEN_BAD_REQUEST"}
	alreadyTokenized        = errorCode{http.StatusConflict, "IDT_FIELD_ALREADY_TOKENIZED"}
	notTokenized            = errorCode{http.StatusBadRequest, "IDT_FIELD_NOT_TOKENIZED"}
	notTokenizable          = errorCode{http.StatusBadRequest, "IDT_FIELD_NOT_TOKENIZABLE"}
	invalidRequest          = errorCode{http.StatusBadRequest, "GEN_VALIDATION_ERROR"}
	invalidEntityID         = errorCode{http.StatusBadRequest, "META_INVALID_ENTITY_ID"}
	entityNotFound          = errorCode{http.StatusNotFound, "META_ENTITY_NOT_FOUND"}
	searchQueryInvalid      = errorCode{http.StatusBadRequest, "SRCH_QUERY_INVALID"}
	methodNotAllowed        = errorCode{http.StatusMethodNotAllowed, "GEN_METHOD_NOT_ALLOWED"}
	balanceNotFound         = errorCode{http.StatusNotFound, "BAL_NOT_FOUND"}
	notFound                = errorCode{http.StatusNotFound, "IDT_NOT_FOUND"}
	routeNotFound           = errorCode{http.StatusNotFound, "GEN_NOT_FOUND"}
	conflict                = errorCode{http.StatusConflict, "GEN_CONFLICT"}
	idempotencyReused       = errorCode{http.StatusUnprocessableEntity, "GEN_IDEMPOTENCY_REUSED"}
	preconditionFailed      = errorCode{http.StatusPreconditionFailed, "GEN_PRECONDITION_FAILED"}
	tooLarge                = errorCode{http.StatusRequestEntityTooLarge, "GEN_PAYLOAD_TOO_LARGE"}
	rateLimited             = errorCode{http.StatusTooManyRequests, "GEN_RATE_LIMITED"}
	internal                = errorCode{http.StatusInternalServerError, "GEN_INTERNAL"}
	unavailable             = errorCode{http.StatusServiceUnavailable, "GEN_UNAVAILABLE"}
	missingKey              = errorCode{http.StatusUnauthorized, "AUTH_MISSING_API_KEY"}
	invalidKey              = errorCode{http.StatusUnauthorized, "AUTH_INVALID_API_KEY"}
	expiredKey              = errorCode{http.StatusUnauthorized, "AUTH_EXPIRED_API_KEY"}
	insufficientPermissions = errorCode{http.StatusForbidden, "AUTH_INSUFFICIENT_PERMISSIONS"}
)

const (
	missingKeyMessage  = "Authentication required. Use X-Blnk-Key header"
	unavailableMessage = "Service is unavailable, try again shortly"
	internalMessage    = "Internal server error"
)

// apiError is an error of this dialect alone.
type apiError struct {
	errorCode
	message    string
	violations []string // the faults of a list's parameters, for Blnk's errors
	allow      string   // for the header Allow
}

// Error is what the client reads.
func (r *apiError) Error() string { return r.message }

var (
	errInvalidCursor  = &apiError{errorCode: invalidRequest, message: "cursor is none that this list gave out"}
	errCursorMismatch = &apiError{errorCode: invalidRequest, message: "cursor belongs to another list: send the same filters and order with it"}

	errOperatorWithCursor = &apiError{errorCode: invalidRequest, message: "logical_operator must not be sent with a cursor but beside its filters"}

	errNoUpdateFields    = &apiError{errorCode: badRequest, message: "No fields provided for update"}
	errMultipleOwners    = &apiError{errorCode: badRequest, message: "owner must be sent once"}
	errNoFields          = &apiError{errorCode: invalidRequest, message: "fields must name at least one field"}
	errInvalidEntityID   = &apiError{errorCode: invalidEntityID, message: "No entity has an id of this form"}
	errEntityNotFound    = &apiError{errorCode: entityNotFound, message: "Entity not found"}
	errSearchUnavailable = &apiError{errorCode: searchQueryInvalid, message: "Search is not set up: use POST /identities/filter"}
	errBalanceNotFound   = &apiError{errorCode: balanceNotFound, message: "Balance not found: an identity registry keeps none"}
)

// applyTo adds what a refusal has besides its text. The faults of a list's
// parameters take the place of the text, under another name.
func (r *apiError) applyTo(a gateway.Response) gateway.Response {
	if r.violations != nil {
		a.Body = strictjson.Encode(violationsResponse{r.violations, errorDetail{Code: r.code, Message: r.message}})
	}
	if r.allow != "" {
		a = a.WithHeader("Allow", r.allow)
	}
	return a
}

// asEntityError says of an entity what err says of an identity.
func asEntityError(err error) error {
	if errors.Is(err, identity.ErrNotFound) {
		return errEntityNotFound
	}
	return err
}

var tooManyKeysMessage = fmt.Sprintf("A client has at most %d live API keys, and %d with those that ended within %d days",
	auth.MaxActiveKeys, auth.MaxStoredKeys, auth.KeyRetention/(24*time.Hour))

// sentinels pairs the errors that carry no detail with what the client reads.
var sentinels = []struct {
	err error
	errorCode
	text string
}{
	{identity.ErrNotFound, notFound, "Identity not found"},
	{identity.ErrVersionMismatch, preconditionFailed, "Identity has another version than If-Match names"},
	{identity.ErrIdempotencyReused, idempotencyReused, "Idempotency-Key was used with another request"},
	{identity.ErrBusy, conflict, "An equal request is still running, try again shortly"},
	{identity.ErrTooLarge, tooLarge, "Identity is too large"},
	{identity.ErrUnavailable, unavailable, unavailableMessage},
	{gateway.ErrNoCaller, invalidKey, "Invalid API key"},
	{gateway.ErrInsufficientScope, insufficientPermissions, "Insufficient permissions for this operation"},
	{gateway.ErrNoRoute, routeNotFound, "No such route"},
	{gateway.ErrBodyTooLarge, tooLarge, "Request body must have at most 1 MiB"},
	{gateway.ErrBodyEncoding, malformedRequest, "Request body is not valid base64"},
	{auth.ErrMissing, missingKey, missingKeyMessage},
	{auth.ErrExpired, expiredKey, "API key is expired or revoked"},
	{auth.ErrInvalid, invalidKey, "Invalid API key"},
	{auth.ErrMismatch, invalidKey, "Invalid API key"},
	{auth.ErrSuspended, invalidKey, "Invalid API key"},
	{auth.ErrNotFound, routeNotFound, "API key not found"},
	{auth.ErrEscalation, insufficientPermissions, "An API key can be given neither more scopes than the key that makes it nor another owner"},
	{auth.ErrTooManyKeys, conflict, tooManyKeysMessage},
	{auth.ErrBusy, conflict, "An equal request is still running, try again shortly"},
	{auth.ErrUnavailable, unavailable, unavailableMessage},
}

// Error renders err in Blnk's envelope. An error it does not know reads
// "Internal server error". Blnk has no request id in its answers, nor have we.
func (a *API) Error(err error, _ string) gateway.Response {
	p, text := classify(err)
	e := errorResponse{text, errorDetail{Code: p.code, Message: text}}
	if p == notFound {
		e.Detail.Details = strictjson.Value("{}")
	}
	r := gateway.JSON(p.status, strictjson.Encode(e))
	if own := new(apiError); errors.As(err, &own) {
		r = own.applyTo(r)
	}
	if p == unavailable || errors.Is(err, identity.ErrBusy) || errors.Is(err, auth.ErrBusy) {
		r = r.WithHeader("Retry-After", "1")
	}
	return r
}

func classify(err error) (errorCode, string) {
	var (
		body    *strictjson.Error
		invalid *identity.Invalid
		field   *identity.FieldError
		own     *apiError
		taken   *identity.Conflict
		key     *auth.InvalidKeyError
		header  *gateway.HeaderError
	)
	switch {
	case errors.As(err, &body):
		return malformedRequest, body.Error()
	case errors.As(err, &header) && header.Name == string(identity.FieldIdempotencyKey):
		return validationError, header.Error()
	case errors.As(err, &header):
		return malformedRequest, header.Error()
	case errors.As(err, &invalid):
		return validationError, jsonName(invalid.Field) + " " + invalid.Reason
	case errors.As(err, &own):
		return own.errorCode, own.message
	case errors.As(err, &field):
		return classifyFieldError(field)
	case errors.As(err, &key):
		return invalidRequest, keyFieldName(key.Field) + " " + key.Reason
	case errors.As(err, &taken):
		return conflict, "An identity with the same " + fieldList(taken.Fields) + " already exists"
	}
	for _, s := range sentinels {
		if errors.Is(err, s.err) {
			return s.errorCode, s.text
		}
	}
	return internal, internalMessage
}

// classifyFieldError renders what is wrong with a field that is to be tokenized or read.
func classifyFieldError(e *identity.FieldError) (errorCode, string) {
	text := "Field " + tokenName(e.Field)
	switch {
	case errors.Is(e, identity.ErrAlreadyTokenized):
		return alreadyTokenized, text + " is tokenized already"
	case errors.Is(e, identity.ErrNotTokenized):
		return notTokenized, text + " is not tokenized"
	}
	return notTokenizable, text + " is not tokenizable"
}

func fieldList(fields []identity.Field) string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = jsonName(f)
	}
	return strings.Join(names, ", ")
}

type errorResponse struct {
	Error  string      `json:"error"`
	Detail errorDetail `json:"error_detail"`
}

type violationsResponse struct {
	Errors []string    `json:"errors"`
	Detail errorDetail `json:"error_detail"`
}

type errorDetail struct {
	Code    string           `json:"code"`
	Message string           `json:"message"`
	Details strictjson.Value `json:"details,omitzero"`
}
