package blnk

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"cedula/shared/auth"
	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/rest"
	"cedula/shared/strictjson"
)

// errorCode is one of Blnk's error codes with its status.
type errorCode struct {
	status int
	code   string
}

// Blnk does not have GEN_IDEMPOTENCY_REUSED, GEN_UNAVAILABLE (it returns 500) and GEN_METHOD_NOT_ALLOWED (404).
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

// apiError is an error specific to this API.
type apiError struct {
	errorCode
	message    string
	violations []string // errors in the parameters of a list
	allow      string   // for the header Allow
}

// Error returns the message for the client.
func (e *apiError) Error() string { return e.message }

var (
	errInvalidCursor  = &apiError{errorCode: invalidRequest, message: "cursor is not valid for this list"}
	errCursorMismatch = &apiError{errorCode: invalidRequest, message: "cursor belongs to another list: send the same filters and order with it"}

	errOperatorWithCursor = &apiError{errorCode: invalidRequest, message: "logical_operator must be sent with the filters, not with a cursor"}

	errNoUpdateFields    = &apiError{errorCode: badRequest, message: "No fields provided for update"}
	errMultipleOwners    = &apiError{errorCode: badRequest, message: "owner must be sent once"}
	errNoFields          = &apiError{errorCode: invalidRequest, message: "fields must name at least one field"}
	errInvalidEntityID   = &apiError{errorCode: invalidEntityID, message: "Not a valid entity id"}
	errEntityNotFound    = &apiError{errorCode: entityNotFound, message: "Entity not found"}
	errSearchUnavailable = &apiError{errorCode: searchQueryInvalid, message: "Search is not set up: use POST /identities/filter"}
	errBalanceNotFound   = &apiError{errorCode: balanceNotFound, message: "Balance not found: an identity registry has no balances"}
)

// applyTo adds the violations, which replace the error's text, and the header Allow to a response.
func (e *apiError) applyTo(r gateway.Response) gateway.Response {
	if e.violations != nil {
		r.Body = strictjson.Encode(violationsResponse{e.violations, errorDetail{Code: e.code, Message: e.message}})
	}
	if e.allow != "" {
		r = r.WithHeader("Allow", e.allow)
	}
	return r
}

func invalidParamError(text string) error { return &apiError{errorCode: invalidRequest, message: text} }

var tooManyKeysMessage = fmt.Sprintf("A client has at most %d live API keys, and %d with those that ended within %d days",
	auth.MaxActiveKeys, auth.MaxStoredKeys, auth.KeyRetention/(24*time.Hour))

// failures are the errors that clients see, by rest.Failure.Kind.
var failures = map[error]struct {
	errorCode
	text  string
	names rest.Names
}{
	rest.MalformedBody:            {malformedRequest, "{reason}", nil},
	rest.InvalidBody:              {malformedRequest, "{reason}", nil},
	rest.InvalidHeader:            {malformedRequest, "{reason}", nil},
	rest.InvalidField:             {validationError, "{fields} {reason}", jsonNames},
	rest.Conflict:                 {conflict, "An identity with the same {fields} already exists", jsonNames},
	identity.ErrAlreadyTokenized:  {alreadyTokenized, "Field {fields} is tokenized already", tokenNames},
	identity.ErrNotTokenized:      {notTokenized, "Field {fields} is not tokenized", tokenNames},
	identity.ErrNotTokenizable:    {notTokenizable, "Field {fields} is not tokenizable", jsonNames},
	rest.InvalidKey:               {invalidRequest, "{fields} {reason}", rest.Names{"expires": "expires_at"}},
	identity.ErrNotFound:          {notFound, "Identity not found", nil},
	identity.ErrVersionMismatch:   {preconditionFailed, "Identity does not have the version in If-Match", nil},
	identity.ErrIdempotencyReused: {idempotencyReused, "Idempotency-Key was used with a different request", nil},
	identity.ErrBusy:              {conflict, "Another request is changing the same resource, try again shortly", nil},
	identity.ErrTooLarge:          {tooLarge, "Identity is too large", nil},
	identity.ErrUnavailable:       {unavailable, unavailableMessage, nil},
	gateway.ErrNoCaller:           {invalidKey, "Invalid API key", nil},
	gateway.ErrInsufficientScope:  {insufficientPermissions, "Insufficient permissions for this operation", nil},
	gateway.ErrNoRoute:            {routeNotFound, "No such route", nil},
	gateway.ErrBodyTooLarge:       {tooLarge, "Request body must have at most 1 MiB", nil},
	gateway.ErrBodyEncoding:       {malformedRequest, "Request body is not valid base64", nil},
	auth.ErrMissing:               {missingKey, missingKeyMessage, nil},
	auth.ErrExpired:               {expiredKey, "API key is expired or revoked", nil},
	auth.ErrInvalid:               {invalidKey, "Invalid API key", nil},
	auth.ErrMismatch:              {invalidKey, "Invalid API key", nil},
	auth.ErrSuspended:             {invalidKey, "Invalid API key", nil},
	auth.ErrNotFound:              {routeNotFound, "API key not found", nil},
	auth.ErrEscalation:            {insufficientPermissions, "An API key cannot have more scopes than the key that creates it, or another owner", nil},
	auth.ErrTooManyKeys:           {conflict, tooManyKeysMessage, nil},
}

// Error renders err in Blnk's envelope, which has no request id. An unknown error is "Internal server error".
func (a *API) Error(err error, _ string) gateway.Response {
	code, text := classify(err)
	body := errorResponse{text, errorDetail{Code: code.code, Message: text}}
	if code == notFound {
		body.Detail.Details = strictjson.Value("{}")
	}
	r := rest.JSON(code.status, body)
	if own, ok := errors.AsType[*apiError](err); ok {
		return own.applyTo(r)
	}
	if code == internal {
		return r
	}
	return rest.Classify(err).WithRetryAfter(r)
}

func classify(err error) (errorCode, string) {
	if own, ok := errors.AsType[*apiError](err); ok {
		return own.errorCode, own.message
	}
	f := rest.Classify(err)
	row, known := failures[f.Kind]
	if !known {
		return internal, internalMessage
	}
	return row.errorCode, f.Message(row.text, row.names)
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

// GatewayResponses returns the responses that API Gateway sends without calling a function.
func (a *API) GatewayResponses() []gateway.GatewayResponse {
	response := func(kind string, code errorCode, text string) gateway.GatewayResponse {
		body := strictjson.Encode(errorResponse{text, errorDetail{Code: code.code, Message: text}})
		return gateway.GatewayResponse{Type: kind, Status: code.status, Body: string(body)}
	}
	return []gateway.GatewayResponse{
		response(gateway.Unauthorized, missingKey, missingKeyMessage),
		response(gateway.AccessDenied, errorCode{invalidKey.status, "$context.authorizer.code"}, "$context.authorizer.message"),
		response(gateway.InvalidAPIKey, insufficientPermissions, "API key has no usage plan"),
		response(gateway.NoSuchRoute, routeNotFound, "No such route"),
		response(gateway.BadRequestBody, badRequest, "Request body does not fit the operation"),
		response(gateway.BadRequestParameters, badRequest, "A parameter of the URL cannot be read"),
		response(gateway.RequestTooLarge, tooLarge, "Request body is too large"),
		response(gateway.Throttled, rateLimited, "Too many requests"),
		response(gateway.QuotaExceeded, rateLimited, "The quota of this key is used up"),
		response(gateway.AuthorizerFailure, unavailable, unavailableMessage),
		response(gateway.AuthorizerMisconfigured, internal, internalMessage),
		response(gateway.IntegrationTimeout, unavailable, unavailableMessage),
		response(gateway.IntegrationFailure, unavailable, unavailableMessage),
		response(gateway.InvalidSignature, routeNotFound, "No such route"),
		response(gateway.UnsupportedMediaType, malformedRequest, "Content-Type must be application/json"),
		response(gateway.WAFFiltered, insufficientPermissions, "The request was refused"),
		response(gateway.Default4XX, routeNotFound, "No such route"),
		response(gateway.Default5XX, internal, internalMessage),
	}
}

// errPartial is the error of a list whose page, order or count would be incomplete.
func errPartial(examined int) error {
	return &apiError{errorCode: badRequest, message: fmt.Sprintf(
		"the list has too many identities for one request, which examined %d: filter by identity_id, email_address, phone_number or created_at as well, or send partial=true and follow the Link header",
		examined,
	)}
}
