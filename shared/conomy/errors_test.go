package conomy_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"cedula/infra/apitest"
	"cedula/shared/auth"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/strictjson"
	"cedula/shared/table/faulttable"
)

func TestErrors(t *testing.T) {
	for _, tt := range []struct {
		err        error
		status     int
		code, kind string
		detail     string
		retry      bool
	}{
		{identity.ErrNotFound, 404, "31", "notFound", "identity not found", false},
		{identity.ErrVersionMismatch, 412, "21", "failedPrecondition", "the identity does not have the version in If-Match", false},
		{identity.ErrIdempotencyReused, 422, "21", "failedPrecondition", "Idempotency-Key was used with a different request", false},
		{identity.ErrBusy, 409, "21", "failedPrecondition", "another request is changing the same resource, try again shortly", true},
		{identity.ErrTooLarge, 413, "11", "invalidParam", "the identity is too large", false},
		{identity.ErrUnavailable, 503, "01", "serverError", "the service is unavailable, try again shortly", true},
		{identity.ErrNoCodeSent, 422, "21", "failedPrecondition", "no code was sent to this address; request one", false},
		{identity.ErrWrongCode, 400, "11", "invalidParam", "code is wrong", false},
		{identity.ErrExpiredCode, 422, "21", "failedPrecondition", "the code has expired; request another", false},
		{identity.ErrUsedCode, 422, "21", "failedPrecondition", "the code was used already", false},
		{identity.ErrTooManyAttempts, 422, "21", "failedPrecondition", "too many wrong codes were tried; request another", false},
		{gateway.ErrInsufficientScope, 403, "43", "forbiddenOperation", "the client may not perform this operation", false},
		{gateway.ErrNoRoute, 404, "31", "notFound", "no such operation", false},
		{gateway.ErrBodyTooLarge, 413, "11", "invalidParam", "body must have at most 1 MiB", false},
		{gateway.ErrBodyEncoding, 400, "14", "parsingResource", "body is not valid base64", false},
		{auth.ErrMissing, 401, "41", "unauthorized", "missing or invalid credentials", false},
		{auth.ErrInvalid, 401, "41", "unauthorized", "missing or invalid credentials", false},
		{auth.ErrExpired, 401, "41", "unauthorized", "missing or invalid credentials", false},
		{auth.ErrMismatch, 403, "43", "forbiddenOperation", "the credentials do not allow this operation", false},
		{auth.ErrThrottled, 429, "32", "tooManyRequests", "too many failed attempts, try again shortly", false},
		{auth.ErrEscalation, 403, "43", "forbiddenOperation", "the credentials do not allow this operation", false},
		{auth.ErrTooManyKeys, 422, "21", "failedPrecondition", "the client has the maximum number of keys", false},
		{&strictjson.Error{Reason: "is empty", Syntax: true}, 400, "14", "parsingResource", "body is empty", false},
		{&strictjson.Error{Field: "name", Reason: "must be a string"}, 400, "11", "invalidParam", "name must be a string", false},
		{&identity.Invalid{Field: identity.FieldNickname, Reason: "must be x"}, 400, "11", "invalidParam", "nickname must be x", false},
		{&identity.MissingField{Field: identity.FieldEmail}, 400, "12", "missingParam", "email is required", false},
		{&identity.DanglingReference{Field: "children.3"}, 404, "31", "notFound", "children.3 does not refer to an existing identity", false},
		{&identity.StateError{Reason: "it is so"}, 422, "21", "failedPrecondition", "it is so", false},
		{&identity.Conflict{Fields: []identity.Field{identity.FieldID, identity.FieldKind}}, 409, "13", "alreadyExist", "an identity with the same id, type already exists", false},
		{&identity.RateLimited{RetryAfter: 700 * time.Millisecond, Reason: "it is too soon"}, 429, "32", "tooManyRequests", "it is too soon", true},
		{&auth.Throttled{RetryAfter: 700 * time.Millisecond}, 429, "32", "tooManyRequests", "too many failed attempts, try again shortly", true},
		{auth.ErrNotFound, 500, "01", "serverError", "unexpected error", false},
		{identity.ErrNotTokenized, 500, "01", "serverError", "unexpected error", false}, // the Conomy API does not tokenize
		{errors.New("10.0.0.1:5432 said secret"), 500, "01", "serverError", "unexpected error", false},
	} {
		t.Run(tt.err.Error(), func(t *testing.T) {
			want := fmt.Sprintf(`{"status":%d,"code":%q,"type":%q,"detail":%q,"traceId":%q,"statusCode":%d,"error":%q,"message":%q}`,
				tt.status, tt.code, tt.kind, tt.detail, apitest.TraceID, tt.status, http.StatusText(tt.status), tt.detail)
			got := new(conomy.API).Error(fmt.Errorf("create secret: %w: secret", tt.err), apitest.TraceID)
			if got.Status != tt.status || string(got.Body) != want {
				t.Errorf("response = %d %s, want %d %s", got.Status, got.Body, tt.status, want)
			}
			if retry := got.Header.Get("Retry-After") == "1"; retry != tt.retry || len(got.Header) > 1 {
				t.Errorf("headers = %v, want Retry-After alone: %v", got.Header, tt.retry)
			}
		})
	}
}

func TestErrorsNameFieldsAsInJSON(t *testing.T) {
	const bad = `"a\u001bb"`
	w := newTestAPI(t)
	for _, field := range []string{
		"name", "nickname", "lastname", "documentType", "idv", "gender", "nationality", "externalId", "address.street", "address.streetNumber",
		"address.optionalAddress", "address.administrativeAreaLevel1", "address.administrativeAreaLevel2", "address.administrativeAreaLevel3",
		"address.zipcode", "address.country", "securityOptions.accessControl", "bankAccount",
	} {
		parent, child, _ := strings.Cut(field, ".")
		value := bad
		switch parent {
		case "address":
			value = fmt.Sprintf(`{%q:%s}`, child, bad)
		case "securityOptions":
			value = `{"accessControl":{"scopes":[{"resource":` + bad + `,"reference":"r","permissions":[]}]}}`
		case "bankAccount":
			value = strings.Replace(bankAccountBody, `"B"`, bad, 1)
		}
		wantError(t, w.Send(createRequest(minimalWith(parent, value))), 400, "11", field+" must not contain control characters")
	}
	organization := strings.Replace(minimalWith("name", bad), "{", `{"type":"ORGANIZATION",`, 1)
	wantError(t, w.Send(createRequest(organization)), 400, "11", "name must not contain control characters")
	w.WantCalls(faulttable.Calls{})
}
