package blnk_test

import (
	"context"
	"slices"
	"strings"
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

// Every path rejects the methods that it does not have, and names those that it has.
func TestMethodNotAllowed(t *testing.T) {
	api := new(blnk.API)
	methods := make(map[string][]string)
	var rejecting []gateway.Route
	for _, r := range api.Routes() {
		if r.Name == "refuse-method" {
			rejecting = append(rejecting, r)
			continue
		}
		methods[r.Path] = append(methods[r.Path], r.Method)
	}
	wantEqual(t, "paths that reject methods", len(rejecting), len(methods))
	for path, allowed := range methods {
		slices.Sort(allowed)
		e := events.APIGatewayProxyRequest{Resource: path, Path: path, HTTPMethod: "PATCH"}
		response, err := gateway.Handler(api, rejecting...)(context.Background(), e)
		if err != nil {
			t.Fatal(err)
		}
		wantError(t, response, 405, "GEN_METHOD_NOT_ALLOWED", "Method not allowed on this path")
		wantEqual(t, "Allow of "+path, strings.Join(response.MultiValueHeaders["Allow"], "; "), strings.Join(allowed, ", "))
	}
}
