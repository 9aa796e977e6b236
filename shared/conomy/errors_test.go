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
		{identity.ErrExpiredCode, 422, "21", "failedPrecondition", "the code has expired; request another", false},
		{identity.ErrTooManyAttempts, 422, "21", "failedPrecondition", "too many wrong codes were tried; request another", false},
		{gateway.ErrNoRoute, 404, "31", "notFound", "no such operation", false},
		{gateway.ErrBodyEncoding, 400, "14", "parsingResource", "body is not valid base64", false},
		{auth.ErrMissing, 401, "41", "unauthorized", "missing or invalid credentials", false},
		{auth.ErrExpired, 401, "41", "unauthorized", "missing or invalid credentials", false},
		{auth.ErrThrottled, 429, "32", "tooManyRequests", "too many failed attempts, try again shortly", false},
		{auth.ErrEscalation, 403, "43", "forbiddenOperation", "the credentials do not allow this operation", false},
		{auth.ErrTooManyKeys, 422, "21", "failedPrecondition", "the client has the maximum number of keys", false},
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
