package blnk_test

import (
	"context"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"cedula/shared/blnk"
	"cedula/shared/gateway"
	"cedula/shared/table/faulttable"
)

// TestNotImplemented pins what Blnk has and a registry has not.
func TestNotImplemented(t *testing.T) {
	w := newTestAPI(t)
	w.send(request{operation: "get-root"})
	w.send(request{operation: "search", body: `{"q":"*"}`})
	w.send(request{operation: "balances", id: "bln_1"})
	w.checkGolden("elsewhere")
	w.wantCalls(faulttable.Calls{})
}

// TestMethodNotAllowed: every path says which methods it has, whoever asks.
func TestMethodNotAllowed(t *testing.T) {
	allowed := map[string]string{
		"/identities": "GET, POST", "/identities/filter": "POST", "/identities/{id}": "DELETE, GET, PUT",
		"/identities/{id}/tokenized-fields": "GET", "/identities/{id}/tokenize/{field}": "POST", "/identities/{id}/tokenize": "POST",
		"/identities/{id}/detokenize/{field}": "GET", "/identities/{id}/detokenize": "POST", "/{id}/metadata": "POST",
		"/api-keys": "GET, POST", "/api-keys/{id}": "DELETE",
		"/search/identities": "POST", "/multi-search": "POST", "/balances/{id}": "GET", "/balances/{id}/identity": "PUT",
		"/": "GET", "/health": "GET", "/openapi.yaml": "GET", "/docs": "GET", "/docs/redoc.js": "GET",
	}
	api := new(blnk.API)
	var refusing []gateway.Route
	for _, r := range api.Routes() {
		if r.Name == "refuse-method" {
			refusing = append(refusing, r)
		}
	}
	if len(refusing) != len(allowed) {
		t.Errorf("%d paths refuse methods, want %d", len(refusing), len(allowed))
	}
	for path, want := range allowed {
		for _, method := range []string{"PATCH", "HEAD", "OPTIONS", "TRACE", "FOO"} {
			answer, err := gateway.Handler(api, refusing...)(context.Background(), events.APIGatewayProxyRequest{Resource: path, Path: path, HTTPMethod: method})
			if err != nil {
				t.Fatal(err)
			}
			wantError(t, answer, 405, "GEN_METHOD_NOT_ALLOWED", "Method not allowed on this path")
			if got := answer.MultiValueHeaders["Allow"]; len(got) != 1 || got[0] != want {
				t.Errorf("%s %s: Allow is %q, want %q", method, path, got, want)
			}
		}
	}
}
