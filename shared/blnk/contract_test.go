package blnk_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"cedula/infra/openapi"
	"cedula/shared/apidocs"
	"cedula/shared/auth"
	"cedula/shared/blnk"
	"cedula/shared/gateway"
)

// TestPreconditionsOfChanges checks that every change of an identity compares If-Match, rejects an Idempotency-Key that another
// request has used, and does not find an absent identity.
func TestPreconditionsOfChanges(t *testing.T) {
	for _, change := range []request{
		{operation: "update-identity", body: `{"city":"Lagos"}`},
		{operation: "update-metadata", body: `{"meta_data":{"a":1}}`},
		{operation: "tokenize-field", field: "LastName"},
		{operation: "tokenize-identity", body: `{"fields":["LastName"]}`},
	} {
		t.Run(change.operation, func(t *testing.T) {
			w := newTestAPI(t)
			change.caller = caller("acme", auth.ScopeAll)
			change.id = "absent"
			wantStatus(t, w.send(change), 404)
			change.id = strings.Trim(jsonAt(t, w.send(request{body: seedBody}).Body, "identity_id"), `"`)
			wantStatus(t, w.send(change.withHeader("If-Match", `"9"`)), 412)
			used := request{operation: "update-identity", id: change.id, body: `{"city":"Kano"}`}
			wantStatus(t, w.send(used.withHeader("Idempotency-Key", "k")), 200)
			wantStatus(t, w.send(change.withHeader("Idempotency-Key", "k")), 422)
		})
	}
}

func TestFieldOfAnAbsentIdentityIsNotFound(t *testing.T) {
	w := newTestAPI(t)
	wantStatus(t, w.send(request{operation: "detokenize-field", id: "absent", field: "FirstName", caller: caller("acme", auth.ScopeAll)}), 404)
}

func TestCreateUnderTheKeyOfADeletedIdentity(t *testing.T) {
	w := newTestAPI(t)
	w.now = time.Now() // a key stays used for a day after that
	create := request{body: seedBody}.withHeader("Idempotency-Key", "k")
	id := strings.Trim(jsonAt(t, w.send(create).Body, "identity_id"), `"`)
	wantStatus(t, w.send(request{operation: "delete-identity", id: id, caller: caller("acme", auth.ScopeAll)}), 200)
	wantStatus(t, w.send(create), 404)
}

// TestPublishedRoutesMatchContract checks the documentation, and the routes that only tell that there is nothing.
func TestPublishedRoutesMatchContract(t *testing.T) {
	api := &blnk.API{Reference: apidocs.Blnk}
	for _, r := range api.Routes() {
		want := map[string]int{"get-reference": 200, "balances": 404, "search": 400}[r.Name]
		if want == 0 {
			continue
		}
		got, err := gateway.Handler(api, r)(context.Background(), events.APIGatewayProxyRequest{
			HTTPMethod: r.Method, Resource: r.Path, Path: r.Path, Body: "{}", RequestContext: events.APIGatewayProxyRequestContext{Authorizer: defaultCaller},
		})
		if err != nil || got.StatusCode != want {
			t.Errorf("%s: status = %d, error = %v, want %d", r.Path, got.StatusCode, err, want)
		}
		if err := contract().Check(r.Method, r.Path, openapi.Response{Status: got.StatusCode, Header: got.MultiValueHeaders, Body: []byte(got.Body)}); err != nil {
			t.Error(err)
		}
	}
}
