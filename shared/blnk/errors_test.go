package blnk_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"cedula/infra/apitest"
	"cedula/shared/auth"
	"cedula/shared/blnk"
	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/table/faulttable"
)

// errorCases are errors as clients receive them. Package rest tests the kind of each error.
var errorCases = []struct {
	err    error
	status int
	code   string
	text   string
	retry  bool
}{
	{gateway.ErrNoRoute, 404, "GEN_NOT_FOUND", "No such route", false},
	{gateway.ErrBodyEncoding, 400, "GEN_MALFORMED_REQUEST", "Request body is not valid base64", false},
	{gateway.ErrPanic, 500, "GEN_INTERNAL", "Internal server error", false}, // the request is not at fault
	{auth.ErrMissing, 401, "AUTH_MISSING_API_KEY", "Authentication required. Use X-Blnk-Key header", false},
	{&identity.FieldError{Field: identity.FieldEmail, Err: identity.ErrAlreadyTokenized}, 409, "IDT_FIELD_ALREADY_TOKENIZED", "Field EmailAddress is tokenized already", false},
	{&identity.FieldError{Field: identity.FieldPostalCode, Err: identity.ErrNotTokenized}, 400, "IDT_FIELD_NOT_TOKENIZED", "Field PostCode is not tokenized", false},
	{&identity.FieldError{Field: identity.FieldCity, Err: identity.ErrNotTokenizable}, 400, "IDT_FIELD_NOT_TOKENIZABLE", "Field city is not tokenizable", false},
	{auth.ErrTooManyKeys, 409, "GEN_CONFLICT", "A client has at most 100 live API keys, and 1000 with those that ended within 30 days", false},
	{auth.ErrThrottled, 500, "GEN_INTERNAL", "Internal server error", false}, // the Blnk API has no logins
	{auth.ErrUnavailable, 503, "GEN_UNAVAILABLE", "Service is unavailable, try again shortly", true},
	{&identity.Conflict{Fields: []identity.Field{identity.FieldID, identity.FieldEmail}}, 409, "GEN_CONFLICT", "An identity with the same identity_id, email_address already exists", false},
	{&identity.MissingField{Field: identity.FieldEmail}, 500, "GEN_INTERNAL", "Internal server error", false}, // the Blnk API requires no field
	{&auth.InvalidKeyError{Field: "expires", Reason: "is odd"}, 400, "GEN_VALIDATION_ERROR", "expires_at is odd", false},
	{errors.New("10.0.0.1:5432 said secret"), 500, "GEN_INTERNAL", "Internal server error", false},
}

func TestErrors(t *testing.T) {
	for _, tt := range errorCases {
		t.Run(tt.err.Error(), func(t *testing.T) {
			want := fmt.Sprintf(`{"error":%q,"error_detail":{"code":%q,"message":%q}}`, tt.text, tt.code, tt.text)
			for _, err := range []error{tt.err, fmt.Errorf("create secret: %w: secret", tt.err)} {
				got := new(blnk.API).Error(err, apitest.TraceID)
				wantEqual(t, "Status", got.Status, tt.status)
				wantEqual(t, "Body", string(got.Body), want)
				wantEqual(t, `has Retry-After: 1`, got.Header.Get("Retry-After") == "1", tt.retry)
			}
		})
	}
}

func TestErrorsNameFieldsAsInJSON(t *testing.T) {
	w := newTestAPI(t)
	for _, name := range textFields {
		got := w.Send(createRequest(fmt.Sprintf(`{%q:"a\u001bb"}`, name)))
		wantError(t, got, 400, validation, name+" must not contain control characters")
		got = w.Send(createRequest(fmt.Sprintf(`{%q:%q}`, name, strings.Repeat("é", 257))))
		wantStatus(t, got, 400)
		if text := jsonAt(t, got.Body, "error"); !strings.HasPrefix(text, `"`+name+" must have at most ") {
			t.Errorf("error = %s, want it to begin with %q", text, name+" must have at most ")
		}
	}
	w.WantCalls(faulttable.Calls{})
}
