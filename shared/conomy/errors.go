package conomy

import (
	"errors"
	"net/http"

	"cedula/shared/auth"
	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/rest"
	"cedula/shared/visible"
)

// errorCode is one of Conomy's error codes with its status.
type errorCode struct {
	status     int
	code, kind string
}

var (
	serverError        = errorCode{http.StatusInternalServerError, "01", "serverError"}
	unavailable        = errorCode{http.StatusServiceUnavailable, "01", "serverError"}
	invalidParam       = errorCode{http.StatusBadRequest, "11", "invalidParam"}
	tooLarge           = errorCode{http.StatusRequestEntityTooLarge, "11", "invalidParam"}
	missingParam       = errorCode{http.StatusBadRequest, "12", "missingParam"}
	alreadyExist       = errorCode{http.StatusConflict, "13", "alreadyExist"}
	parsingResource    = errorCode{http.StatusBadRequest, "14", "parsingResource"}
	failedPrecondition = errorCode{http.StatusUnprocessableEntity, "21", "failedPrecondition"}
	busy               = errorCode{http.StatusConflict, "21", "failedPrecondition"}
	versionMismatch    = errorCode{http.StatusPreconditionFailed, "21", "failedPrecondition"}
	notFound           = errorCode{http.StatusNotFound, "31", "notFound"}
	tooManyRequests    = errorCode{http.StatusTooManyRequests, "32", "tooManyRequests"}
	unauthorized       = errorCode{http.StatusUnauthorized, "41", "unauthorized"}
	unimplemented      = errorCode{http.StatusNotImplemented, "42", "unimplemented"}
	forbiddenOperation = errorCode{http.StatusForbidden, "43", "forbiddenOperation"}
)

const (
	unauthorizedDetail = "missing or invalid credentials"
	forbiddenDetail    = "the credentials do not allow this operation"
	unavailableDetail  = "the service is unavailable, try again shortly"
	serverErrorDetail  = "unexpected error"
)

type errorDetail struct {
	errorCode
	detail string
}

// errorDetails are the errors that clients see, by rest.Failure.Kind. Details are formats for rest.Failure.Message.
var errorDetails = map[error]errorDetail{
	rest.MalformedBody:            {parsingResource, "{reason}"},
	rest.InvalidBody:              {invalidParam, "{reason}"},
	rest.InvalidHeader:            {invalidParam, "{reason}"},
	rest.InvalidField:             {invalidParam, "{fields} {reason}"},
	rest.MissingField:             {missingParam, "{fields} is required"},
	rest.DanglingReference:        {notFound, "{fields} does not refer to an existing identity"},
	rest.InvalidState:             {failedPrecondition, "{reason}"},
	rest.RateLimited:              {tooManyRequests, "{reason}"},
	rest.Conflict:                 {alreadyExist, "an identity with the same {fields} already exists"},
	identity.ErrNotFound:          {notFound, "identity not found"},
	identity.ErrVersionMismatch:   {versionMismatch, "the identity does not have the version in If-Match"},
	identity.ErrIdempotencyReused: {failedPrecondition, "Idempotency-Key was used with a different request"},
	identity.ErrBusy:              {busy, "another request is changing the same resource, try again shortly"},
	identity.ErrTooLarge:          {tooLarge, "the identity is too large"},
	identity.ErrUnavailable:       {unavailable, unavailableDetail},
	identity.ErrNoCodeSent:        {failedPrecondition, "no code was sent to this address; request one"},
	identity.ErrWrongCode:         {invalidParam, "code is wrong"},
	identity.ErrExpiredCode:       {failedPrecondition, "the code has expired; request another"},
	identity.ErrUsedCode:          {failedPrecondition, "the code was used already"},
	identity.ErrTooManyAttempts:   {failedPrecondition, "too many wrong codes were tried; request another"},
	gateway.ErrNoCaller:           {unauthorized, unauthorizedDetail},
	gateway.ErrInsufficientScope:  {forbiddenOperation, "the client may not perform this operation"},
	gateway.ErrNoRoute:            {notFound, "no such operation"},
	gateway.ErrBodyTooLarge:       {tooLarge, "body must have at most 1 MiB"},
	gateway.ErrBodyEncoding:       {parsingResource, "body is not valid base64"},
	auth.ErrMissing:               {unauthorized, unauthorizedDetail},
	auth.ErrInvalid:               {unauthorized, unauthorizedDetail},
	auth.ErrExpired:               {unauthorized, unauthorizedDetail},
	auth.ErrMismatch:              {forbiddenOperation, forbiddenDetail},
	auth.ErrSuspended:             {forbiddenOperation, forbiddenDetail},
	auth.ErrEscalation:            {forbiddenOperation, forbiddenDetail},
	auth.ErrTooManyKeys:           {failedPrecondition, "the client has the maximum number of keys"},
	auth.ErrThrottled:             {tooManyRequests, "too many failed attempts, try again shortly"},
}

// jsonNames are the core's fields that have another name in this API.
var jsonNames = rest.Names{
	identity.FieldKind:             "type",
	identity.FieldFirstName:        "name",
	identity.FieldOrganizationName: "name",
	identity.FieldLastName:         "lastname",
	identity.FieldStreet:           "address.street",
	identity.FieldStreetNumber:     "address.streetNumber",
	identity.FieldUnit:             "address.optionalAddress",
	identity.FieldState:            "address.administrativeAreaLevel1",
	identity.FieldCity:             "address.administrativeAreaLevel2",
	identity.FieldDistrict:         "address.administrativeAreaLevel3",
	identity.FieldPostalCode:       "address.zipcode",
	identity.FieldAddressCountry:   "address.country",
	identity.FieldAccessControl:    "securityOptions.accessControl",
	identity.FieldExternalID:       "externalId",
	identity.FieldBank:             "bankAccount",
	identity.FieldOutcome:          "decision",
	identity.FieldIdempotencyKey:   "Idempotency-Key",
}

var errNotImplemented = errors.New("conomy: not part of an identity registry")

func invalidField(name, reason string) error {
	return &identity.Invalid{Field: identity.Field(name), Reason: reason}
}

// requiredField is a field that must contain visible text, with its name in the request.
type requiredField struct{ name, sent string }

// requireFields returns an error for the first empty or blank field, named by its path in the body.
func requireFields(path string, fields []requiredField) error {
	for _, f := range fields {
		if !visible.Text(f.sent) {
			return &identity.MissingField{Field: identity.Field(path + f.name)}
		}
	}
	return nil
}

// Error renders err in the union of Conomy's two documented envelopes. An unknown error is "unexpected error".
func (a *API) Error(err error, traceID string) gateway.Response {
	if errors.Is(err, errNotImplemented) {
		return errorDetail{unimplemented, "not part of an identity registry"}.response(traceID)
	}
	failure := rest.Classify(err)
	d, ok := errorDetails[failure.Kind]
	if !ok {
		return errorDetail{serverError, serverErrorDetail}.response(traceID)
	}
	d.detail = failure.Message(d.detail, jsonNames)
	return failure.WithRetryAfter(d.response(traceID))
}

// errorResponse has the fields of Conomy's current envelope, followed by those of its previous one.
type errorResponse struct {
	Status     int    `json:"status"`
	Code       string `json:"code"`
	Type       string `json:"type"`
	Detail     string `json:"detail"`
	TraceID    string `json:"traceId"`
	StatusCode int    `json:"statusCode"`
	Error      string `json:"error"`
	Message    string `json:"message"`
}

func (d errorDetail) response(traceID string) gateway.Response {
	return rest.JSON(d.status, errorResponse{
		d.status, d.code, d.kind, d.detail, traceID,
		d.status, http.StatusText(d.status), d.detail,
	})
}

// GatewayResponses returns the responses that API Gateway sends without calling a function.
func (a *API) GatewayResponses() []gateway.GatewayResponse {
	response := func(kind string, code errorCode, detail string) gateway.GatewayResponse {
		r := errorDetail{code, detail}.response(gateway.RequestIDVariable)
		return gateway.GatewayResponse{Type: kind, Status: r.Status, Body: string(r.Body)}
	}
	return []gateway.GatewayResponse{
		response(gateway.Unauthorized, unauthorized, unauthorizedDetail),
		response(gateway.AccessDenied, forbiddenOperation, forbiddenDetail),
		response(gateway.InvalidAPIKey, forbiddenOperation, forbiddenDetail),
		response(gateway.NoSuchRoute, notFound, "no such operation"),
		response(gateway.BadRequestBody, invalidParam, "body does not fit the operation"),
		response(gateway.BadRequestParameters, invalidParam, "a parameter of the URL cannot be read"),
		response(gateway.RequestTooLarge, tooLarge, "body is too large"),
		response(gateway.Throttled, tooManyRequests, "too many requests"),
		response(gateway.QuotaExceeded, tooManyRequests, "the client's quota is used up"),
		response(gateway.AuthorizerFailure, unavailable, unavailableDetail),
		response(gateway.AuthorizerMisconfigured, serverError, serverErrorDetail),
		response(gateway.IntegrationTimeout, unavailable, unavailableDetail),
		response(gateway.IntegrationFailure, unavailable, unavailableDetail),
		response(gateway.InvalidSignature, notFound, "no such operation"),
		response(gateway.UnsupportedMediaType, invalidParam, "Content-Type must be application/json"),
		response(gateway.WAFFiltered, forbiddenOperation, "the request was refused"),
		response(gateway.Default4XX, notFound, "no such operation"),
		response(gateway.Default5XX, serverError, serverErrorDetail),
	}
}
