package conomy

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"cedula/shared/auth"
	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/strictjson"
)

// errorCode is one row of Conomy's table of errors, with the HTTP status.
type errorCode struct {
	status     int
	code, kind string
}

// Conomy's codes, as far as a registry uses them.
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

// sentinels pairs the errors that carry no detail with what the client reads.
var sentinels = []struct {
	err error
	errorCode
	detail string
}{
	{identity.ErrNotFound, notFound, "identity not found"},
	{identity.ErrVersionMismatch, versionMismatch, "the identity has another version than If-Match names"},
	{identity.ErrIdempotencyReused, failedPrecondition, "Idempotency-Key was used with another request"},
	{identity.ErrBusy, busy, "an equal request is still running, try again shortly"},
	{identity.ErrTooLarge, tooLarge, "the identity is too large"},
	{identity.ErrUnavailable, unavailable, "the service is unavailable, try again shortly"},
	{identity.ErrNoCodeSent, failedPrecondition, "no code was sent to this address; ask for one"},
	{identity.ErrWrongCode, invalidParam, "code is wrong"},
	{identity.ErrExpiredCode, failedPrecondition, "the code has expired; ask for another"},
	{identity.ErrUsedCode, failedPrecondition, "the code was used already"},
	{identity.ErrTooManyAttempts, failedPrecondition, "too many wrong codes were tried; ask for another"},
	{errNotImplemented, unimplemented, "not part of an identity registry"},
	{gateway.ErrNoCaller, unauthorized, unauthorizedDetail},
	{gateway.ErrInsufficientScope, forbiddenOperation, "the client may not perform this operation"},
	{gateway.ErrNoRoute, notFound, "no such operation"},
	{gateway.ErrBodyTooLarge, tooLarge, "body must have at most 1 MiB"},
	{gateway.ErrBodyEncoding, parsingResource, "body is not valid base64"},
	{auth.ErrMissing, unauthorized, unauthorizedDetail},
	{auth.ErrInvalid, unauthorized, unauthorizedDetail},
	{auth.ErrExpired, unauthorized, unauthorizedDetail},
	{auth.ErrMismatch, forbiddenOperation, forbiddenDetail},
	{auth.ErrSuspended, forbiddenOperation, forbiddenDetail},
	{auth.ErrEscalation, forbiddenOperation, forbiddenDetail},
	{auth.ErrTooManyKeys, failedPrecondition, "the client has as many keys as it may have"},
	{auth.ErrThrottled, tooManyRequests, "too many failed attempts, try again shortly"},
	{auth.ErrBusy, busy, "an equal request is still running, try again shortly"},
	{auth.ErrUnavailable, unavailable, "the service is unavailable, try again shortly"},
}

const (
	unauthorizedDetail = "missing or invalid credentials"
	forbiddenDetail    = "the credentials do not allow this operation"
)

// Error renders err in the union of Conomy's two documented envelopes. An
// error it does not know reads "unexpected error".
func (a *API) Error(err error, traceID string) gateway.Response {
	p, detail := classify(err)
	r := gateway.JSON(p.status, p.envelope(detail, traceID))
	var (
		slowed *auth.Throttled
		soon   *identity.RateLimited
	)
	switch {
	case errors.As(err, &slowed):
		r = r.WithHeader("Retry-After", wholeSeconds(slowed.RetryAfter))
	case errors.As(err, &soon):
		r = r.WithHeader("Retry-After", wholeSeconds(soon.RetryAfter))
	case p == unavailable || p == busy:
		r = r.WithHeader("Retry-After", "1")
	}
	return r
}

// wholeSeconds are whole ones, none too few.
func wholeSeconds(d time.Duration) string { return strconv.Itoa(int(math.Ceil(d.Seconds()))) }

func classify(err error) (errorCode, string) {
	var (
		body    *strictjson.Error
		invalid *identity.Invalid
		missing *identity.MissingField
		taken   *identity.Conflict
		state   *identity.StateError
		unknown *identity.DanglingReference
		soon    *identity.RateLimited
		header  *gateway.HeaderError
	)
	switch {
	case errors.As(err, &body) && body.Syntax:
		return parsingResource, body.Error()
	case errors.As(err, &header):
		return invalidParam, header.Error()
	case errors.As(err, &body):
		return invalidParam, body.Error()
	case errors.As(err, &invalid):
		return invalidParam, jsonName(invalid.Field) + " " + invalid.Reason
	case errors.As(err, &missing):
		return missingParam, jsonName(missing.Field) + " is required"
	case errors.As(err, &unknown):
		return notFound, jsonName(unknown.Field) + " is no identity of this client"
	case errors.As(err, &state):
		return failedPrecondition, state.Reason
	case errors.As(err, &soon):
		return tooManyRequests, soon.Reason
	case errors.As(err, &taken):
		return alreadyExist, "an identity with the same " + fieldList(taken.Fields) + " already exists"
	}
	for _, s := range sentinels {
		if errors.Is(err, s.err) {
			return s.errorCode, s.detail
		}
	}
	return serverError, "unexpected error"
}

func fieldList(fields []identity.Field) string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = jsonName(f)
	}
	return strings.Join(names, ", ")
}

// errorResponse is Conomy's present envelope (the first five) and the one
// before it (the last three), so that a reader of either finds its fields.
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

func (p errorCode) envelope(detail, traceID string) []byte {
	return strictjson.Encode(errorResponse{
		p.status, p.code, p.kind, detail, traceID,
		p.status, http.StatusText(p.status), detail,
	})
}
