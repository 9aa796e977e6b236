package blnk_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"cedula/shared/auth"
	"cedula/shared/blnk"
	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/strictjson"
	"cedula/shared/table/faulttable"
)

// errorCases are errors as a client reads them. Package rest tests which error is of which kind.
var errorCases = []struct {
	name   string
	err    error
	status int
	code   string
	text   string
	retry  bool
}{
	{"identity.ErrNotFound", identity.ErrNotFound, 404, "IDT_NOT_FOUND", "Identity not found", false},
	{"identity.ErrVersionMismatch", identity.ErrVersionMismatch, 412, "GEN_PRECONDITION_FAILED", "Identity has another version than If-Match names", false},
	{"identity.ErrIdempotencyReused", identity.ErrIdempotencyReused, 422, "GEN_IDEMPOTENCY_REUSED", "Idempotency-Key was used with another request", false},
	{"identity.ErrBusy", identity.ErrBusy, 409, "GEN_CONFLICT", "An equal request is still running, try again shortly", true},
	{"identity.ErrTooLarge", identity.ErrTooLarge, 413, "GEN_PAYLOAD_TOO_LARGE", "Identity is too large", false},
	{"identity.ErrUnavailable", identity.ErrUnavailable, 503, "GEN_UNAVAILABLE", "Service is unavailable, try again shortly", true},
	{"gateway.ErrNoCaller", gateway.ErrNoCaller, 401, "AUTH_INVALID_API_KEY", "Invalid API key", false},
	{"gateway.ErrInsufficientScope", gateway.ErrInsufficientScope, 403, "AUTH_INSUFFICIENT_PERMISSIONS", "Insufficient permissions for this operation", false},
	{"gateway.ErrNoRoute", gateway.ErrNoRoute, 404, "GEN_NOT_FOUND", "No such route", false},
	{"gateway.ErrBodyTooLarge", gateway.ErrBodyTooLarge, 413, "GEN_PAYLOAD_TOO_LARGE", "Request body must have at most 1 MiB", false},
	{"gateway.ErrBodyEncoding", gateway.ErrBodyEncoding, 400, "GEN_MALFORMED_REQUEST", "Request body is not valid base64", false},
	{"gateway.ErrPanic", gateway.ErrPanic, 500, "GEN_INTERNAL", "Internal server error", false}, // meant: our fault
	{"auth.ErrMissing", auth.ErrMissing, 401, "AUTH_MISSING_API_KEY", "Authentication required. Use X-Blnk-Key header", false},
	{"auth.ErrInvalid", auth.ErrInvalid, 401, "AUTH_INVALID_API_KEY", "Invalid API key", false},
	{"auth.ErrExpired", auth.ErrExpired, 401, "AUTH_EXPIRED_API_KEY", "API key is expired or revoked", false},
	{"auth.ErrMismatch", auth.ErrMismatch, 401, "AUTH_INVALID_API_KEY", "Invalid API key", false},
	{"auth.ErrSuspended", auth.ErrSuspended, 401, "AUTH_INVALID_API_KEY", "Invalid API key", false},
	{"identity.ErrAlreadyTokenized", &identity.FieldError{Field: identity.FieldEmail, Err: identity.ErrAlreadyTokenized}, 409, "IDT_FIELD_ALREADY_TOKENIZED", "Field EmailAddress is tokenized already", false},
	{"identity.ErrNotTokenized", &identity.FieldError{Field: identity.FieldPostalCode, Err: identity.ErrNotTokenized}, 400, "IDT_FIELD_NOT_TOKENIZED", "Field PostCode is not tokenized", false},
	{"identity.ErrNotTokenizable", &identity.FieldError{Field: identity.FieldCity, Err: identity.ErrNotTokenizable}, 400, "IDT_FIELD_NOT_TOKENIZABLE", "Field city is not tokenizable", false},
	{"auth.ErrNotFound", auth.ErrNotFound, 404, "GEN_NOT_FOUND", "API key not found", false},
	{"auth.ErrEscalation", auth.ErrEscalation, 403, "AUTH_INSUFFICIENT_PERMISSIONS", "An API key can be given neither more scopes than the key that makes it nor another owner", false},
	{"auth.ErrTooManyKeys", auth.ErrTooManyKeys, 409, "GEN_CONFLICT", "A client has at most 100 live API keys, and 1000 with those that ended within 30 days", false},
	{"auth.ErrThrottled", auth.ErrThrottled, 500, "GEN_INTERNAL", "Internal server error", false}, // meant: this dialect has no logins
	{"auth.ErrUnavailable", auth.ErrUnavailable, 503, "GEN_UNAVAILABLE", "Service is unavailable, try again shortly", true},
	{"auth.ErrBusy", auth.ErrBusy, 409, "GEN_CONFLICT", "An equal request is still running, try again shortly", true},
	{"strictjson.Error of the syntax", &strictjson.Error{Reason: "is empty", Syntax: true}, 400, "GEN_MALFORMED_REQUEST", "body is empty", false},
	{"strictjson.Error of a type", &strictjson.Error{Field: "city", Reason: "must be a string"}, 400, "GEN_MALFORMED_REQUEST", "city must be a string", false},
	{"identity.Invalid", &identity.Invalid{Field: identity.FieldKind, Reason: "must be x"}, 400, "IDT_VALIDATION_ERROR", "identity_type must be x", false},
	{"identity.Conflict", &identity.Conflict{Fields: []identity.Field{identity.FieldID, identity.FieldEmail}}, 409, "GEN_CONFLICT", "An identity with the same identity_id, email_address already exists", false},
	{"identity.MissingField", &identity.MissingField{Field: identity.FieldEmail}, 500, "GEN_INTERNAL", "Internal server error", false}, // meant: this dialect asks for no field
	{"auth.InvalidKeyError", &auth.InvalidKeyError{Field: "owner", Reason: "is odd"}, 400, "GEN_VALIDATION_ERROR", "owner is odd", false},
	{"auth.InvalidKeyError of the expiry", &auth.InvalidKeyError{Field: "expires", Reason: "is odd"}, 400, "GEN_VALIDATION_ERROR", "expires_at is odd", false},
	{"an unknown error", errors.New("10.0.0.1:5432 said secret"), 500, "GEN_INTERNAL", "Internal server error", false},
	{"cancelled", context.Canceled, 500, "GEN_INTERNAL", "Internal server error", false},
}

func TestErrors(t *testing.T) {
	for _, tt := range errorCases {
		t.Run(tt.name, func(t *testing.T) {
			want := fmt.Sprintf(`{"error":%q,"error_detail":{"code":%q,"message":%q}}`, tt.text, tt.code, tt.text)
			if tt.code == "IDT_NOT_FOUND" {
				want = strings.TrimSuffix(want, "}}") + `,"details":{}}}`
			}
			for _, err := range []error{tt.err, fmt.Errorf("create secret: %w: secret", tt.err)} {
				got := new(blnk.API).Error(err, traceID)
				wantEqual(t, "Status", got.Status, tt.status)
				wantEqual(t, "Body", string(got.Body), want)
				wantEqual(t, `has Retry-After: 1`, got.Header.Get("Retry-After") == "1", tt.retry)
			}
		})
	}
}

// failingStore is a store that fails in one way.
type failingStore struct {
	identity.Store
	err error
}

func (f failingStore) Create(context.Context, identity.Identity, []identity.Claim, identity.Idempotency, identity.LinkChanges) (identity.WriteResult, error) {
	return identity.WriteResult{}, f.err
}

func (f failingStore) Get(context.Context, string, string) (identity.Identity, error) {
	return identity.Identity{}, f.err
}

// TestStoreErrorsReachTheClient pins the whole answers of the two operations.
func TestStoreErrorsReachTheClient(t *testing.T) {
	w := newTestAPI(t)
	for _, err := range []error{identity.ErrBusy, identity.ErrTooLarge, identity.ErrUnavailable, errors.New("secret")} {
		w.api.Identities.Store = failingStore{err: err}
		w.send(request{body: seedBody})
		if !errors.Is(err, identity.ErrBusy) && !errors.Is(err, identity.ErrTooLarge) { // a read meets neither
			w.send(getRequest("a"))
		}
	}
	w.checkGolden("failures")
}

// TestErrorsNameFieldsAsInJSON: an error calls a member by the name that it was sent under.
func TestErrorsNameFieldsAsInJSON(t *testing.T) {
	w := newTestAPI(t)
	for _, name := range identityFields {
		if name == "identity_id" || name == "dob" || name == "created_at" || name == "meta_data" {
			continue // have rules of their own, or none
		}
		got := w.send(request{body: fmt.Sprintf(`{%q:"a\u001bb"}`, name)})
		wantError(t, got, 400, "IDT_VALIDATION_ERROR", name+" must not hold control characters")
		got = w.send(request{body: fmt.Sprintf(`{%q:%q}`, name, strings.Repeat("é", 257))})
		wantStatus(t, got, 400)
		if text := jsonAt(t, got.Body, "error"); !strings.HasPrefix(text, `"`+name+" must have at most ") {
			t.Errorf("error = %s, want it to begin with %q", text, name+" must have at most ")
		}
	}
	w.wantCalls(faulttable.Calls{})
}
