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

// problem is one row of Conomy's table of errors, with the HTTP status.
type problem struct {
	status     int
	code, kind string
}

// Conomy's codes, as far as a registry uses them.
var (
	serverError        = problem{http.StatusInternalServerError, "01", "serverError"}
	unavailable        = problem{http.StatusServiceUnavailable, "01", "serverError"}
	invalidParam       = problem{http.StatusBadRequest, "11", "invalidParam"}
	tooLarge           = problem{http.StatusRequestEntityTooLarge, "11", "invalidParam"}
	missingParam       = problem{http.StatusBadRequest, "12", "missingParam"}
	alreadyExist       = problem{http.StatusConflict, "13", "alreadyExist"}
	parsingResource    = problem{http.StatusBadRequest, "14", "parsingResource"}
	failedPrecondition = problem{http.StatusUnprocessableEntity, "21", "failedPrecondition"}
	busy               = problem{http.StatusConflict, "21", "failedPrecondition"}
	stale              = problem{http.StatusPreconditionFailed, "21", "failedPrecondition"}
	notFound           = problem{http.StatusNotFound, "31", "notFound"}
	tooManyRequests    = problem{http.StatusTooManyRequests, "32", "tooManyRequests"}
	unauthorized       = problem{http.StatusUnauthorized, "41", "unauthorized"}
	unimplemented      = problem{http.StatusNotImplemented, "42", "unimplemented"}
	forbiddenOperation = problem{http.StatusForbidden, "43", "forbiddenOperation"}
)

// sentinels pairs the errors that carry no detail with what the client reads.
var sentinels = []struct {
	err error
	problem
	detail string
}{
	{identity.ErrNotFound, notFound, "identity not found"},
	{identity.ErrStale, stale, "the identity has another version than If-Match names"},
	{identity.ErrIdempotencyReused, failedPrecondition, "Idempotency-Key was used with another request"},
	{identity.ErrBusy, busy, "an equal request is still running, try again shortly"},
	{identity.ErrTooLarge, tooLarge, "the identity is too large"},
	{identity.ErrUnavailable, unavailable, "the service is unavailable, try again shortly"},
	{identity.ErrNoCode, failedPrecondition, "no code was sent to this address; ask for one"},
	{identity.ErrWrongCode, invalidParam, "code is wrong"},
	{identity.ErrExpiredCode, failedPrecondition, "the code has expired; ask for another"},
	{identity.ErrUsedCode, failedPrecondition, "the code was used already"},
	{identity.ErrSpentCode, failedPrecondition, "too many wrong codes were tried; ask for another"},
	{errUnimplemented, unimplemented, "not part of an identity registry"},
	{gateway.ErrNoCaller, unauthorized, unauthorizedDetail},
	{gateway.ErrScope, forbiddenOperation, "the client may not perform this operation"},
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
	{auth.ErrTooMany, tooManyRequests, "too many failed attempts, try again shortly"},
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
		slowed *auth.Slowed
		soon   *identity.TooSoon
	)
	switch {
	case errors.As(err, &slowed):
		r = r.With("Retry-After", seconds(slowed.Wait))
	case errors.As(err, &soon):
		r = r.With("Retry-After", seconds(soon.Wait))
	case p == unavailable || p == busy:
		r = r.With("Retry-After", "1")
	}
	return r
}

// seconds are whole ones, none too few.
func seconds(d time.Duration) string { return strconv.Itoa(int(math.Ceil(d.Seconds()))) }

func classify(err error) (problem, string) {
	var (
		body    *strictjson.Error
		invalid *identity.Invalid
		missing *identity.Missing
		taken   *identity.Taken
		state   *identity.Precondition
		unknown *identity.Unknown
		soon    *identity.TooSoon
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
		return invalidParam, wireName(invalid.Field) + " " + invalid.Reason
	case errors.As(err, &missing):
		return missingParam, wireName(missing.Field) + " is required"
	case errors.As(err, &unknown):
		return notFound, wireName(unknown.Field) + " is no identity of this client"
	case errors.As(err, &state):
		return failedPrecondition, state.Reason
	case errors.As(err, &soon):
		return tooManyRequests, soon.Reason
	case errors.As(err, &taken):
		return alreadyExist, "an identity with the same " + fieldList(taken.Fields) + " already exists"
	}
	for _, s := range sentinels {
		if errors.Is(err, s.err) {
			return s.problem, s.detail
		}
	}
	return serverError, "unexpected error"
}

func fieldList(fields []identity.Field) string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = wireName(f)
	}
	return strings.Join(names, ", ")
}

// envelopeWire is Conomy's present envelope (the first five) and the one
// before it (the last three), so that a reader of either finds its fields.
type envelopeWire struct {
	Status     int    `json:"status"`
	Code       string `json:"code"`
	Type       string `json:"type"`
	Detail     string `json:"detail"`
	TraceID    string `json:"traceId"`
	StatusCode int    `json:"statusCode"`
	Error      string `json:"error"`
	Message    string `json:"message"`
}

func (p problem) envelope(detail, traceID string) []byte {
	return strictjson.Encode(envelopeWire{
		p.status, p.code, p.kind, detail, traceID,
		p.status, http.StatusText(p.status), detail,
	})
}
