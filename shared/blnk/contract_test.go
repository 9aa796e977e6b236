package blnk_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"cedula/infra/privacytest"
	"cedula/shared/apidocs"
	"cedula/shared/gateway"
	"cedula/shared/table/faulttable"
)

// TestPreconditionsOfChanges checks that every change of an identity checks If-Match, rejects an Idempotency-Key that
// another request has used, and returns 404 for an absent identity.
func TestPreconditionsOfChanges(t *testing.T) {
	for _, change := range []request{
		identityRequest("update-identity", `{"city":"Lagos"}`),
		identityRequest("update-metadata", `{"meta_data":{"a":1}}`),
		fieldRequest("tokenize-field", "LastName"),
		identityRequest("tokenize-identity", `{"fields":["LastName"]}`),
	} {
		t.Run(change.Operation, func(t *testing.T) {
			wantStatus(t, newTestAPI(t).Send(change), 404)
			w := newFullIdentityAPI(t)
			wantStatus(t, w.Send(change.WithHeader("If-Match", etag(9))), 412)
			used := identityRequest("update-identity", `{"city":"Kano"}`).WithHeader("Idempotency-Key", "k")
			wantStatus(t, w.Send(used), 200)
			wantStatus(t, w.Send(change.WithHeader("Idempotency-Key", "k")), 422)
		})
	}
}

// TestDeclaredResponses covers the responses that no other test of this package receives.
func TestDeclaredResponses(t *testing.T) {
	w := newTestAPI(t)
	w.Now = time.Now() // an idempotency key expires by the wall clock
	w.api.Reference = apidocs.Blnk
	for _, path := range []string{"/openapi.yaml", "/docs", "/docs/redoc.js"} {
		wantStatus(t, w.Send(request{Operation: path}), 200)
	}
	wantStatus(t, w.Send(request{Operation: "/multi-search", Body: "{}"}), 400)
	wantStatus(t, w.Send(newRequest("/balances/{id}/identity", "a", "{}")), 404)
	wantStatus(t, w.Send(fieldRequest("detokenize-field", "FirstName")), 404)
	create := createRequest(fullBody).WithHeader("Idempotency-Key", "k")
	wantStatus(t, w.Send(create), 201)
	wantStatus(t, w.Send(identityRequest("delete-identity", "")), 200)
	wantStatus(t, w.Send(create), 404)
}

func TestNotImplemented(t *testing.T) {
	w := newTestAPI(t)
	w.Send(request{Operation: "get-root"})
	w.Send(request{Operation: "search", Body: `{"q":"*"}`})
	w.Send(newRequest("balances", "bln_1", ""))
	w.CheckGolden("elsewhere")
	w.WantCalls(faulttable.Calls{})
}

// TestMethodNotAllowed checks that every path rejects unsupported methods and lists the supported ones.
func TestMethodNotAllowed(t *testing.T) {
	w := newTestAPI(t)
	methods := make(map[string][]string)
	var rejecting []gateway.Route
	for _, r := range w.api.Routes() {
		if r.Name == "refuse-method" {
			rejecting = append(rejecting, r)
			continue
		}
		methods[r.Path] = append(methods[r.Path], r.Method)
	}
	wantEqual(t, "number of paths that reject methods", len(rejecting), len(methods))
	for path, allowed := range methods {
		slices.Sort(allowed)
		got, err := gateway.Handler(w.api, rejecting...)(t.Context(), events.APIGatewayProxyRequest{Resource: path, Path: path, HTTPMethod: "PATCH"})
		if err != nil {
			t.Fatal(err)
		}
		wantError(t, got, 405, "GEN_METHOD_NOT_ALLOWED", "Method not allowed on this path")
		wantEqual(t, "Allow of "+path, strings.Join(got.MultiValueHeaders["Allow"], "; "), strings.Join(allowed, ", "))
	}
}

// failingPinger fails with an error of another service.
type failingPinger struct{}

func (failingPinger) Ping(context.Context) error {
	return errors.New("dial 10.0.0.1:8000: words of another service")
}

func TestHealth(t *testing.T) {
	w := newTestAPI(t)
	health := request{Operation: "get-health", Caller: map[string]any{}}
	wantStatus(t, w.Send(health), 200)
	wantStatus(t, w.Send(health.WithCaller(map[string]any{"expires": "1"})), 200) // any caller
	w.WantCalls(faulttable.Calls{Get: 2})
	w.api.Health = failingPinger{}
	output := privacytest.Capture(t, func() { wantStatus(t, w.Send(health), 503) })
	if !strings.Contains(output, "dial 10.0.0.1:8000") {
		t.Errorf("log = %s, want the error in it", output)
	}
	w.CheckGolden("health")
}
