package conomy_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cedula/shared/auth"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/strictjson"
)

// errorCase is one error as a client reads it.
type errorCase struct {
	name   string
	err    error
	status int
	code   string
	kind   string
	text   string // the status's
	detail string
	retry  bool
}

var sentinels = []errorCase{
	{"identity.ErrNotFound", identity.ErrNotFound, 404, "31", "notFound", "Not Found", "identity not found", false},
	{"identity.ErrVersionMismatch", identity.ErrVersionMismatch, 412, "21", "failedPrecondition", "Precondition Failed", "the identity has another version than If-Match names", false},
	{"identity.ErrPreconditionFailed", identity.ErrPreconditionFailed, 412, "21", "failedPrecondition", "Precondition Failed", "the identity has another version than If-Match names", false},
	{"identity.ErrIdempotencyReused", identity.ErrIdempotencyReused, 422, "21", "failedPrecondition", "Unprocessable Entity", "Idempotency-Key was used with another request", false},
	{"identity.ErrBusy", identity.ErrBusy, 409, "21", "failedPrecondition", "Conflict", "an equal request is still running, try again shortly", true},
	{"identity.ErrTooLarge", identity.ErrTooLarge, 413, "11", "invalidParam", "Request Entity Too Large", "the identity is too large", false},
	{"identity.ErrUnavailable", identity.ErrUnavailable, 503, "01", "serverError", "Service Unavailable", "the service is unavailable, try again shortly", true},
	{"identity.ErrNoCodeSent", identity.ErrNoCodeSent, 422, "21", "failedPrecondition", "Unprocessable Entity", "no code was sent to this address; ask for one", false},
	{"identity.ErrWrongCode", identity.ErrWrongCode, 400, "11", "invalidParam", "Bad Request", "code is wrong", false},
	{"identity.ErrExpiredCode", identity.ErrExpiredCode, 422, "21", "failedPrecondition", "Unprocessable Entity", "the code has expired; ask for another", false},
	{"identity.ErrUsedCode", identity.ErrUsedCode, 422, "21", "failedPrecondition", "Unprocessable Entity", "the code was used already", false},
	{"identity.ErrTooManyAttempts", identity.ErrTooManyAttempts, 422, "21", "failedPrecondition", "Unprocessable Entity", "too many wrong codes were tried; ask for another", false},
	{"gateway.ErrNoCaller", gateway.ErrNoCaller, 401, "41", "unauthorized", "Unauthorized", "missing or invalid credentials", false},
	{"gateway.ErrInsufficientScope", gateway.ErrInsufficientScope, 403, "43", "forbiddenOperation", "Forbidden", "the client may not perform this operation", false},
	{"gateway.ErrNoRoute", gateway.ErrNoRoute, 404, "31", "notFound", "Not Found", "no such operation", false},
	{"gateway.ErrBodyTooLarge", gateway.ErrBodyTooLarge, 413, "11", "invalidParam", "Request Entity Too Large", "body must have at most 1 MiB", false},
	{"gateway.ErrBodyEncoding", gateway.ErrBodyEncoding, 400, "14", "parsingResource", "Bad Request", "body is not valid base64", false},
	{"gateway.ErrPanic", gateway.ErrPanic, 500, "01", "serverError", "Internal Server Error", "unexpected error", false}, // meant: our fault
	{"auth.ErrMissing", auth.ErrMissing, 401, "41", "unauthorized", "Unauthorized", "missing or invalid credentials", false},
	{"auth.ErrInvalid", auth.ErrInvalid, 401, "41", "unauthorized", "Unauthorized", "missing or invalid credentials", false},
	{"auth.ErrExpired", auth.ErrExpired, 401, "41", "unauthorized", "Unauthorized", "missing or invalid credentials", false},
	{"auth.ErrMismatch", auth.ErrMismatch, 403, "43", "forbiddenOperation", "Forbidden", "the credentials do not allow this operation", false},
	{"auth.ErrSuspended", auth.ErrSuspended, 403, "43", "forbiddenOperation", "Forbidden", "the credentials do not allow this operation", false},
	{"auth.ErrThrottled", auth.ErrThrottled, 429, "32", "tooManyRequests", "Too Many Requests", "too many failed attempts, try again shortly", false},
	{"auth.ErrBusy", auth.ErrBusy, 409, "21", "failedPrecondition", "Conflict", "an equal request is still running, try again shortly", true},
	{"auth.ErrVersionMismatch", auth.ErrVersionMismatch, 500, "01", "serverError", "Internal Server Error", "unexpected error", false}, // never returned by auth
	{"auth.ErrUnavailable", auth.ErrUnavailable, 503, "01", "serverError", "Service Unavailable", "the service is unavailable, try again shortly", true},
	{"identity.ErrAlreadyTokenized", identity.ErrAlreadyTokenized, 500, "01", "serverError", "Internal Server Error", "unexpected error", false}, // meant: this dialect tokenizes nothing
	{"identity.ErrNotTokenized", identity.ErrNotTokenized, 500, "01", "serverError", "Internal Server Error", "unexpected error", false},         // likewise
	{"identity.ErrNotTokenizable", identity.ErrNotTokenizable, 500, "01", "serverError", "Internal Server Error", "unexpected error", false},     // likewise
	{"auth.ErrEscalation", auth.ErrEscalation, 403, "43", "forbiddenOperation", "Forbidden", "the credentials do not allow this operation", false},
	{"auth.ErrTooManyKeys", auth.ErrTooManyKeys, 422, "21", "failedPrecondition", "Unprocessable Entity", "the client has as many keys as it may have", false},
	{"auth.ErrNotFound", auth.ErrNotFound, 500, "01", "serverError", "Internal Server Error", "unexpected error", false},             // meant: a guard never lets it out
	{"auth.ErrInvalidOverlap", auth.ErrInvalidOverlap, 500, "01", "serverError", "Internal Server Error", "unexpected error", false}, // likewise
	{"auth.ErrAlreadyExists", auth.ErrAlreadyExists, 500, "01", "serverError", "Internal Server Error", "unexpected error", false},   // meant: the operator's, not a client's
}

var detailedErrors = []errorCase{
	{"strictjson.Error of the syntax", &strictjson.Error{Reason: "is empty", Syntax: true}, 400, "14", "parsingResource", "Bad Request", "body is empty", false},
	{"strictjson.Error of a type", &strictjson.Error{Field: "name", Reason: "must be a string"}, 400, "11", "invalidParam", "Bad Request", "name must be a string", false},
	{"identity.Invalid", &identity.Invalid{Field: identity.FieldNickname, Reason: "must be x"}, 400, "11", "invalidParam", "Bad Request", "nickname must be x", false},
	{"identity.MissingField", &identity.MissingField{Field: identity.FieldEmail}, 400, "12", "missingParam", "Bad Request", "email is required", false},
	{"identity.DanglingReference", &identity.DanglingReference{Field: "children.3"}, 404, "31", "notFound", "Not Found", "children.3 is no identity of this client", false},
	{"identity.StateError", &identity.StateError{Reason: "it is so"}, 422, "21", "failedPrecondition", "Unprocessable Entity", "it is so", false},
	{"identity.Conflict", &identity.Conflict{Fields: []identity.Field{identity.FieldID, identity.FieldKind}}, 409, "13", "alreadyExist", "Conflict", "an identity with the same id, type already exists", false},
	{"identity.RateLimited", &identity.RateLimited{RetryAfter: 700 * time.Millisecond, Reason: "it is too soon"}, 429, "32", "tooManyRequests", "Too Many Requests", "it is too soon", true},
	{"auth.Throttled", &auth.Throttled{RetryAfter: 700 * time.Millisecond}, 429, "32", "tooManyRequests", "Too Many Requests", "too many failed attempts, try again shortly", true},
	{"an unknown error", errors.New("10.0.0.1:5432 said secret"), 500, "01", "serverError", "Internal Server Error", "unexpected error", false},
	{"cancelled", context.Canceled, 500, "01", "serverError", "Internal Server Error", "unexpected error", false},
}

func TestErrors(t *testing.T) {
	for _, tt := range append(sentinels, detailedErrors...) {
		t.Run(tt.name, func(t *testing.T) {
			want := fmt.Sprintf(`{"status":%d,"code":%q,"type":%q,"detail":%q,"traceId":%q,"statusCode":%d,"error":%q,"message":%q}`,
				tt.status, tt.code, tt.kind, tt.detail, traceID, tt.status, tt.text, tt.detail)
			for _, err := range []error{tt.err, fmt.Errorf("create secret: %w: secret", tt.err)} {
				got := new(conomy.API).Error(err, traceID)
				if got.Status != tt.status || string(got.Body) != want {
					t.Errorf("got  %d %s\nwant %d %s", got.Status, got.Body, tt.status, want)
				}
				if retry := got.Header.Get("Retry-After"); retry == "1" != tt.retry || len(got.Header) > 1 {
					t.Errorf("headers %v", got.Header)
				}
			}
		})
	}
}

// TestEverySentinelHasACase reads the packages' sources: an error that is added
// there needs a decision here.
func TestEverySentinelHasACase(t *testing.T) {
	rows := make(map[string]bool)
	for _, s := range sentinels {
		rows[s.name] = true
	}
	for _, of := range []string{"identity", "gateway", "auth"} {
		for _, name := range exportedErrors(t, of) {
			if !rows[name] {
				t.Errorf("no row for %s", name)
			}
			delete(rows, name)
		}
	}
	for name := range rows {
		t.Errorf("there is no %s", name)
	}
}

// exportedErrors lists the variables of a sibling package that begin with Err.
func exportedErrors(t *testing.T, of string) (names []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", of, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no sources of %s: %v", of, err)
	}
	for _, file := range files {
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok {
				for _, name := range spec.Names {
					if strings.HasPrefix(name.Name, "Err") {
						names = append(names, of+"."+name.Name)
					}
				}
			}
			return true
		})
	}
	return names
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
		w.send(request{body: minimalBody})
		if !errors.Is(err, identity.ErrBusy) && !errors.Is(err, identity.ErrTooLarge) { // a read meets neither
			w.send(getRequest("a"))
		}
	}
	w.checkGolden("failures")
}

func TestErrorsNameFieldsAsInJSON(t *testing.T) {
	tests := []struct {
		sent string
		want string
	}{
		{`"name":"N"`, "name"},
		{`"name":"N","type":"ORGANIZATION"`, "name"},
		{`"nickname":"N"`, "nickname"},
		{`"lastname":"N"`, "lastname"},
		{`"documentType":"N"`, "documentType"},
		{`"idv":"N"`, "idv"},
		{`"gender":"N"`, "gender"},
		{`"nationality":"N"`, "nationality"},
		{`"externalId":"N"`, "externalId"},
		{`"address":{"street":"N"}`, "address.street"},
		{`"address":{"streetNumber":"N"}`, "address.streetNumber"},
		{`"address":{"optionalAddress":"N"}`, "address.optionalAddress"},
		{`"address":{"administrativeAreaLevel1":"N"}`, "address.administrativeAreaLevel1"},
		{`"address":{"administrativeAreaLevel2":"N"}`, "address.administrativeAreaLevel2"},
		{`"address":{"administrativeAreaLevel3":"N"}`, "address.administrativeAreaLevel3"},
		{`"address":{"zipcode":"N"}`, "address.zipcode"},
		{`"address":{"country":"N"}`, "address.country"},
		{`"securityOptions":{"accessControl":{"scopes":[{"resource":"N","reference":"r","permissions":[]}]}}`, "securityOptions.accessControl"},
		{`"bankAccount":{"accountNumber":"N","bank":"b","currency":"c","accountHolder":"h","accountHolderDni":"d","country":"CHL"}`, "bankAccount"},
	}
	w := newTestAPI(t)
	for _, tt := range tests {
		sent := tt.sent
		for name, value := range map[string]string{
			"name": "Ana", "email": "ana@example.com", "phone": "+56911111111", "documentType": "RUT", "documentNumber": "1-9", "idv": "iv",
		} {
			if !strings.HasPrefix(sent, `"`+name+`"`) {
				sent += fmt.Sprintf(`,%q:%q`, name, value)
			}
		}
		got := w.send(request{body: strings.Replace("{"+sent+"}", `"N"`, `"a\u001bb"`, 1)})
		wantStatus(t, got, 400)
		if want := `"` + tt.want + ` must not hold control characters"`; jsonAt(t, got.Body, "detail") != want {
			t.Errorf("got %s, want %s", got.Body, want)
		}
	}
	if w.table.Calls().Write+w.table.Calls().Get > 0 {
		t.Error("the table was asked")
	}
}
