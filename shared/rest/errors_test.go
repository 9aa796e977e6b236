package rest_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"cedula/infra/apitest"
	"cedula/shared/auth"
	"cedula/shared/blnk"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/rest"
	"cedula/shared/strictjson"
)

func TestClassifyKnowsWrappedErrors(t *testing.T) {
	for err, want := range map[error]error{
		identity.ErrNotFound:                    identity.ErrNotFound,
		gateway.ErrNoRoute:                      gateway.ErrNoRoute,
		auth.ErrThrottled:                       auth.ErrThrottled,
		auth.ErrBusy:                            identity.ErrBusy,
		auth.ErrUnavailable:                     identity.ErrUnavailable,
		identity.ErrPreconditionFailed:          identity.ErrVersionMismatch,
		gateway.ErrPanic:                        nil,
		errors.New("10.0.0.1:5432 said secret"): nil,
	} {
		for _, sent := range []error{err, fmt.Errorf("create: %w: down", err)} {
			if got := rest.Classify(sent); any(got.Kind) != any(want) || got.Reason != "" {
				t.Errorf("Classify(%v) = %+v, want the kind %v and no reason", sent, got, want)
			}
		}
	}
}

// TestEveryExportedErrorIsClassified reads the packages' sources. No client receives the errors that are left out.
func TestEveryExportedErrorIsClassified(t *testing.T) {
	leftOut := []string{
		"identity.ErrPreconditionFailed", // always wraps another error
		"gateway.ErrPanic", "gateway.ErrUnauthorized", "auth.ErrVersionMismatch", "auth.ErrInvalidOverlap", "auth.ErrAlreadyExists",
	}
	classified, err := os.ReadFile("errors.go")
	if err != nil {
		t.Fatal(err)
	}
	declaration := regexp.MustCompile(`(?m)^(?:var |\t)(Err\w+) += `)
	for _, of := range []string{"identity", "gateway", "auth"} {
		files, err := filepath.Glob(filepath.Join("..", of, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no sources of %s: %v", of, err)
		}
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range declaration.FindAllSubmatch(source, -1) {
				name := of + "." + string(m[1])
				if !slices.Contains(leftOut, name) && !regexp.MustCompile(name+`\b`).Match(classified) {
					t.Errorf("%s is not classified", name)
				}
			}
		}
	}
}

func TestMessageNamesFieldsAndReason(t *testing.T) {
	names := rest.Names{identity.FieldEmail: "email_address"}
	const text = "[{fields}] {reason}"
	for _, tt := range []struct {
		err  error
		kind error
		want string
	}{
		{&strictjson.Error{Reason: "is empty", Syntax: true}, rest.MalformedBody, "[] body is empty"},
		{&strictjson.Error{Field: "city", Reason: "must be a string"}, rest.InvalidBody, "[] city must be a string"},
		{&gateway.HeaderError{Name: "Content-Type", Reason: "must be x"}, rest.InvalidHeader, "[] Content-Type must be x"},
		{&gateway.HeaderError{Name: "Idempotency-Key", Reason: "must be sent once"}, rest.InvalidField, "[idempotencyKey] must be sent once"},
		{&identity.Invalid{Field: identity.FieldEmail, Reason: "must be x"}, rest.InvalidField, "[email_address] must be x"},
		{&identity.MissingField{Field: identity.FieldPhone}, rest.MissingField, "[phone] "},
		{&identity.DanglingReference{Field: "children.0"}, rest.DanglingReference, "[children.0] "},
		{&identity.StateError{Reason: "it waits"}, rest.InvalidState, "[] it waits"},
		{&identity.Conflict{Fields: []identity.Field{identity.FieldPhone, identity.FieldEmail}}, rest.Conflict, "[phone, email_address] "},
		{&identity.RateLimited{Reason: "too soon"}, rest.RateLimited, "[] too soon"},
		{&auth.InvalidKeyError{Field: "owner", Reason: "is odd"}, rest.InvalidKey, "[owner] is odd"},
		{&identity.FieldError{Field: identity.FieldEmail, Err: identity.ErrNotTokenized}, identity.ErrNotTokenized, "[email_address] "},
	} {
		failure := rest.Classify(fmt.Errorf("create: %w", tt.err))
		if !errors.Is(failure.Kind, tt.kind) {
			t.Errorf("Classify(%v).Kind = %v, want %v", tt.err, failure.Kind, tt.kind)
		}
		if got := failure.Message(text, names); got != tt.want {
			t.Errorf("Message of %v = %q, want %q", tt.err, got, tt.want)
		}
	}
}

func TestRetryAfterIsInWholeSeconds(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want string
	}{
		{identity.ErrBusy, "1"},
		{identity.ErrUnavailable, "1"},
		{auth.ErrUnavailable, "1"},
		{&auth.Throttled{RetryAfter: 1500 * time.Millisecond}, "2"},
		{&identity.RateLimited{RetryAfter: time.Minute}, "60"},
		{identity.ErrNotFound, ""},
	} {
		r := rest.Classify(tt.err).WithRetryAfter(gateway.Response{})
		if got := r.Header.Get("Retry-After"); got != tt.want {
			t.Errorf("Retry-After of %v = %q, want %q", tt.err, got, tt.want)
		}
	}
}

// failingStore is a store that always returns the same error.
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

func TestStoreErrorsReachTheClient(t *testing.T) {
	for name, body := range map[string]string{
		"conomy": `{"name":"Ana","email":"ana@example.com","phone":"+56911111111","documentType":"RUT","documentNumber":"11.111.111-1","idv":"iv-1"}`,
		"blnk":   `{"identity_type":"individual","first_name":"Alice","last_name":"Smith","email_address":"alice.smith@example.com"}`,
	} {
		h := apitest.New(t)
		h.Identities.Random = rand.NewChaCha8([32]byte{})
		api := map[string]gateway.API{"conomy": &conomy.API{Identities: h.Identities}, "blnk": &blnk.API{Identities: h.Identities}}[name]
		for _, err := range []error{identity.ErrBusy, identity.ErrTooLarge, identity.ErrUnavailable, errors.New("secret")} {
			h.Identities.Store = failingStore{err: err}
			h.SendTo(api, apitest.NewRequest("create-identity", "", body))
			if !errors.Is(err, identity.ErrBusy) && !errors.Is(err, identity.ErrTooLarge) { // which no read returns
				h.SendTo(api, apitest.NewRequest("get-identity", "a", ""))
			}
		}
		h.CheckGolden("../../" + name + "/testdata/failures")
	}
}
