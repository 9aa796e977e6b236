package conomy_test

import (
	"context"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"cedula/infra/openapi"
	"cedula/shared/apidocs"
	"cedula/shared/auth"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

// TestPreconditionsOfChanges checks that every change of an identity compares If-Match, and rejects an Idempotency-Key that another
// request has used.
func TestPreconditionsOfChanges(t *testing.T) {
	for _, change := range []request{
		patchRequest("a", `{"nickname":"b"}`),
		newRequest("deactivate-identity", "a", ""),
		newRequest("reactivate-identity", "a", ""),
		newRequest("add-children", "a", `{"children":["b"]}`),
		newRequest("remove-children", "a", `{"children":["b"]}`),
		newRequest("add-permissions", "a", `[]`),
		newRequest("remove-permission", "a", "").withParam("reference", "r"),
		newRequest("start-verification", "a", `{"channel":"email"}`),
		newRequest("confirm-verification", "a", `{"code":"000000"}`).withParam("channel", "email"),
		newRequest("decide-screening", "a", `{"decision":"clear","reason":"r","reviewer":"v"}`),
		newRequest("hold-identity", "a", `{"reason":"r"}`),
		newRequest("release-identity", "a", ""),
	} {
		t.Run(change.operation, func(t *testing.T) {
			w := newTestAPI(t)
			w.createPerson("a")
			w.createPerson("b")
			change = change.withCaller(caller("acme", auth.ScopeAll))
			wantStatus(t, w.send(change.withHeader("If-Match", `"9"`)), 412)
			wantStatus(t, w.send(patchRequest("a", `{"nickname":"n"}`).withHeader("Idempotency-Key", "k")), 200)
			wantStatus(t, w.send(change.withHeader("Idempotency-Key", "k")), 422)
		})
	}
}

func TestDocsMatchContract(t *testing.T) {
	api := &conomy.API{Reference: apidocs.Conomy}
	for _, r := range api.Routes() {
		if r.Name != "get-reference" {
			continue
		}
		got, err := gateway.Handler(api, r)(context.Background(), events.APIGatewayProxyRequest{HTTPMethod: r.Method, Resource: r.Path, Path: r.Path})
		if err != nil || got.StatusCode != 200 {
			t.Errorf("%s: status = %d, error = %v, want 200", r.Path, got.StatusCode, err)
		}
		if err := contract().Check(r.Method, r.Path, openapi.Response{Status: got.StatusCode, Header: got.MultiValueHeaders, Body: []byte(got.Body)}); err != nil {
			t.Error(err)
		}
	}
}
